"""What a form sent: small, in UTF-8, each field once and in visible characters."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sim.errors import UserError

LARGEST = 20_000  # bytes of a form without a file


async def fields(request: Request, known: dict[str, int]) -> dict[str, str]:
    """The fields of a form, by name; ``known`` gives each one's most characters. What is left out is empty.

    Raises:
        UserError: the form is too large, has an unknown field or one twice, or a text too long or with invisible characters.
    """
    await _whole(request, LARGEST)
    found: dict[str, str] = dict.fromkeys(known, "")
    async with request.form(max_fields=20) as form:
        for name, value in form.multi_items():
            if name not in known or found[name] or not isinstance(value, str):
                raise UserError(f"ukjent felt «{name[:40]}»", f"unknown field «{name[:40]}»")
            found[name] = " ".join(value.split())
    for name, text in found.items():
        if len(text) > known[name] or not text.isprintable():
            raise UserError(
                f"{name} skal ha høyst {known[name]} synlige tegn",
                f"{name} must be at most {known[name]} visible characters",
            )
    return found


async def file(request: Request, field: str, largest: int) -> tuple[str, bytes]:
    """The name and content of the one file that a form sent; both empty when none was chosen.

    Raises:
        UserError: the form is larger than ``largest`` and some room for itself, or is no form with a file.
    """
    await _whole(request, largest + LARGEST)
    async with request.form(max_files=1, max_fields=5, max_part_size=largest + LARGEST) as form:
        sent = form.get(field)
        if not isinstance(sent, UploadFile):
            raise UserError("skjemaet har ingen fil", "the form has no file")
        return sent.filename or "", await sent.read()


async def _whole(request: Request, largest: int) -> None:
    """Read the form's bytes, no more than it may have."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > largest:
            raise UserError("skjemaet er for stort", "the form is too large")
    request._body = bytes(content)  # where Starlette's own reading looks first
