"""A run with so many workers, one of them killed if asked; prints JSON. Run by test_workers.py in its own process."""

from __future__ import annotations

import json
import os
import signal
import sys

from loadtests import run
from loadtests.conduct import Conductor, Distributed, Scale
from loadtests.objectives import Objective, Validity
from loadtests.scenario import Mix, Population, Scenario, Title
from loadtests.shapes import Stage
from tests.loadtests import small


def main(workers: int, seconds: float, kill: bool) -> None:
    """Play and tell."""
    scenario = Scenario(
        title=Title(nb="-", en="-"),
        demand="-",
        shape=[Stage(seconds=seconds)],
        mix=Mix(legacy=0.2, citizen=0, think_seconds=0),
        population=Population(patients=160, sessions=1),
        objectives={"all": Objective(wrong=0, error_rate=0)},
        validity=Validity(lateness_p99_ms=2000),
        stripes=4,
    )
    demand = small.demand(30.0, read=5.0, create=1.0, update=1.0)
    conductors: list[Conductor] = []
    killed: list[int] = []

    def started(conductor: Conductor, outcome: run.Outcome) -> None:
        conductors.append(conductor)

    def watch(elapsed: float, outcome: run.Outcome) -> None:
        if kill and elapsed > 4 and not killed:
            conductor = conductors[0]
            assert isinstance(conductor, Distributed)
            killed.append(conductor.processes[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    with run.stage(scenario) as ready:
        outcome = run.execute(scenario, demand, ready, scale=Scale(workers), watch=watch, started=started)
    recorder, due = outcome.recorder, len(outcome.arrivals)
    last = {s: ranges[-1][1] for s, ranges in recorder.played.items()}
    whole = {s: len(outcome.arrivals.times[s :: scenario.stripes]) for s in range(scenario.stripes)}
    print(
        json.dumps(
            {
                "verdict": outcome.verdict.value,
                "due": due,
                "missed": due - recorder.arrivals_played() + sum(recorder.missed.values()),
                "sent": {n: o.sent for n, o in sorted(recorder.operations.items())},
                "histogram_counts": {n: o.response.count for n, o in sorted(recorder.operations.items())},
                "wrong": sum(sum(o.wrong.values()) for o in recorder.operations.values()),
                "lost": outcome.lost,
                "stripes": scenario.stripes,
                "late_stripes": [str(s) for s in last if last[s] == whole[s]],
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), "kill" in sys.argv)
