"""The event log of one replication: time, process, entity, event, cause."""

from __future__ import annotations

from dataclasses import dataclass, field

COLUMNS = ("time", "process", "entity", "event", "cause")


@dataclass
class Trace:
    """Collects events when it is on; costs nothing when it is off. ``time`` is in days since the period's start."""

    on: bool = False
    rows: list[tuple[float, str, str, str, str]] = field(default_factory=list)

    def add(self, time: float, process: str, entity: str, event: str, cause: str) -> None:
        """Note an event."""
        if self.on:
            self.rows.append((time, process, entity, event, cause))

    def ordered(self) -> list[tuple[float, str, str, str, str]]:
        """The events by time; those of one time in the order in which they happened."""
        return sorted(self.rows, key=lambda row: row[0])
