"""What a form sent: small, in UTF-8, each field once and in visible characters."""

from __future__ import annotations

from starlette.requests import Request

from sim.errors import UserError

LARGEST = 20_000  # bytes of a form without a file


async def fields(request: Request, known: dict[str, int]) -> dict[str, str]:
    """The fields of a form, by name; ``known`` gives each one's most characters. What is left out is empty.

    Raises:
        UserError: the form is too large, has an unknown field or one twice, or a text too long or with invisible characters.
    """
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > LARGEST:
            raise UserError("skjemaet er for stort", "the form is too large")
    request._body = content
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
