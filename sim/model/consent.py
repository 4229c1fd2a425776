"""The consent rule: who is exempt when, and how often the others pass.

Main rule: access to Kjernejournal needs the patient's consent (pasientjournalloven § 13 fourth paragraph); exempt are the
GP, staff responsible for medicines in nursing homes and home nursing, and doctors and nurses in specialist health
care (kjernejournalforskriften § 7, as restated in HDIR-2025 section 2.2). The API cannot separate upload from
download, so consent is needed for both. A change of the rule is a dated, uncertain event.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import simpy

from sim.model.calendar import DAYS_PER_MONTH, Calendar
from sim.model.draws import Values
from sim.model.trace import Trace
from sim.scenario.schema import LawChange

Numbers = TypeVar("Numbers", float, npt.NDArray[np.float64])


def passes(absent: Numbers, collected_before: Numbers, emergency: float, granted: Numbers) -> Numbers:
    """The share of a non-exempt professional's work in which Kjernejournal may be used.

    With the patient absent it takes a consent collected before, or an emergency; with the patient present, asking and
    getting it, or an emergency. All four are shares (0-1).
    """
    when_absent = 1.0 - (1.0 - collected_before) * (1.0 - emergency)
    when_present = 1.0 - (1.0 - granted) * (1.0 - emergency)
    return absent * when_absent + (1.0 - absent) * when_present


def law_change(
    env: simpy.Environment,
    change: LawChange,
    path: str,
    calendar: Calendar,
    values: Values,
    trace: Trace,
    enact: Callable[[LawChange, float], None],
) -> Generator[Any, Any, None]:
    """Wait for the law's date, and call ``enact`` if it comes at all in this replication."""
    if values[f"{path}.u"] >= values[f"{path}.probability"]:
        return
    day = calendar.day(change.date.date) + values.get(f"{path}.date.delay", 0.0) * DAYS_PER_MONTH
    yield env.timeout(max(day - env.now, 0))
    trace.add(env.now, "consent", change.name, "in_force", "law change")
    enact(change, env.now)
