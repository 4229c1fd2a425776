"""Speed and memory of the forecast: one national replication, drawn and expected; a thousand on two workers (with the start of
Python); the cost over replications and months; the engine against the oracle; start-up."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

from sim.experiments.measures import Areas, backlog_by_age, measure, sync_rates
from sim.model.calendar import Calendar
from sim.model.draws import table
from sim.model.rollout import Model, Rollout
from sim.scenario.data import shipped
from sim.scenario.load import load
from sim.scenario.schema import Period
from tests.bench.common import Result, above, below, report
from tests.sim import oracle, small

REPLICATIONS = (100, 200, 300, 400)
MONTHS = (24, 48, 72, 108, 144)

_RUN = """
from sim.experiments.observations import published
from sim.experiments.replicate import replicate
from sim.scenario.data import shipped
from sim.scenario.load import load
if __name__ == "__main__":
    loaded = load(shipped() / "national.yaml")
    replicate(loaded.scenario, 1000, workers=2, observations=published(loaded.data_folder))
"""


def _tree_memory(pid: int) -> float:
    """MB of a process and its descendants, shared pages counted once (Linux's PSS)."""
    total, waiting = 0.0, [pid]
    while waiting:
        current = waiting.pop()
        place = Path(f"/proc/{current}")
        try:
            rollup = (place / "smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
            for task in (place / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (OSError, StopIteration):  # it ended meanwhile
            continue
    return total


def _peak_memory(code: str) -> float:
    """The highest memory of a Python program and its workers, sampled ten times a second."""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _tree_memory(process.pid))
        time.sleep(0.1)
    if process.returncode:
        raise RuntimeError(f"the run ended with {process.returncode}")
    return peak


def _cpu(run: object, times: int) -> tuple[float, float]:
    """Median and least CPU seconds of a call; the least is what a machine does when nothing disturbs it."""
    taken = []
    for number in range(times):
        begun = time.process_time()
        run(number)  # type: ignore[operator]
        taken.append(time.process_time() - begun)
    return statistics.median(taken), min(taken)


def _seconds(months: int, replications: int) -> float:
    """CPU seconds of so many replications of so many months with their measures, on one process."""
    scenario = load(shipped() / "national.yaml").scenario
    end = Calendar(scenario.period).date_of_month(months - 1)
    period = Period(start=scenario.period.start, end=f"{end:%Y-%m}")
    model = Model(scenario.model_copy(update={"period": period}))
    rows, areas = table(model.columns, 1, replications), Areas.of(model)
    begun = time.process_time()
    for number, row in enumerate(rows):
        record = Rollout(model, row, 1, number).run()
        measure(model, areas, record, backlog_by_age(record), row)
    return time.process_time() - begun


def _line(name: str, unit: str, at: tuple[int, ...], seconds: list[float]) -> list[Result]:
    """The straight line through the costs at several sizes: slope, intercept and R²."""
    fit = stats.linregress(at, seconds)
    return [
        Result(f"cost over {name}: slope", 1000 * float(fit.slope), f"ms/{unit}"),
        Result(f"cost over {name}: intercept", 1000 * float(fit.intercept), "ms"),
        above(f"cost over {name}: R² of a straight line", float(fit.rvalue) ** 2, "", 0.98),
    ]


def main() -> None:
    """Measure and report."""
    model = Model(load(shipped() / "national.yaml").scenario)
    rows = table(model.columns, 1, 41)
    areas = Areas.of(model)
    everywhere = np.arange(model.units)
    entries: list[int] = []
    whole: list[float] = []
    counting: list[float] = []
    planning: list[float] = []
    for number in (40, *range(40)):  # the first compiles
        begun = time.process_time()
        record = Rollout(model, rows[number], 1, number).run()
        counted = time.process_time()
        measure(model, areas, record, backlog_by_age(record), rows[number])
        done = time.process_time()
        sync_rates(model, Rollout(model, rows[number], 1, number, expected=True).run(), everywhere)
        planned = time.process_time()
        if number < 40:
            counting.append(counted - begun)
            whole.append(done - begun)
            planning.append(planned - done)
            entries.append(int(record.new.sum()) + int(record.later_synced.sum()))
        del record  # let go before the next, as in a real run
    national = statistics.median(counting)

    scenario = small.scenario()
    little = Model(scenario)
    row = table(little.columns, 1, 1)[0]
    golive = Rollout(little, row, 1, 0).run().golive[0].write
    told: list[int] = []

    def tell(number: int) -> None:
        trust = oracle.Trust(scenario, golive, number)
        trust.run()
        told.append(trust.tally.entries)

    tell(0)
    plain, _ = _cpu(tell, 5)
    per_entry = plain / statistics.mean(told)
    per_entry_engine = national / statistics.mean(entries)

    begun = time.perf_counter()
    memory = _peak_memory(_RUN)
    wall = time.perf_counter() - begun
    starts = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "sim.faces.cli", "--help"], capture_output=True, check=True)
        starts.append(time.perf_counter() - begun)
    report(
        "forecast",
        [
            below(
                "a national replication of six years with its measures, CPU", 1000 * statistics.median(whole), "ms", 15
            ),
            Result("the least of 40 such", 1000 * min(whole), "ms"),
            Result("of it without the measures, median", 1000 * national, "ms"),
            below("expected run with the sync rates, CPU", 1000 * statistics.median(planning), "ms", 4),
            Result("the least of 40 such", 1000 * min(planning), "ms"),
            below("1 000 national replications, 2 workers, wall", wall, "s", 10),
            below("memory of 1 000 national replications, 2 workers", memory, "MB", 1536),
            *_line("replications", "replication", REPLICATIONS, [_seconds(72, n) for n in REPLICATIONS]),
            *_line("months, 20 replications", "month", MONTHS, [_seconds(n, 20) for n in MONTHS]),
            above("engine against oracle, per entry", per_entry / per_entry_engine, "times faster", 200),
            Result("oracle, per entry", 1e6 * per_entry, "µs"),
            Result("engine, per entry", 1e6 * per_entry_engine, "µs"),
            below("utrulling --help, median of 7", 1000 * statistics.median(starts), "ms", 400),
        ],
    )


if __name__ == "__main__":
    main()
