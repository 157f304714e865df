"""Another program as a stage of ours: in a folder, within a time, and never longer than the process that wants it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from cloudlet.cryoem.external.supervise import CANNOT_RUN

__all__ = ["CannotRun", "Ended", "TookTooLong", "run_program"]

_SUPERVISOR = Path(__file__).with_name("supervise.py")
_SHOWN_BYTES = 4096
_PIECE_BYTES = 64 * 1024
_END_SECONDS = 10.0
"""For everything to be gone once it is killed; what the kernel cannot end by then hangs in a file system."""


class CannotRun(Exception):
    """The program is not there, or is no program; the reason in a few words."""


class TookTooLong(Exception):
    """The program did not end within its time, and was killed with all it had started."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    status: int
    """0 where all is well."""
    said_last: bytes
    """The end of its output."""


def run_program(command: Sequence[str], folder: Path, seconds: float) -> Ended:
    """Run a program in a folder until it ends; it and all it has started end with the thread that calls this.

    Parameters
    ----------
    command
        The program and its arguments.
    folder
        Where it runs.
    seconds
        How long it may take.

    Raises
    ------
    CannotRun
        There is no such program, or it cannot be executed.
    TookTooLong
        It had not ended after `seconds`.
    """
    supervised = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(os.getpid()), *command]
    running = subprocess.Popen(
        supervised, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = _Tail(running)
    try:
        status = running.wait(seconds)
    except subprocess.TimeoutExpired as cause:
        raise TookTooLong from cause
    finally:
        _end(running)
        said = output.finish()
    if status == CANNOT_RUN:
        raise CannotRun(said.decode(errors="replace").strip())
    return Ended(status, said)


class _Tail:
    """Reads a program's output so that it never waits, and keeps the end of it: it may write without end."""

    def __init__(self, running: subprocess.Popen[bytes]) -> None:
        self._running = running
        self._kept = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def finish(self) -> bytes:
        """Return the end of the output, once everybody who could add to it is gone."""
        self._thread.join(_END_SECONDS)
        return self._kept

    def _read(self) -> None:
        with cast(BinaryIO, self._running.stdout) as pipe:
            while piece := os.read(pipe.fileno(), _PIECE_BYTES):
                self._kept = (self._kept + piece)[-_SHOWN_BYTES:]


def _end(running: subprocess.Popen[bytes]) -> None:
    """Have the supervisor end the program and all it has started; kill it where it does not."""
    if running.poll() is not None:
        return
    running.terminate()
    try:
        running.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
