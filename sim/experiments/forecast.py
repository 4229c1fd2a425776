"""The forecast as files: Parquet with all detail, CSV and JSON with the summary, the manifest.

The folder holds: ``forecast.parquet`` (registered entries in full detail), ``backlog.parquet`` (waiting entries by gate
and age), ``forecast.csv`` and ``summary.json`` (the same rows; the latter also says where the uncertainty comes from),
``manifest.json`` (how to repeat it, and the Monte Carlo error of the key figures); with a measured capacity also
``capacity.csv`` (the headroom by month). The report is added by the face that draws it.
"""

from __future__ import annotations

import json
import platform
import shlex
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.decomposition import Decomposition, default_pairs
from sim.experiments.headroom import Headroom
from sim.experiments.keyfigures import LEVEL, precision
from sim.experiments.output import MANIFEST, write_json
from sim.experiments.output import version as version
from sim.experiments.replicate import Results
from sim.experiments.sequential import Reached
from sim.experiments.summary import Summary, backlog, detail
from sim.scenario.capacity import Capacity
from sim.scenario.load import Loaded

LIBRARIES = ("numpy", "simpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "pydantic", "distributed")


def write(
    folder: Path, summary: Summary, decomposition: Decomposition | None = None, headroom: Headroom | None = None
) -> None:
    """Write the forecast's data files into ``folder``."""
    for name, frame in (("forecast", detail(summary.results)), ("backlog", backlog(summary.results))):
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    frame = summary.frame()
    frame[["month", "area", "sector", "measure", *frame.columns[4:]]].to_csv(
        folder / "forecast.csv", index=False, lineterminator="\n"
    )
    rows = frame.to_json(orient="records", force_ascii=False, double_precision=10)
    parts = json.dumps(decomposition.as_dict()) if decomposition else "null"
    room = ""
    if headroom is not None:
        months = headroom.frame()
        months.to_csv(folder / "capacity.csv", index=False, lineterminator="\n")
        listed = months.to_json(orient="records", double_precision=10)
        room = f',\n"capacity": {json.dumps(headroom.as_dict(), ensure_ascii=False)},\n"headroom": {listed}'
    (folder / "summary.json").write_text(f'{{"series": {rows},\n"decomposition": {parts}{room}}}\n', encoding="utf-8")


def manifest(
    loaded: Loaded,
    results: Results,
    seed: int,
    workers: int,
    seconds: float,
    files: list[str],
    posterior: dict[str, Any] | None = None,
    pairs: int = 0,
    reached: Reached | None = None,
    cluster: str | None = None,
    headroom: Headroom | None = None,
) -> dict[str, Any]:
    """How the forecast was made, how precise it is, and how to repeat it.

    ``posterior`` says which was used, None that the priors were; ``pairs`` of replications were decomposed; ``reached``
    tells how a sequential run ended; ``cluster`` where it ran; ``headroom`` holds it against a measured capacity.
    """
    return {
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "title": loaded.scenario.title,
        "seed": seed,
        "replications": results.replications,
        "workers": workers,
        "cluster": cluster,
        "period": {"start": loaded.scenario.period.start, "end": loaded.scenario.period.end},
        "posterior": posterior,
        "capacity": headroom.as_dict() if headroom else None,
        "wall_time_seconds": round(seconds, 3),
        "versions": {
            "utrulling": version(),
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in LIBRARIES},
        },
        "platform": f"{platform.system()} {platform.machine()}",
        "files": sorted([*files, MANIFEST]),
        "decomposition": {"pairs": pairs, "runs": 3 * pairs},
        "precision": {
            "level": LEVEL,
            "wish": reached.rule.wish if reached else None,
            "most": reached.rule.most if reached else None,
            "held": reached.held if reached else None,
            "half_width": reached.half_width if reached else None,
            "left_out": [asdict(f) for f in reached.left_out] if reached else [],
            "key_figures": precision(results),
        },
        "repeat": repeat(loaded, seed, results.replications, pairs, headroom.capacity if headroom else None),
    }


def repeat(loaded: Loaded, seed: int, replications: int, pairs: int = 0, capacity: Capacity | None = None) -> str:
    """The command that makes the same forecast again."""
    prior = " --prior" if loaded.scenario.posterior and loaded.scenario.fitted is None else ""
    call = f"utrulling forecast {shlex.quote(loaded.given)} --seed {seed} --replications {replications}{prior}"
    if capacity is not None:
        call += f" --capacity {shlex.quote(str(capacity.path))} --instances {capacity.instances}"
    return call if pairs == default_pairs(replications) else f"{call} --decomposition {pairs}"


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write ``manifest.json``; it is the last file, and marks the folder as a forecast."""
    write_json(folder / MANIFEST, content)
