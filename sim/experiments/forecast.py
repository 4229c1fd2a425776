"""The forecast as files: Parquet with all detail, CSV and JSON with the summary, the manifest.

The folder holds: ``forecast.parquet`` (registered entries in full detail), ``backlog.parquet`` (waiting entries by gate
and age), ``forecast.csv`` and ``summary.json`` (the same rows),
``manifest.json`` (how to repeat it). The report is added by the face that draws it.
"""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.output import MANIFEST, write_json
from sim.experiments.replicate import Results
from sim.experiments.summary import Summary, backlog, detail
from sim.scenario.load import Loaded

LIBRARIES = ("numpy", "simpy", "numba", "scipy", "pandas", "pyarrow", "matplotlib", "pydantic")


def version() -> str:
    """The version of this distribution."""
    return metadata.version("utrulling")


def write(folder: Path, summary: Summary) -> None:
    """Write the forecast's data files into ``folder``."""
    for name, frame in (("forecast", detail(summary.results)), ("backlog", backlog(summary.results))):
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
    frame = summary.frame()
    frame[["month", "area", "sector", "measure", *frame.columns[4:]]].to_csv(
        folder / "forecast.csv", index=False, lineterminator="\n"
    )
    rows = frame.to_json(orient="records", force_ascii=False, double_precision=10)
    (folder / "summary.json").write_text(f'{{"series": {rows}}}\n', encoding="utf-8")


def manifest(
    loaded: Loaded, results: Results, seed: int, workers: int, seconds: float, files: list[str]
) -> dict[str, Any]:
    """How the forecast was made and how to repeat it."""
    return {
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "title": loaded.scenario.title,
        "seed": seed,
        "replications": results.replications,
        "workers": workers,
        "period": {"start": loaded.scenario.period.start, "end": loaded.scenario.period.end},
        "hand_tuned": loaded.scenario.hand_tuned,
        "wall_time_seconds": round(seconds, 3),
        "versions": {
            "utrulling": version(),
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in LIBRARIES},
        },
        "platform": f"{platform.system()} {platform.machine()}",
        "files": sorted([*files, MANIFEST]),
        "repeat": f"utrulling forecast {loaded.name} --seed {seed} --replications {results.replications}",
    }


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write ``manifest.json``; it is the last file, and marks the folder as a forecast."""
    write_json(folder / MANIFEST, content)
