"""The harness beside k6: processor time per request of each generator's process, on the same server and the same bytes.

Both run as a process of their own with arrivals at the same mean rate, for a short and a long time; the cost of a request is
the difference in processor time (user and system, of the process and its children) over the difference in requests, so
that starting up costs nothing. k6 is the program that K6 names, or that is on PATH; nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.common import Result

RATE, SHORT, LONG, ROUNDS = 400, 3, 11, 3
SCRIPT = Path(__file__).with_name("k6.js")


def program() -> str | None:
    """Where k6 is; None where there is none."""
    return shutil.which(os.environ.get("K6") or "k6")


def _used(command: list[str], environment: dict[str, str]) -> float:
    """Processor time in seconds of a process that must succeed."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{command[0]}: {said.read()[-1500:].decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime


def _cost(command: Any, environment: dict[str, str], requests: int) -> float:
    """µs per request, from the long and the short run."""
    long, short = (_used(command(seconds), {**environment, "SECONDS": str(seconds)}) for seconds in (LONG, SHORT))
    return 1e6 * (long - short) / requests


def compare(base: str, call: dict[str, Any]) -> list[Result]:
    """The costs and their ratios, medians of some rounds; ``call`` is the request that the harness sends to ``base``."""
    found = program()
    if found is None:
        return [Result("k6 on PATH or named by K6 (0: not found, not compared)", 0, "")]
    version = subprocess.run([found, "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    costs: dict[str, list[float]] = {"harness": [], "plain": [], "signed": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "call.json"
        file.write_text(json.dumps(call))
        usual = {"CALL": str(file), "RATE": str(RATE), "K6_NO_USAGE_REPORT": "true"}
        for _ in range(ROUNDS):
            costs["harness"].append(
                _cost(
                    lambda s: [sys.executable, "-m", "tests.loadtests.measured", base, str(RATE), str(s)],
                    {},
                    RATE * (LONG - SHORT),
                )
            )
            for name, sign in (("plain", "0"), ("signed", "1")):
                costs[name].append(
                    _cost(
                        lambda _: [
                            found,
                            "run",
                            "--quiet",
                            "--no-usage-report",
                            "--address",
                            "127.0.0.1:0",
                            str(SCRIPT),
                        ],
                        {**usual, "SIGN": sign},
                        RATE * (LONG - SHORT),
                    )
                )
    ratios = {name: median(h / k for h, k in zip(costs["harness"], costs[name], strict=True)) for name in costs}
    return [
        Result("harness as a process, arrivals, proof, body check", median(costs["harness"]), "µs"),
        Result(f"k6 {version}, same bytes, one fixed proof", median(costs["plain"]), "µs"),
        Result(f"k6 {version}, ES256 signature per request", median(costs["signed"]), "µs"),
        Result("harness / k6 with one fixed proof", ratios["plain"], "times"),
        Result("harness / k6 with a signature per request", ratios["signed"], "times"),
    ]
