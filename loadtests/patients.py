"""The patients of a run, and what the right answer about each of them is.

Every patient belongs to one stripe, so nobody else writes about them, and what Kjernejournal must answer is known. A
patient who is written about is out of the pool until the writing is over.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

Case = Literal["plain", "restricted", "blocked", "reserved"]
CASES: tuple[Case, ...] = ("plain", "restricted", "blocked", "reserved")


@dataclass
class Patient:
    """``entries`` maps ids to their newest version; ``changed`` is the newest change as the API told it; ``known``
    says whether all this is certain. A patient has entries of one kind (``fhir.KINDS``)."""

    nin: str
    case: Case
    kind: int
    entries: dict[str, str] = field(default_factory=dict)
    changed: str | None = None
    known: bool = True

    def plain_data(self) -> dict[str, Any]:
        """For sending to a worker."""
        return {
            "nin": self.nin,
            "case": self.case,
            "kind": self.kind,
            "entries": self.entries,
            "changed": self.changed,
            "known": self.known,
        }


class Pool:
    """One stripe's patients: those who are only read, and those who are written about, one visit at a time."""

    def __init__(self, patients: list[Patient], writers: float) -> None:
        """``writers`` is the share that is written about."""
        plain = [p for p in patients if p.case == "plain"]
        written = plain[: max(1, round(writers * len(plain)))] if plain else []
        kept = set(map(id, written))
        self.readers = [p for p in patients if id(p) not in kept]
        self.informed = [p for p in self.readers if p.entries]
        self._free = deque(written)

    def any(self, choice: float) -> Patient:
        """Somebody, to be asked about."""
        return self.readers[int(choice * len(self.readers))]

    def somebody_informed(self, choice: float) -> Patient:
        """Somebody who has entries."""
        chosen = self.informed or self.readers
        return chosen[int(choice * len(chosen))]

    def take(self) -> Patient | None:
        """Somebody to write about, taken out of the pool; None when all are being written about."""
        return self._free.popleft() if self._free else None

    def give_back(self, patient: Patient) -> None:
        """The writing is over."""
        self._free.append(patient)
