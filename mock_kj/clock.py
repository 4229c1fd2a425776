"""The mock's clock: real time plus an offset that a fault can set."""

from __future__ import annotations

import time


class Clock:
    """Seconds since 1970, with a skew for tests of clients whose clock is off."""

    def __init__(self) -> None:
        self.skew = 0.0

    def now(self) -> float:
        """Seconds since 1970 as the mock sees it."""
        return time.time() + self.skew

    def milliseconds(self) -> int:
        """The same in whole milliseconds."""
        return int(self.now() * 1000)
