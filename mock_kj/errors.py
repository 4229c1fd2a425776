"""All errors of the mock, few and named for who has to act on them."""

from __future__ import annotations


class MockKjError(Exception):
    """Base of every error that the mock raises on purpose."""


class UsageError(MockKjError):
    """The person at the command line gave something that cannot be used; ends with exit code 2.

    `place` names the file, option or setting, so that the message can be acted on.
    """

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place


class OAuthError(MockKjError):
    """A refusal from HelseID in the words of RFC 6749 section 5.2 (kj-api.md 5.9)."""

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status
        self.headers = headers or {}


class TokenError(MockKjError):
    """A token or proof that cannot be trusted; the text says why and never quotes the token."""


class Refusal(MockKjError):  # noqa: N818 - the API's own word, and no fault of the program
    """The API says no: `case` names a row of the table in `cases.py`.

    `location` holds FHIR paths for validation faults, `detail` a sentence that names no person.
    """

    def __init__(self, case: str, detail: str = "", location: tuple[str, ...] = ()) -> None:
        super().__init__(f"{case}: {detail}" if detail else case)
        self.case = case
        self.detail = detail
        self.location = location


class Conflict(MockKjError):  # noqa: N818
    """The store holds a newer version than the one the writer had seen."""


class StoreError(MockKjError):
    """The database cannot be used; says which one and why."""
