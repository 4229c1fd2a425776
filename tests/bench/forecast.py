"""Speed and memory of the forecast: one national replication, the engine against the oracle, a run of 200, start-up."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from sim.experiments.measures import Areas, backlog_by_age, measure
from sim.model.draws import table
from sim.model.rollout import Model, Rollout
from sim.scenario.data import shipped
from sim.scenario.load import load
from tests.bench.common import Result, above, below, report
from tests.sim import oracle, small

_RUN = """
from sim.experiments.observations import published
from sim.experiments.replicate import replicate
from sim.experiments.summary import Summary
from sim.scenario.data import shipped
from sim.scenario.load import load
if __name__ == "__main__":
    loaded = load(shipped() / "national.yaml")
    Summary.of(replicate(loaded.scenario, 200, workers=2, observations=published(loaded.data_folder)))
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


def main() -> None:
    """Measure and report."""
    model = Model(load(shipped() / "national.yaml").scenario)
    rows = table(model.columns, 1, 41)
    areas = Areas.of(model)
    entries: list[int] = []
    measuring_times: list[float] = []

    def replicate(number: int) -> None:
        nonlocal record
        record = Rollout(model, rows[number], 1, number).run()

    record = Rollout(model, rows[40], 1, 40).run()
    measure(model, areas, record, backlog_by_age(record), rows[40])
    times: list[float] = []
    for number in range(40):  # a record is let go before the next, as in a real run
        times.append(_cpu(lambda _, n=number: replicate(n), 1)[0])
        begun = time.process_time()
        measure(model, areas, record, backlog_by_age(record), rows[number])
        measuring_times.append(time.process_time() - begun)
        entries.append(int(record.new.sum()) + int(record.later_synced.sum()))
    national, least, measuring = statistics.median(times), min(times), statistics.median(measuring_times)

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

    memory = _peak_memory(_RUN)
    starts = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "sim.faces.cli", "--help"], capture_output=True, check=True)
        starts.append(time.perf_counter() - begun)
    report(
        "forecast",
        [
            below("one national replication of six years, CPU", 1000 * national, "ms", 60),
            Result("the least of 40 such", 1000 * least, "ms"),
            below("its measures, CPU", 1000 * measuring, "ms", 60),
            above("engine against oracle, per entry", per_entry / per_entry_engine, "times faster", 200),
            Result("oracle, per entry", 1e6 * per_entry, "µs"),
            Result("engine, per entry", 1e6 * per_entry_engine, "µs"),
            below("memory of a run of 200 replications, 2 workers", memory, "MB", 1000),
            below("utrulling --help, median of 7", 1000 * statistics.median(starts), "ms", 400),
        ],
    )


if __name__ == "__main__":
    main()
