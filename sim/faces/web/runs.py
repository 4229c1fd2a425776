"""Long work: commands that people could have typed, run one at a time in processes of their own, each in a folder that it keeps.

A run is its command and its files, so the same question is asked once and found again after a restart. What it writes is put in
place whole (``experiments.output``), so a killed server or run leaves a finished result or none.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import sys
import termios
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sim.errors import EXIT_OK, UserError
from sim.experiments.output import version
from sim.faces.web.who import author
from sim.model.version import MODEL_VERSION

State = Literal["waiting", "running", "done", "failed", "stopped"]
WAITING = 8  # runs that may stand in line
EACH = 3  # of them that one author may have there, where several share the server
LONGEST = 1800  # seconds until a run is stopped
PATIENCE = 10  # seconds from Ctrl-C to a kill
KEPT = 4000  # characters of what a run said that are kept
_ASKED, _RESULT, _ANSWER, _FAULT = "run.json", "result", "answer.json", "fault.txt"


@dataclass
class Run:
    """A command with its folder: ``words`` as people repeat it (without ``utrulling`` and without the places of its answers)."""

    key: str
    words: tuple[str, ...]
    folder: Path
    state: State = "waiting"
    said: str = ""  # the last line of its progress
    share: float | None = None  # of the work that is done, where it is known
    fault: str = ""
    author: str = ""  # who asked

    @property
    def result(self) -> Path:
        """The folder that the command wrote."""
        return self.folder / _RESULT

    @property
    def command(self) -> str:
        """What people type to get the same, in a folder with its files."""
        return shlex.join(["utrulling", *self.words])

    def answer(self) -> Any:
        """What the command answered with ``--json``."""
        return json.loads((self.folder / _ANSWER).read_text(encoding="utf-8"))

    def as_json(self) -> dict[str, Any]:
        """How it stands."""
        return {"key": self.key, "state": self.state, "said": self.said, "share": self.share, "fault": self.fault}


class Runs:
    """The line of runs, and those of before; ``each`` is how many of one author may stand in line."""

    def __init__(self, folder: Path, each: int = WAITING) -> None:
        self.folder, self.each = folder / "runs", each
        self._known: dict[str, Run] = {}
        self._line: deque[Run] = deque()
        self._more = asyncio.Event()
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._stopped: set[str] = set()

    def named(self, words: Sequence[str], files: Mapping[str, str]) -> Run:
        """The run of a command and its files, asked for or not; new ones stand as ``stopped`` until they are started."""
        content = json.dumps([list(words), dict(sorted(files.items())), version(), MODEL_VERSION], ensure_ascii=False)
        key = hashlib.sha256(content.encode()).hexdigest()[:20]
        return self.find(key) or Run(key, tuple(words), self.folder / key, "stopped")

    def find(self, key: str) -> Run | None:
        """The run of a key, or None; a finished one of an earlier server too."""
        if key in self._known:
            return self._known[key]
        if not re.fullmatch(r"[0-9a-f]{20}", key) or not (self.folder / key / _ASKED).is_file():
            return None
        folder = self.folder / key
        words = tuple(json.loads((folder / _ASKED).read_text(encoding="utf-8"))["words"])
        run = Run(key, words, folder, "stopped")
        if (folder / _RESULT / "manifest.json").is_file() and (folder / _ANSWER).is_file():
            run.state = "done"
        elif (folder / _FAULT).is_file():
            run.state, run.fault = "failed", (folder / _FAULT).read_text(encoding="utf-8")
        self._known[key] = run
        return run

    def latest(self, most: int = 6) -> list[Run]:
        """Finished runs, the newest first."""
        if not self.folder.is_dir():
            return []
        dated = [(f.stat().st_mtime, f.parent.name) for f in self.folder.glob(f"*/{_ANSWER}")]
        found = [self.find(key) for _, key in sorted(dated, reverse=True)[: 4 * most]]
        return [run for run in found if run is not None and run.state == "done"][:most]

    def start(self, words: Sequence[str], files: Mapping[str, str]) -> Run:
        """Put a command in line; a run that is in line, under way or done stays as it is.

        Raises:
            UserError: too many stand in line, or the folder cannot be written.
        """
        run = self.named(words, files)
        if run.state in ("waiting", "running", "done"):
            return run
        if len(self._line) >= WAITING:
            raise UserError(
                f"{WAITING} beregninger står allerede i kø; prøv igjen om litt",
                f"{WAITING} computations stand in line already; try again in a while",
            )
        if sum(other.author == author() for other in self._line) >= self.each:
            raise UserError(
                f"du har {self.each} beregninger i kø allerede; vent på dem eller avbryt en",
                f"you have {self.each} computations in line already; wait for them or cancel one",
            )
        try:
            run.folder.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (run.folder / name).write_text(text, encoding="utf-8")
            (run.folder / _FAULT).unlink(missing_ok=True)
            asked = json.dumps({"words": list(words), "utrulling": version()}, ensure_ascii=False)
            (run.folder / _ASKED).write_text(asked, encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"kan ikke skrive til {self.folder}: {error.strerror}",
                f"cannot write to {self.folder}: {error.strerror}",
            ) from error
        run.state, run.said, run.share, run.fault, run.author = "waiting", "", None, "", author()
        self._known[run.key] = run
        self._line.append(run)
        self._more.set()
        return run

    async def stop(self, run: Run) -> None:
        """Take a run out of the line, or end it as Ctrl-C does; what it has half done is not kept."""
        if run in self._line:
            self._line.remove(run)
            run.state = "stopped"
        process = self._processes.get(run.key)
        if process is None:
            return
        self._stopped.add(run.key)
        _signal(process, signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            _signal(process, signal.SIGKILL)

    async def work(self) -> None:
        """Carry out what stands in line, one at a time, until cancelled."""
        try:
            while True:
                await self._more.wait()
                if not self._line:
                    self._more.clear()
                    continue
                await self._carry_out(self._line.popleft())
        finally:
            for process in self._processes.values():
                _signal(process, signal.SIGINT)

    async def _carry_out(self, run: Run) -> None:
        run.state = "running"
        shutil.rmtree(run.result, ignore_errors=True)
        command = [sys.executable, "-P", "-m", "sim.faces.cli", *run.words, "--json", "--out", _RESULT]
        near, far = os.openpty()  # on a terminal commands tell their progress
        os.set_blocking(near, False)
        termios.tcsetwinsize(far, (24, 100))  # without a size nothing is shown
        heard = _Heard(run, near)
        loop = asyncio.get_running_loop()
        partial = run.folder / (_ANSWER + ".part")
        try:
            with partial.open("wb") as answer:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    cwd=run.folder,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=answer,
                    stderr=far,
                    start_new_session=True,
                    env=os.environ | {"TERM": "dumb"},
                )
            self._processes[run.key] = process
            with contextlib.suppress(OSError, AttributeError):  # whoever turns a lever goes first
                os.setpriority(os.PRIO_PGRP, process.pid, 10)
            loop.add_reader(near, heard.listen)
            try:
                code = await asyncio.wait_for(process.wait(), LONGEST)
            except TimeoutError:
                _signal(process, signal.SIGKILL)
                code = await process.wait()
                heard.text += f"\n{LONGEST // 60} min"
            heard.listen()
        except OSError as error:
            code, heard.text = -1, str(error)
        finally:
            self._processes.pop(run.key, None)
            loop.remove_reader(near)
            os.close(near)
            os.close(far)
        if code == EXIT_OK and (run.result / "manifest.json").is_file():
            partial.replace(run.folder / _ANSWER)
            run.state, run.share, run.said = "done", 1.0, ""
            return
        partial.unlink(missing_ok=True)
        if run.key in self._stopped:
            self._stopped.remove(run.key)
            run.state = "stopped"
            return
        run.state = "failed"
        run.fault = heard.last() or f"{code}"
        (run.folder / _FAULT).write_text(run.fault, encoding="utf-8")


class _Heard:
    """What a run says on its terminal: its progress, and in the end perhaps its fault."""

    def __init__(self, run: Run, terminal: int) -> None:
        self.run, self.terminal, self.text = run, terminal, ""

    def listen(self) -> None:
        """Read what there is; the last line is how far the run has come."""
        with contextlib.suppress(OSError):
            while some := os.read(self.terminal, 65536):
                self.text = (self.text + some.decode(errors="replace"))[-KEPT:]
        lines = [line.strip() for line in re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", self.text))]
        lines = [line for line in lines if line]
        if not lines:
            return
        bar = re.match(r"(?P<what>[^:|]*): *(?P<percent>\d+)%\|.*\| *(?P<count>\d+/\d+)", lines[-1])
        self.run.said = f"{bar['what']}: {bar['count']}" if bar else lines[-1][:120]
        self.run.share = int(bar["percent"]) / 100 if bar else None

    def last(self) -> str:
        """Its last words, without progress bars."""
        lines = [line.split("\r")[-1].strip() for line in self.text.splitlines()]
        return "\n".join(line for line in lines if line and "%|" not in line)[-800:]


def _signal(process: asyncio.subprocess.Process, what: signal.Signals) -> None:
    """Signal a run and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, what)
