"""The errors a user can meet; each ends in something the user can do. No traceback unless ``--debug``."""

from __future__ import annotations

from loadtests.language import Text

# 0 the objectives hold, 1 they do not, 2 the run is invalid or the input wrong, 3 an internal fault, 130 interrupted.
EXIT_OK, EXIT_NOT_MET, EXIT_INVALID, EXIT_INTERNAL, EXIT_INTERRUPTED = 0, 1, 2, 3, 130


class UserError(Exception):
    """The input or the call is wrong; the message says where, what, and how to mend it. Exit code 2."""

    def __init__(self, nb: str, en: str) -> None:
        self.text = Text(nb, en)
        super().__init__(en)


class RunError(UserError):
    """A run could not be started or finished: the mock died, no token was given out. Exit code 2."""
