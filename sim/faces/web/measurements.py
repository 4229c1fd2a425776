"""The files that the page of capacity shows: what ``kj-load`` and ``utrulling demand`` wrote, given at the start or uploaded."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from sim.errors import ScenarioError, UserError, why
from sim.experiments import demand
from sim.scenario import capacity, load_result

Kind = Literal["result", "capacity", "demand"]
READERS: dict[Kind, Callable[[Path], Any]] = {
    "result": load_result.read,
    "capacity": capacity.read,
    "demand": demand.read,
}
_FORMATS: dict[str, Kind] = {"kj-load-result": "result", "kj-capacity": "capacity", "kj-demand": "demand"}
LARGEST = 2_000_000  # bytes of a file
MOST = 200  # files


@dataclass(frozen=True)
class Measurement:
    """A file that was read: ``key`` is its content's, ``content`` a ``load_result.File``, ``Capacity`` or ``Demand``."""

    key: str
    kind: Kind
    path: Path
    content: Any

    @property
    def made(self) -> float:
        """When, in seconds since 1970, as the file says; a demand file does not, so it is the file's own time."""
        if self.kind == "result":
            return float(self.content.began)
        if self.kind == "capacity":
            try:
                return dt.datetime.fromisoformat(self.content.file.made).replace(tzinfo=dt.UTC).timestamp()
            except ValueError:
                return 0.0
        return self.path.stat().st_mtime


def kind_of(path: Path) -> Kind | None:
    """What a file says that it is; None when it is nothing of ours."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    stated = str(told.get("format", "")) if isinstance(told, dict) else ""
    return _FORMATS.get(stated.split("/")[0])


@lru_cache(maxsize=4 * MOST)
def _read(path: Path, changed: int, size: int) -> Measurement | UserError | None:
    """A file, why it cannot be used, or None when it is nothing of ours; ``changed`` and ``size`` tell its content."""
    kind = kind_of(path)
    if kind is None:
        return None
    try:
        key = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        return Measurement(key, kind, path, READERS[kind](path))
    except UserError as error:
        return error
    except OSError as error:
        reason = why(error)
        return UserError(f"{path} kan ikke leses: {reason.nb}", f"{path} cannot be read: {reason.en}")


def check(places: Iterable[Path]) -> None:
    """That what was given at the start can be used.

    Raises:
        UserError: a place is not there, or a file is none that is shown here.
    """
    for place in places:
        if not place.exists():
            raise UserError(f"{place} finnes ikke", f"{place} does not exist")
        if place.is_file():
            kind = kind_of(place)
            if kind is None:
                raise _unknown(str(place))
            READERS[kind](place)


def _unknown(name: str) -> UserError:
    return UserError(
        f"{name} er ikke skrevet av «kj-load run», «kj-load capacity» eller «utrulling demand»",
        f"{name} was not written by «kj-load run», «kj-load capacity» or «utrulling demand»",
    )


@dataclass
class Measurements:
    """All that is there: ``places`` given at the start, and ``folder`` for what is uploaded."""

    places: tuple[Path, ...]
    folder: Path

    def all(self) -> tuple[list[Measurement], list[UserError]]:
        """The files in order of time, each content once, and what is wrong with those that cannot be used."""
        found: dict[str, Measurement] = {}
        faults = []
        for path in self._paths():
            try:
                stat = path.stat()
            except OSError:
                continue
            if stat.st_size > LARGEST:
                continue
            one = _read(path, stat.st_mtime_ns, stat.st_size)
            if isinstance(one, UserError):
                faults.append(one)
            elif one is not None:
                found.setdefault(one.key, one)
        return sorted(found.values(), key=lambda m: (m.made, m.key)), faults

    def _paths(self) -> list[Path]:
        listed: list[Path] = []
        for place in (*self.places, self.folder):
            listed += [place] if place.is_file() else sorted(place.rglob("*.json"))[:MOST]
        return listed

    def take(self, name: str, content: bytes) -> Measurement:
        """Keep an uploaded file under its content's hash, once it is seen to be good.

        Raises:
            UserError: it is too large, none of ours, or faulty (as the command line says it); or there is no room for it.
        """
        shown = "".join(c for c in Path(name).name if c.isprintable())[:80] or "fil.json"
        if not re.search(r"[^.\s]", shown):
            shown = "fil.json"
        if len(content) > LARGEST:
            raise too_large()
        with tempfile.TemporaryDirectory() as aside:
            path = Path(aside) / shown
            try:
                path.write_bytes(content)
            except OSError:
                path = Path(aside) / "fil.json"
                path.write_bytes(content)
            kind = kind_of(path)
            if kind is None:
                raise _unknown(path.name)
            try:
                READERS[kind](path)
            except UserError as error:
                raise _named(error, f"{aside}/") from error
        key = hashlib.sha256(content).hexdigest()[:16]
        kept = self.folder / f"{key}.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not kept.exists() and len(list(self.folder.glob("*.json"))) >= MOST:
                raise UserError(
                    f"det ligger alt {MOST} filer her; slett noen i {self.folder}",
                    f"there are {MOST} files here already; delete some in {self.folder}",
                )
            part = kept.with_suffix(".part")
            part.write_bytes(content)
            part.replace(kept)
        except OSError as error:
            reason = why(error)
            raise UserError(f"kan ikke skrive {kept}: {reason.nb}", f"cannot write {kept}: {reason.en}") from error
        return Measurement(key, kind, kept, READERS[kind](kept))


def too_large() -> UserError:
    """What is said of a file above the limit."""
    return UserError(
        f"filen er større enn {LARGEST // 1_000_000} MB", f"the file is larger than {LARGEST // 1_000_000} MB"
    )


def _named(error: UserError, aside: str) -> UserError:
    """The error without the place where the file lay while it was read."""
    if isinstance(error, ScenarioError):
        return UserError(
            *("\n".join(p.render(lang).replace(aside, "") for p in error.problems) for lang in ("nb", "en"))
        )
    return UserError(error.text.nb.replace(aside, ""), error.text.en.replace(aside, ""))
