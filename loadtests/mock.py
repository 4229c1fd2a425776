"""A mock Kjernejournal as a process of its own: `mock-kj serve` on a free loopback port, and clients for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from loadtests.errors import RunError

START_SECONDS = 60


class Mock:
    """A running mock; it ends with the block it is used in."""

    def __init__(self, processes: int, options: list[str], faults: dict[str, Any] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="kj-load-")
        self.folder = Path(self._folder.name)
        command = [sys.executable, "-m", "mock_kj.cli", "serve", "--port", "0", "--data", str(self.folder / "data")]
        command += ["--ready-file", str(self.folder / "ready.json"), "--processes", str(processes), *options]
        if faults is not None:
            (self.folder / "faults.yaml").write_text(yaml.safe_dump(faults), encoding="utf-8")
            command += ["--faults", str(self.folder / "faults.yaml")]
        with (self.folder / "errors.txt").open("wb") as errors:
            self.process = subprocess.Popen(command, stderr=errors, stdout=errors, start_new_session=True)
        self.told = self._wait()

    def _wait(self) -> dict[str, Any]:
        until = time.monotonic() + START_SECONDS
        while not (self.folder / "ready.json").exists():
            if self.process.poll() is not None or time.monotonic() > until:
                said = (self.folder / "errors.txt").read_text(errors="replace").strip().splitlines()[-3:]
                self.stop()
                raise RunError(f"mock-kj startet ikke: {' '.join(said)}", f"mock-kj did not start: {' '.join(said)}")
            time.sleep(0.02)
        told: dict[str, Any] = json.loads((self.folder / "ready.json").read_text(encoding="utf-8"))
        return told

    def client(self, *options: str) -> dict[str, Any]:
        """Register a client and return its file. Raises RunError."""
        out = self.folder / f"client-{len(list(self.folder.glob('client-*')))}.json"
        command = [
            sys.executable,
            "-m",
            "mock_kj.cli",
            "client",
            "--data",
            str(self.folder / "data"),
            "--out",
            str(out),
        ]
        made = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
        if made.returncode:
            raise RunError(f"mock-kj client: {made.stderr}", f"mock-kj client: {made.stderr}")
        content: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return content

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def cpu_seconds(self) -> float | None:
        """Processor time of the mock and its children so far; None where the system does not tell."""
        return sum(filter(None, (_cpu(pid) for pid in _tree(self.process.pid))))

    def stop(self) -> None:
        """End it; waits until it has ended."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._folder.cleanup()

    def __enter__(self) -> Mock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _tree(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        for task in Path(f"/proc/{current}/task").glob("*/children"):
            try:
                waiting += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
