"""A process of ours that ends when we end, and talks with us over a socket.

Theory of operation: the child is a fresh interpreter (``python -m cloudlet.compute``), so it imports only what
its function needs, not the command line of its parent. It asks the kernel to be killed with the thread that
started it (`prctl`, PR_SET_PDEATHSIG) and then checks that the parent is still there, because the parent may
have ended in between. The socket is closed on exec in both processes: its end of file means that the other side
is gone, whatever else was started meanwhile. Where the host runs out of memory, the kernel ends children before their
parents: a child is replaced, a parent takes its children with it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

__all__ = ["Channel", "Child", "begin", "die_with_parent"]

PR_SET_PDEATHSIG = 1  # linux/prctl.h
END_SECONDS = 2.0

Channel = Connection
"""Either end of the socket; whole Python objects go in and come out."""


class Child:
    """A child process that runs one function.

    The thread that makes a child must live as long as the child: the kernel kills it with the thread.

    Parameters
    ----------
    serve
        A function that can be imported by name; it gets the child's end of the socket and `arguments`.
    arguments
        Handed to `serve`; picklable.
    environment
        Variables on top of those of this process.

    Raises
    ------
    OSError
        The process could not be started, or ended before it had heard what to do.
    """

    def __init__(
        self, serve: Callable[..., None], *arguments: object, environment: Mapping[str, str] | None = None
    ) -> None:
        ours, theirs = socket.socketpair()
        self.channel = Channel(ours.detach())
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cloudlet.compute", str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **(environment or {})},
            )
        try:
            self.channel.send(sys.path)
            self.channel.send((serve, arguments))
        except BaseException:
            self.kill()
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; the negative number of a signal that ended it."""
        return self._process.poll()

    def kill(self) -> None:
        """Ask the kernel to end it at once; `close` afterwards."""
        self._process.kill()

    def close(self) -> int | None:
        """Close the socket, which asks it to end; kill it where it does not; return its exit status.

        None when the kernel cannot end it yet, because it hangs in a file system; it ends when that answers.
        """
        self.channel.close()
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        try:
            return self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return None


def begin(descriptor: int, parent: int) -> None:
    """Be a child: obey what comes first over the socket `descriptor`, until the parent closes it."""
    die_with_parent(parent)
    _be_the_first_to_go()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    os.set_inheritable(descriptor, False)
    channel = Channel(descriptor)
    try:
        sys.path[:] = channel.recv()
        serve, arguments = _instructions(channel)
        serve(channel, *arguments)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent has gone or wants no more


def die_with_parent(parent: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `by` with the thread that started us; end now if `parent` is gone already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, by) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(1)


def _be_the_first_to_go() -> None:
    """Have the kernel end this process before any other when memory runs out."""
    with suppress(OSError):  # /proc may be hidden or read-only in a container: then the kernel judges by size alone
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _instructions(channel: Connection) -> tuple[Callable[..., None], tuple[Any, ...]]:
    serve, arguments = channel.recv()
    return serve, arguments
