"""Another program as a stage of ours: in a folder, within a time, and never longer than the process that wants it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudlet.cryoem.external.supervise import CANNOT_RUN

__all__ = ["CannotRun", "Ended", "TookTooLong", "run_program"]

_SUPERVISOR = Path(__file__).with_name("supervise.py")
_OUTPUT = "said.txt"
_SHOWN_BYTES = 4096
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
        Where it runs; its output is written there too, to ``said.txt``.
    seconds
        How long it may take.

    Raises
    ------
    CannotRun
        There is no such program, or it cannot be executed.
    TookTooLong
        It had not ended after `seconds`.
    OSError
        Its output cannot be written.
    """
    supervised = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(os.getpid()), *command]
    output = folder / _OUTPUT
    with output.open("wb") as file:
        running = subprocess.Popen(supervised, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        status = running.wait(seconds)
    except subprocess.TimeoutExpired as cause:
        raise TookTooLong from cause
    finally:
        _end(running)
    said = _end_of(output)
    if status == CANNOT_RUN:
        raise CannotRun(said.decode(errors="replace").strip())
    return Ended(status, said)


def _end(running: subprocess.Popen[bytes]) -> None:
    """Have the supervisor end the program and all it has started; kill it where it does not."""
    if running.poll() is not None:
        return
    running.terminate()
    try:
        running.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()


def _end_of(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SHOWN_BYTES))
        return file.read()
