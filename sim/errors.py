"""The errors a user can meet. Each ends in something the user can do; the command line shows no traceback.

Exit codes: 0 ok, 1 a requirement was not met, 2 the input or the call is wrong, 3 an internal fault,
130 interrupted (Ctrl-C).
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.language import Text

EXIT_OK, EXIT_NOT_MET, EXIT_USER, EXIT_INTERNAL, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


class UserError(Exception):
    """The input or the call is wrong; the message says what, and how to mend it. Exit code 2."""

    def __init__(self, nb: str, en: str) -> None:
        self.text = Text(nb, en)
        super().__init__(en)

    def __reduce__(self) -> tuple[Any, ...]:
        """So that one raised in a worker process comes back whole."""
        return type(self), (self.text.nb, self.text.en)

    def render(self, lang: str) -> str:
        """The message in ``lang``."""
        return self.text.to(lang)

    def as_dict(self, lang: str) -> dict[str, object]:
        """The same for ``--json``."""
        return {"error": self.render(lang)}


_REASONS = {
    errno.ENOENT: ("finnes ikke", "does not exist"),
    errno.EACCES: ("mangler tilgang", "permission denied"),
    errno.EPERM: ("ikke tillatt", "not permitted"),
    errno.EROFS: ("kan bare leses", "read-only"),
    errno.EFBIG: ("filen blir for stor", "the file gets too large"),
    errno.ENOSPC: ("disken er full", "the disk is full"),
    errno.ENOTDIR: ("en del av stien er ikke en mappe", "part of the path is not a folder"),
}


def why(error: OSError) -> Text:
    """The reason of a system error in both languages."""
    fallback = error.strerror or str(error)
    return Text(*_REASONS.get(error.errno or 0, (fallback, fallback)))


@dataclass(frozen=True)
class Problem:
    """One fault in a scenario file: where it is, what is wrong, the nearest right name."""

    file: Path
    line: int
    column: int
    key: str
    message: Text
    suggestion: str | None = None

    def render(self, lang: str) -> str:
        """``file:line:column: key: what is wrong. Did you mean …?``"""
        hint = ""
        if self.suggestion:
            hint = f" Mente du «{self.suggestion}»?" if lang == "nb" else f" Did you mean «{self.suggestion}»?"
        key = f"{self.key}: " if self.key else ""
        stop = "." if hint else ""
        return f"{self.file}:{self.line}:{self.column}: {key}{self.message.to(lang)}{stop}{hint}"

    def as_dict(self, lang: str) -> dict[str, object]:
        """The same for ``--json``."""
        return {
            "file": str(self.file),
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "message": self.message.to(lang),
            "suggestion": self.suggestion,
        }


class ScenarioError(UserError):
    """A scenario (or its data) cannot be used; ``problems`` lists every fault found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(
            "\n".join(p.render("nb") for p in problems),
            "\n".join(p.render("en") for p in problems),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)

    def as_dict(self, lang: str) -> dict[str, object]:
        """The problems as a list for ``--json``."""
        return {"error": "scenario", "problems": [p.as_dict(lang) for p in self.problems]}
