"""The null alternative's draws on disk, so that a server that begins anew shows its first chart without simulating.

A file's name says all that its bits hang on (scenario, posterior, seed, number of draws, code, libraries): what has moved is not
found, and simulated again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np

from sim.errors import UserError
from sim.experiments import whatif
from sim.experiments.output import write_aside
from sim.experiments.whatif import DRAWS, Sample, State
from sim.experiments.work import fingerprint

KEPT = 4  # files, about 13 MB each for the whole country


def file_of(folder: Path, state: State, seed: int) -> Path:
    """Where the draws of a scenario without levers are, if they have been kept."""
    loaded = whatif.grounds(state.scenario).loaded
    fitted = loaded.scenario.fitted
    learned = hashlib.sha256()
    for stream, values in sorted(fitted.values.items()) if fitted else ():
        learned.update(f"{stream}\0".encode() + values.tobytes())
    told = json.dumps([loaded.hash, learned.hexdigest(), seed, DRAWS, fingerprint()], sort_keys=True)
    return folder / f"{hashlib.sha256(told.encode()).hexdigest()[:20]}.npz"


def read(file: Path, state: State) -> Sample | None:
    """The draws in a file; None if there are none, or not those of the scenario."""
    try:
        with np.load(file, allow_pickle=False) as found:
            kept = Sample(found["series"], found["strata"], found["in_use"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
    shape = (DRAWS, len(whatif.SERIES), len(whatif.places(state).rows), len(whatif.labels(state)))
    return kept if kept.series.shape == shape else None


def write(file: Path, drawn: Sample) -> None:
    """Keep draws, and only the newest few files; a folder that cannot be written is no reason to stop."""
    content = io.BytesIO()
    np.savez(content, series=drawn.series, strata=drawn.strata, in_use=drawn.in_use)
    with contextlib.suppress(UserError, OSError):
        write_aside(file, content.getvalue())
        for old in sorted(file.parent.glob("*.npz"), key=lambda f: f.stat().st_mtime)[:-KEPT]:
            old.unlink(missing_ok=True)
