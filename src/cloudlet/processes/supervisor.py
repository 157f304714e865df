"""Keeping a handful of processes alive, and leaving none behind.

Theory of operation: the supervisor is single-threaded. It starts every program in a session of its own, so that
Ctrl-C in the terminal reaches the supervisor alone, and looks a few times a second whether one has ended. One that
ended is started again after a pause that doubles while it keeps dying soon. Listening sockets belong to the
supervisor and are inherited, so that a program that was restarted keeps its address and no browser is refused
meanwhile. At the end every program gets SIGTERM, then its whole session SIGKILL. Should the supervisor itself be
killed, the kernel ends the programs for it (`parent.end_with_parent`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from cloudlet.processes.parent import PARENT_VARIABLE

__all__ = ["Program", "Supervisor"]

LOOK_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 30.0
PATIENCE_SECONDS = 6.0
LOG_BYTES = 4 * 1024 * 1024
"""Length at which a log is moved to ``NAME.log.old``, in place of the one that was there."""


@dataclass(frozen=True)
class Program:
    """A process to keep alive."""

    name: str
    command: Sequence[str]
    sockets: Sequence[socket.socket] = ()
    """Inherited under the numbers they have here."""


class _Process:
    """One program and its present process."""

    def __init__(self, program: Program, log_folder: Path) -> None:
        self.program = program
        self._log = log_folder / f"{program.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self.due_at = 0.0

    def start(self) -> None:
        environment = {**os.environ, PARENT_VARIABLE: str(os.getpid())}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=[listener.fileno() for listener in self.program.sockets],
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def bound_log(self) -> None:
        """Begin the log anew where it has grown long; the process, which appends, goes on writing to the same file."""
        if self._log.stat().st_size > LOG_BYTES:
            shutil.copyfile(self._log, self._log.with_suffix(".log.old"))
            os.truncate(self._log, 0)

    def next_pause(self, lived_seconds: float) -> float:
        """Return how long to rest now that the process has ended after `lived_seconds`."""
        if lived_seconds > STEADY_SECONDS:
            self._pause = FIRST_PAUSE_SECONDS
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        return pause

    def end_session(self) -> None:
        """Kill whatever is left of the process and its children."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Runs programs until it is asked to stop.

    Parameters
    ----------
    programs
        In the order in which they are started.
    log_folder
        Where each program's output goes, ``NAME.log``, and what was written before it grew long, ``NAME.log.old``.
    report
        Called with a sentence when a program ended by itself.
    """

    def __init__(self, programs: Sequence[Program], log_folder: Path, report: Callable[[str], None]) -> None:
        self._processes = [_Process(program, log_folder) for program in programs]
        self._report = report
        self._asked_to_stop = False

    def __enter__(self) -> Self:
        """Start every program; SIGINT and SIGTERM ask for an orderly end from now on."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        for managed in self._processes:
            managed.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every program; none is left when this returns."""
        for managed in self._processes:
            if managed.process is not None and managed.process.poll() is None:
                managed.process.terminate()
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        for managed in self._processes:
            if managed.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    managed.process.wait(max(0.05, give_up_at - time.monotonic()))
            managed.end_session()

    @property
    def asked_to_stop(self) -> bool:
        """Whether a signal has asked for the end."""
        return self._asked_to_stop

    @property
    def process_ids(self) -> dict[str, int]:
        """Program name to the id of its present process."""
        return {managed.program.name: managed.process.pid for managed in self._processes if managed.process is not None}

    def keep(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep the programs alive until a signal asks for the end or `until` says so."""
        while not self._asked_to_stop and not until():
            for managed in self._processes:
                self._look_after(managed)
            time.sleep(LOOK_SECONDS)

    def _look_after(self, managed: _Process) -> None:
        now = time.monotonic()
        if managed.process is None:
            if now >= managed.due_at:
                managed.start()
            return
        managed.bound_log()
        status = managed.process.poll()
        if status is None:
            return
        managed.end_session()
        managed.process, managed.due_at = None, now + managed.next_pause(now - managed.started_at)
        self._report(f"{managed.program.name} ended ({_as_words(status)}) and is started again.")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop = True


def _as_words(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"
