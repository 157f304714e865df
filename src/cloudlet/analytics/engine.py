"""The engine: follows runs, and keeps one pool of workers busy with their exposures.

Theory of operation: one thread owns everything. It sleeps until a watcher speaks, a task ends, somebody asks for
something, or a tick has passed; then it takes in all the news, and begins what has waited longest, run by run in
turn. No more tasks are with the executor than its workers and one: what waits, waits in the database, where it
survives, and where an order can still change.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from multiprocessing.connection import wait
from queue import Empty, SimpleQueue
from threading import Event
from typing import Self

from cloudlet.analytics.following import FollowedRun
from cloudlet.analytics.models import Run, Workload
from cloudlet.analytics.rules import Following
from cloudlet.analytics.service import Runs
from cloudlet.analytics.settings import AnalyticsSettings

__all__ = ["Engine"]

TICK_SECONDS = 0.5
"""How soon what others wrote (a retry) is noticed when nothing else happens."""


class Engine:
    """Processes the exposures of the runs it is given.

    Parameters
    ----------
    runs
        The service whose rows are worked on.
    executor
        Where tasks run; it stays its owner's to shut down, after `run` has returned.
    settings
        How runs are watched and scheduled.
    workers
        How many tasks the executor runs at the same time; at most one more is handed to it.
    """

    def __init__(
        self,
        runs: Runs,
        executor: Executor,
        settings: AnalyticsSettings,
        *,
        workers: int,
    ) -> None:
        self._runs = runs
        self._executor = executor
        self._settings = settings
        self._capacity = workers + 1
        self._followed: dict[int, FollowedRun] = {}
        self._requests: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._is_stopped = Event()
        self._wake_sender, self._wake_receiver = socket.socketpair()
        for end in (self._wake_sender, self._wake_receiver):
            end.setblocking(False)

    def follow(self, run: Run, workload: Workload, following: Following = Following.FOR_EVER) -> None:
        """Follow `run` from now on; one that is followed already is from now on followed as `following` says.

        This may be called at any time from any thread, as may `stop`.
        """
        self._requests.put(lambda: self._begin(run, workload, following))
        self._wake()

    def stop(self) -> None:
        """Have `run` return soon, whatever is under way; it is queued again and carried on at the next start."""
        self._is_stopped.set()
        self._wake()

    def run(self, *, until_idle: bool = False) -> None:
        """Work until stopped; with `until_idle` also end when no run is followed any more."""
        try:
            while not self._is_stopped.is_set():
                self._serve_requests()
                self._go_on()
                if until_idle and not self._followed and self._requests.empty():
                    return
                self._sleep()
        finally:
            self._end_all()

    @contextlib.contextmanager
    def running(self, *, until_idle: bool = False) -> Iterator[Future[None]]:
        """Run in a thread of its own for as long as the block lasts, and then stop; a failure of `run` is raised.

        What is yielded is done when `run` has returned, by itself too.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="engine") as thread:
            ended = thread.submit(self.run, until_idle=until_idle)
            try:
                yield ended
            finally:
                self.stop()
        ended.result()

    def close(self) -> None:
        """Give back what the engine holds; `run` must have returned."""
        self._wake_sender.close()
        self._wake_receiver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, run: Run, workload: Workload, following: Following) -> None:
        followed = self._followed.get(run.id)
        if followed is not None:
            followed.following = following
            return
        self._followed[run.id] = FollowedRun(run, workload, self._runs, self._settings, following)

    def _serve_requests(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._requests.get_nowait()()

    def _go_on(self) -> None:
        for followed in self._followed.values():
            followed.go_on(self._executor)
        self._submit()
        for followed in [each for each in self._followed.values() if each.is_over]:
            del self._followed[followed.run.id]
            followed.close()

    def _submit(self) -> None:
        """Fill the executor, one exposure of each run in turn."""
        free = self._capacity - sum(followed.in_flight for followed in self._followed.values())
        turns = deque(self._followed.values())
        while free > 0 and turns:
            followed = turns.popleft()
            if followed.submit_next(self._executor, lambda _future: self._wake()):
                turns.append(followed)
                free -= 1

    def _sleep(self) -> None:
        channels = [followed.channel for followed in self._followed.values()]
        wait([self._wake_receiver, *(channel for channel in channels if channel is not None)], TICK_SECONDS)
        with contextlib.suppress(BlockingIOError):
            self._wake_receiver.recv(4096)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody listens any more
            self._wake_sender.send(b"!")

    def _end_all(self) -> None:
        while self._followed:
            _, followed = self._followed.popitem()
            followed.close()
