"""Runs one program for the process that started this one, and ends it with everything it has started when that ends.

``python -I -S supervise.py PARENT PROGRAM ARGUMENT...``, with the process id of the parent; it ends with the program's
exit status, 128 and the signal's number where a signal ended it, or 127 with a reason where it cannot be run.

Theory of operation. What must happen in a child between fork and exec cannot be done from a process with threads: one
of them may hold a lock that the child waits for. This process has a single thread, so it may. It asks the kernel for
SIGTERM when the thread that started it ends (`prctl`, PR_SET_PDEATHSIG), checks that the parent is still there, and
starts the program as the leader of a process group. On SIGTERM, and once the program has ended, everything that it has
started is killed: the group, and whatever has left the group, which becomes a child of this process when its own parent
ends (PR_SET_CHILD_SUBREAPER). Should this process itself be killed, the kernel kills the program at once. It is run by
its path and imports nothing but the standard library, so that it begins within hundredths of a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

__all__ = ["CANNOT_RUN"]

CANNOT_RUN = 127
"""Exit status where the program cannot be run; shells use it for the same."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_AWAITED = frozenset({signal.SIGTERM, signal.SIGCHLD})


def main(parent: int, command: list[str]) -> int:
    """Run the program and return the exit status."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _end_with_parent(parent, signal.SIGTERM)
    own = os.getpid()

    def be_the_program() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
        _end_with_parent(own, signal.SIGKILL)

    try:
        program = subprocess.Popen(command, process_group=0, preexec_fn=be_the_program)
    except OSError as cause:
        print(cause.strerror, file=sys.stderr)  # noqa: T201 - whoever started this reads it
        return CANNOT_RUN
    while signal.sigwait(_AWAITED) is signal.SIGCHLD and not _has_ended(program.pid):
        pass  # stopped or continued
    with suppress(ProcessLookupError):  # the program is not reaped yet, so that its number is nobody else's
        os.killpg(program.pid, signal.SIGKILL)
    status = program.wait()
    _end_children()
    return status if status >= 0 else 128 - status


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end_children() -> None:
    """Kill whoever is or becomes a child of this process, until none is left."""
    while True:
        for child in _children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    own, found = os.getpid(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (process / "stat").read_bytes().rpartition(b")")[2]  # behind the name, which may hold anything
            if int(status.split()[1]) == own:
                found.append(int(process.name))
    return found


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def _end_with_parent(parent: int, by: signal.Signals) -> None:
    """Have the kernel send `by` with the thread that started us; end now if `parent` is gone already."""
    _prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
