"""Uncertain numbers, drawn once per replication: parameters, and the schedule.

Each uncertain parameter has a random stream of its own, keyed by its name; replication r takes the r-th number of it. So a
replication's draw does not depend on how many replications are run or by whom, and two scenarios that share a parameter
share its draw. Schedule draws (delays, durations of local projects, dates of law changes) are kept apart from
the parameters by their kind; national vendors delay all regions alike.

A posterior takes the place of the priors it was fitted to: replication r takes one of its draws, whole, by a random
number of a stream of its own. A parameter that the scenario states otherwise than the fit did keeps its own draw.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sim.scenario.parameter import Parameter
from sim.scenario.schema import Scenario, parameters

Floats = npt.NDArray[np.float64]
Kind = Literal["parameter", "schedule"]
CAPACITY = (
    "capacity.u"  # where in the measured capacity's uncertainty a replication lies; only with an uncertain ceiling
)


@dataclass(frozen=True)
class Column:
    """One number of a replication: its name, where it comes from, and the stream it is drawn from.

    ``fitted`` are posterior draws that take the prior's place. They are joint draws, so all of them are of kind «parameter»:
    a delay that was fitted together with a pace is not swapped without it.
    """

    name: str
    parameter: Parameter
    kind: Kind
    stream: str
    fitted: Floats | None = field(default=None, compare=False, repr=False)


def columns(scenario: Scenario) -> list[Column]:
    """Every number of the scenario, certain ones too, in the order of the file."""
    found: list[Column] = []
    for path, parameter in parameters(scenario):
        name = ".".join(map(str, path))
        if path[0] == "golive":
            region, sector = str(path[2]), str(path[1])
            if path[-1] == "local_months":
                for trust in scenario.regions[region].trusts:  # type: ignore[index]
                    here = f"{name}@{trust}"
                    found.append(Column(here, parameter, "schedule", here))
                continue
            # the ramps of a sector hang on national vendors: one draw moves first and majority in every region
            shared = path[-1] == "delay" and path[-2] in ("first", "majority")
            found.append(Column(name, parameter, "schedule", f"golive.{sector}.vendors" if shared else name))
        elif path[:2] == ("consent", "law_changes"):
            law = scenario.consent.law_changes[int(path[2])].name
            found.append(Column(name, parameter, "schedule", f"law.{law}.{path[-1]}"))
        elif len(path) > 2 and isinstance(path[2], int):
            item = getattr(getattr(scenario, str(path[0])), str(path[1]))[path[2]]
            kind: Kind = "schedule" if path[-1] == "delay" else "parameter"
            found.append(Column(name, parameter, kind, f"{path[0]}.{path[1]}.{item.name}.{path[-1]}"))
        elif path[0] == "shifts":
            shift = scenario.shifts[int(path[1])].name
            found.append(Column(name, parameter, "parameter", f"shifts.{shift}.{path[-1]}"))
        else:
            found.append(Column(name, parameter, "parameter", name))
    for index, change in enumerate(scenario.consent.law_changes):
        occurs = Parameter.model_validate(
            {
                "distribution": "uniform",
                "low": 0,
                "high": 1,
                "unit": "share",
                "source": change.probability.source,
                "tag": change.probability.tag,
            }
        )
        found.append(Column(f"consent.law_changes.{index}.u", occurs, "schedule", f"law.{change.name}.occurs"))
    if scenario.ceiling is not None and scenario.ceiling.uncertain:
        place = Parameter.model_validate(
            {
                "distribution": "uniform",
                "low": 0,
                "high": 1,
                "unit": "share",
                "source": "VURDERING",
                "tag": "assumption",
            }
        )
        found.append(Column(CAPACITY, place, "parameter", CAPACITY))
    posterior = scenario.fitted
    if posterior is None:
        return found
    fitted = [posterior.draws(c.stream, c.parameter) for c in found]
    return [
        c if draws is None else replace(c, kind="parameter", fitted=draws)
        for c, draws in zip(found, fitted, strict=True)
    ]


def uniforms(seed: int, stream: str, count: int) -> Floats:
    """The first ``count`` numbers (0-1) of a parameter's stream."""
    key = (crc32(b"parameter"), crc32(stream.encode()))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key))).random(count)


def table(found: list[Column], seed: int, replications: int) -> Floats:
    """[replications, columns] the draws of every replication."""
    result = np.empty((replications, len(found)))
    u = uniforms(seed, "posterior", replications)
    for index, column in enumerate(found):
        if column.fitted is not None:
            result[:, index] = column.fitted[(u * len(column.fitted)).astype(np.int64)]
        else:
            own = uniforms(seed, column.stream, replications) if column.parameter.uncertain else np.zeros(replications)
            result[:, index] = column.parameter.quantile(own)
    return result


class Values:
    """One replication's numbers by name."""

    def __init__(self, index: dict[str, int], row: Floats) -> None:
        self._index, self._row = index, row

    def __getitem__(self, name: str) -> float:
        """The number called ``name``, e.g. ``sectors.hospital.touch``."""
        return float(self._row[self._index[name]])

    def get(self, name: str, default: float) -> float:
        """The number, or ``default`` when the scenario does not state it."""
        return float(self._row[self._index[name]]) if name in self._index else default
