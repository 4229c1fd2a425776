"""The words between a journey and whoever owns the socket: a call, an answer that is wrong, a failure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from loadtests.transport import Answer

Who = Literal["machine", "user", "citizen"]
# The operations by generation; the older generation's are counted apart.
LEGACY = "legacy-"


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a journey: which operation it counts as, where it goes, on whose token."""

    operation: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    who: Who
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """The user thinks for so many seconds."""

    seconds: float


class Wrong(Exception):  # noqa: N818 - an outcome that is counted
    """The answer came with the right status and says the wrong thing."""


class Failed(Exception):  # noqa: N818 - an outcome that is counted
    """The answer has a status that should not be; ``kind`` is how it is counted."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


@dataclass(frozen=True, slots=True)
class Status:
    """What the first call told: whether there is information, when it last changed, and the patient's choices.

    ``blocked`` is None where the answer does not say; ``ticket`` is the older generation's way on.
    """

    informed: bool
    changed: str | None
    reserved: bool
    blocked: bool | None
    ticket: str | None = None


def expect(answer: Answer, *statuses: int) -> None:
    """The answer has one of these statuses.

    Raises:
        Wrong: it is a success where a refusal was due.
        Failed: it is any other.
    """
    if answer.status in statuses:
        return
    if answer.status < 300:
        raise Wrong(f"{answer.status} where {statuses[0]} is due")
    raise Failed(f"http-{answer.status}")


def json_of(answer: Answer) -> dict[str, Any]:
    """The body as a JSON object. Raises Wrong."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        raise Wrong("the body is not JSON") from None
    if not isinstance(content, dict):
        raise Wrong("the body is not an object")
    return content


def entries_of(answer: Answer, resource: str | None) -> list[dict[str, Any]]:
    """The resources of a searchset Bundle, all of one type if it is given. Raises Wrong."""
    content = json_of(answer)
    if content.get("resourceType") != "Bundle" or content.get("type") != "searchset":
        raise Wrong("no searchset Bundle")
    try:
        found = [entry["resource"] for entry in content.get("entry", [])]
        good = all((resource is None or r["resourceType"] == resource) and r["id"] and version_of(r) for r in found)
    except (KeyError, TypeError):
        raise Wrong("an entry is malformed") from None
    if not good:
        raise Wrong("an entry of another type, or without id or version")
    return found


def version_of(resource: dict[str, Any]) -> str:
    """``meta.versionId``. Raises Wrong."""
    try:
        return str(resource["meta"]["versionId"])
    except (KeyError, TypeError):
        raise Wrong("meta.versionId is missing") from None


def refused(answer: Answer) -> None:
    """The answer is a refusal as documented: 403 with an OperationOutcome. Raises Wrong or Failed."""
    expect(answer, 403)
    if json_of(answer).get("resourceType") != "OperationOutcome":
        raise Wrong("a refusal without an OperationOutcome")
