"""A run's collection files, made afresh after results, but not after every one."""

from __future__ import annotations

import time
from concurrent.futures import Executor, Future

from cloudlet.analytics.ledger import Ledger
from cloudlet.analytics.models import Problem, Run, Workload
from cloudlet.analytics.tasks import collect, describe_failure

__all__ = ["Collection"]

REST_SHARE = 10
"""A rewrite that takes long is followed by this many times its length of rest at least."""


class Collection:
    """When the collection files of one run are written, and what came of it.

    Parameters
    ----------
    ledger
        Where the results are.
    workload
        Who writes the files.
    run
        Whose they are.
    rest_seconds
        Least time between two rewrites.
    """

    def __init__(self, ledger: Ledger, workload: Workload, run: Run, rest_seconds: float) -> None:
        self._ledger = ledger
        self._workload = workload
        self._run = run
        self._rest_seconds = rest_seconds
        self._is_stale = False
        self._future: Future[None] | None = None
        self._began = 0.0
        self._not_before = 0.0
        self.problem: Problem | None = None
        """Why the files could not be written the last time."""

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return self._future is None and not self._is_stale

    @property
    def is_settled(self) -> bool:
        """Whether the files are up to the results, or writing them just failed."""
        return self._future is None and (not self._is_stale or self.problem is not None)

    def note_result(self) -> None:
        """Note that a result came in, or may have come in before we began."""
        self._is_stale = True

    def go_on(self, executor: Executor, *, is_last: bool) -> None:
        """Begin or end a rewrite where it is time for it.

        With `is_last` no more results are expected soon, and there is nothing to wait for.
        """
        if self._future is not None:
            self._end(self._future)
            return
        is_time = time.monotonic() >= self._not_before or (is_last and self.problem is None)
        if self._is_stale and is_time:
            self._begin(executor)

    def _begin(self, executor: Executor) -> None:
        self._began = time.monotonic()
        self._is_stale = False
        folders = self._run.raw_folder, self._run.project_folder
        self._future = executor.submit(collect, self._workload, *folders, self._ledger.results())

    def _end(self, future: Future[None]) -> None:
        if not future.done():
            return
        self._future = None
        failure = future.exception()
        now = time.monotonic()
        self._not_before = now + max(self._rest_seconds, REST_SHARE * (now - self._began))
        self._is_stale = self._is_stale or failure is not None
        self.problem = None if failure is None else _problem(failure)


def _problem(failure: BaseException) -> Problem:
    cause = describe_failure("collection files", failure)
    return Problem(
        "collection-failed",
        f"The files that collect the results could not be written: {cause.message}",
        cause.remedy,
    )
