"""Taking published figures into a file: ``{from: file/entity/measure}`` becomes the figure with its source and tag."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sim.scenario import data
from sim.scenario.faults import Faults, nearest
from sim.scenario.text import KeyPath


def data_folder(path: Path) -> Path:
    """``data/`` beside the scenario if it has one, else the shipped one."""
    beside = path.parent / "data"
    return beside.resolve() if (beside / "sources.csv").is_file() else data.shipped() / "data"


def fill_in(node: Any, path: KeyPath, faults: Faults, folder: Path) -> None:
    """Replace ``{from: file/entity/measure}`` by the figure it names, in place."""
    items: Iterable[tuple[Any, Any]]
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    else:
        return
    for key, value in items:
        here = (*path, key)
        if isinstance(value, dict) and "from" in value:
            node[key] = _figure(value, here, faults, folder)
        else:
            fill_in(value, here, faults, folder)


def _figure(node: dict[str, Any], path: KeyPath, faults: Faults, folder: Path) -> dict[str, Any]:
    reference = node["from"]
    parts = reference.split("/") if isinstance(reference, str) else []
    if len(parts) != 3 or set(node) - {"from", "note"}:
        faults.fail(
            (*path, "from"),
            "skal være fil/enhet/mål, og står alene",
            "must be file/entity/measure, and stand alone",
        )
        return node
    name, entity, measure = parts
    known = sorted(f.stem for f in folder.glob("*.csv") if f.stem not in ("sources", "conflicts"))
    if name not in known:
        faults.fail((*path, "from"), f"ingen datafil «{name}»", f"no data file «{name}»", nearest(name, known))
        return node
    table = data.figures(name, folder)
    figure = table.get((entity, measure))
    if figure is None:
        faults.fail(
            (*path, "from"),
            f"«{entity}/{measure}» finnes ikke i data/{name}.csv",
            f"«{entity}/{measure}» is not in data/{name}.csv",
            nearest(f"{entity}/{measure}", ["/".join(k) for k in table]),
        )
        return node
    note = "; ".join(filter(None, (figure.period, figure.note, node.get("note"))))
    return {"value": figure.value, "unit": figure.unit, "source": figure.source, "tag": figure.tag, "note": note}
