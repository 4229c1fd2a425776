"""Scenario files that people send to the server: checked as the command line checks them, and kept by what they say.

A file that comes from outside may build on ready scenarios, interventions and posteriors alone, so that it reads no other file.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError, UserError
from sim.experiments.output import write_aside
from sim.faces.charts.words import slug
from sim.language import Text
from sim.scenario import data, intervention, text
from sim.scenario.faults import nearest
from sim.scenario.load import load

LARGEST = 256_000  # bytes of a file
MOST = 50  # files


class Uploads:
    """The files in ``folder``; ``fits`` says whether a scenario (by its file) compares with the server's null alternative."""

    def __init__(self, folder: Path, fits: Callable[[str], bool]) -> None:
        self.folder, self._fits = folder, fits

    def names(self) -> list[str]:
        """Every file's name as a command would give it, the newest first."""
        files = sorted(self.folder.glob("*.yaml"), key=lambda f: (-f.stat().st_mtime, f.name))[:MOST]
        return [self._given(file) for file in files]

    @staticmethod
    def _given(file: Path) -> str:
        here = Path.cwd()
        return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)

    def add(self, name: str, content: bytes) -> str:
        """Check a file and keep it; returns the name that it is kept under, the same for the same content.

        Raises:
            UserError: what the command line says of the file, its place told by ``name``; or it cannot be compared, or is too many.
        """
        if len(content) > LARGEST:
            raise UserError(
                f"filen er større enn {LARGEST // 1000} kB; et scenario er langt mindre",
                f"the file is larger than {LARGEST // 1000} kB; a scenario is far smaller",
            )
        kept = self.folder / f"{hashlib.sha256(content).hexdigest()[:16]}.yaml"
        if kept.is_file():
            return self._given(kept)
        if len(list(self.folder.glob("*.yaml"))) >= MOST:
            raise UserError(
                f"{MOST} filer er lastet opp allerede; den som har tjeneren, kan slette noen",
                f"{MOST} files have been uploaded already; whoever keeps the server can delete some",
            )
        with tempfile.TemporaryDirectory(prefix="utrulling-") as aside:
            file = Path(aside) / f"{slug(Path(name).stem)}.yaml"
            file.write_bytes(content)
            try:
                _refuse_other_files(file)
                load(file)
                if not self._fits(str(file)):
                    raise UserError(
                        f"{file.name}: gyldig, men kan ikke sammenlignes med nullalternativet: periode, regioner, foretak eller "
                        "aktørgrupper er ulike",
                        f"{file.name}: valid, but cannot be compared with the null alternative: period, regions, trusts or sectors "
                        "differ",
                    )
            except UserError as error:
                raise _without(error, f"{aside}{os.sep}") from None
        write_aside(kept, content)
        return self._given(kept)


def _refuse_other_files(file: Path) -> None:
    """Refuse a scenario that names a file of its own choosing.

    Raises:
        ScenarioError: it does, or it is no scenario; at the line.
    """
    plain, places = text.read(file)
    ready: dict[str, list[str]] = {
        "extends": [f.stem for f in data.scenarios()],
        "posterior": [f"posteriors/{f.name}" for f in (data.shipped() / "posteriors").glob("*.parquet")],
    }
    told: list[tuple[tuple[str | int, ...], Any, list[str]]] = [
        ((key,), plain[key], names) for key, names in ready.items() if plain.get(key) is not None
    ]
    listed = plain.get("interventions")
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(item, dict) and "name" in item:
            told.append((("interventions", index, "name"), item["name"], intervention.shipped()))
    faults = []
    for path, value, names in told:
        if not isinstance(value, str) or (value.rpartition("@")[0] not in names and value not in names):
            place = places[path]
            message = Text(
                f"en fil som lastes opp, kan bare bygge på de ferdige: {', '.join(names)}",
                f"an uploaded file can build on the ready ones alone: {', '.join(names)}",
            )
            key = ".".join(map(str, path))
            faults.append(Problem(file, place.line, place.column, key, message, nearest(str(value)[:80], names)))
    if faults:
        raise ScenarioError(faults)


def _without(error: UserError, folder: str) -> UserError:
    """The same message, with the file's name and not where it happened to lie."""
    return UserError(error.text.nb.replace(folder, ""), error.text.en.replace(folder, ""))
