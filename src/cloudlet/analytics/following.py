"""One run while an engine follows it: its attempts, its collection files, and what is said of it.

All of it happens in the engine's thread, which waits for the database only: file systems are asked by the watcher
and by the workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future

from cloudlet.analytics.collection import Collection
from cloudlet.analytics.errors import (
    ExposureChanged,
    ExposureVanished,
    ProductsMeet,
    ProjectFolderFull,
    RawFolderGone,
)
from cloudlet.analytics.ledger import Attempt
from cloudlet.analytics.lookout import Lookout
from cloudlet.analytics.models import ExposureState, ExposureTask, Problem, Results, Run, Workload
from cloudlet.analytics.output_names import OutputNames
from cloudlet.analytics.rules import FileStamp, Following
from cloudlet.analytics.service import Runs
from cloudlet.analytics.settings import AnalyticsSettings
from cloudlet.analytics.tasks import describe_failure, perform
from cloudlet.analytics.watcher_messages import Afresh, Assignment, Done, FolderScan, Handed, Held
from cloudlet.compute import Channel, WorkerLost

__all__ = ["FollowedRun"]

NOTE_SECONDS = 5.0
"""How often a successful look is written down: pages need not know it to the second."""
FULL_SECONDS = 30.0
"""Rest before another exposure is tried in a project folder that was full."""


class FollowedRun:
    """One run under way.

    Parameters
    ----------
    run, workload
        What is followed, and what is done with its exposures.
    runs
        The service, for the run's rows.
    settings
        How it is watched and scheduled.
    following
        How long.
    """

    def __init__(
        self,
        run: Run,
        workload: Workload,
        runs: Runs,
        settings: AnalyticsSettings,
        following: Following,
    ) -> None:
        self.run = run
        self.following = following
        self._workload = workload
        self._runs = runs
        self._settings = settings
        self._ledger = runs.ledger(run.id)
        self._ledger.resume()
        self._attempts: dict[Future[Results], Attempt] = {}
        self._output_names = OutputNames(workload.product_key, self._ledger.known().done)
        self._collection = Collection(self._ledger, workload, run, settings.collect_seconds)
        self._lookout = Lookout(self._brief, self._ledger.fail_arriving, settings)
        self._full: Problem | None = None
        self._reported = run.problem
        self._not_before = float("-inf")
        self._noted_at = float("-inf")

    @property
    def channel(self) -> Channel | None:
        """What becomes readable when the watcher speaks; None while there is none."""
        return self._lookout.channel

    @property
    def in_flight(self) -> int:
        """How many tasks of this run are with the executor."""
        return len(self._attempts)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to follow it for."""
        scan = self._lookout.scan
        is_stuck = scan is not None and (scan.problem is not None or self._full is not None)
        if is_stuck and self.following is Following.ONCE:
            return not self._attempts
        return self._is_nearly_over and self._collection.is_settled

    @property
    def _is_nearly_over(self) -> bool:
        """Whether all that could still come has come, and only the collection files may be missing."""
        scan = self._lookout.scan
        if self.following is Following.FOR_EVER or scan is None or scan.problem is not None or self._attempts:
            return False
        return scan.unsettled == 0 and not self._ledger.has_waiting()

    def go_on(self, executor: Executor) -> None:
        """Take in what watcher and workers have said since the last call."""
        self._store_outcomes()
        for scan in self._lookout.go_on():
            self._take(scan)
        if not self._collection.is_idle:
            self._collection.go_on(executor, is_last=self._is_nearly_over)
        self._report_problem()

    def submit_next(self, executor: Executor, notify: Callable[[Future[Results]], None]) -> bool:
        """Begin the exposure that has waited longest; False when none waits or nothing can be processed now.

        `notify` is called, in another thread, when its outcome can be fetched.
        """
        if not self._lookout.is_clear or time.monotonic() < self._not_before:
            return False
        attempt = self._begin_next()
        if attempt is None:
            return False
        self._lookout.send(Handed(attempt.name))
        task = ExposureTask(self.run.raw_folder / attempt.name, self.run.project_folder, self.run.settings)
        memory_gib = self._settings.worker_memory_gib
        future = executor.submit(perform, self._workload, task, attempt.stamp, memory_gib)
        self._attempts[future] = attempt
        future.add_done_callback(notify)
        return True

    def close(self) -> None:
        """End the watcher and queue again what is unfinished; late outcomes no longer count."""
        self._lookout.close()
        self._ledger.resume()

    def _begin_next(self) -> Attempt | None:
        """Begin what has waited longest, but fail what would write over another exposure's products."""
        while (attempt := self._ledger.begin_next()) is not None:
            owner = self._output_names.reserve(attempt.name)
            if owner is None:
                return attempt
            self._store_failure(attempt, _name_taken(owner))
        return None

    def _store_outcomes(self) -> None:
        for future in [future for future in self._attempts if future.done()]:
            attempt = self._attempts.pop(future)
            failure = future.exception()
            if failure is None:
                self._store_results(attempt, future.result())
            else:
                self._store_failure(attempt, failure)

    def _store_results(self, attempt: Attempt, results: Results) -> None:
        if self._ledger.finish(attempt, results):
            self._collection.note_result()
        self._full = None
        self._lookout.send(Done(attempt.name))

    def _store_failure(self, attempt: Attempt, failure: BaseException) -> None:
        match failure:
            case ExposureChanged():
                self._ledger.put_back(attempt, ExposureState.ARRIVING)
                self._output_names.release(attempt.name)
                self._lookout.send(Afresh(attempt.name))
            case RawFolderGone():
                self._lookout.doubt()  # nothing is begun before the watcher has seen the folder again
                self._ledger.put_back(attempt, ExposureState.QUEUED)
            case ProjectFolderFull():
                self._full = describe_failure(attempt.name, failure)
                self._not_before = time.monotonic() + FULL_SECONDS
                self._ledger.put_back(attempt, ExposureState.QUEUED)
            case WorkerLost():
                state = self._ledger.lose(attempt, _worn_out(failure), self._settings.attempts)
                if state is ExposureState.FAILED:
                    self._hold(attempt.name, attempt.stamp)
            case _:
                self._ledger.fail(attempt, describe_failure(attempt.name, failure))
                self._hold(attempt.name, None if isinstance(failure, ExposureVanished) else attempt.stamp)

    def _hold(self, name: str, stamp: FileStamp | None) -> None:
        self._output_names.release(name)
        self._lookout.send(Held(name, stamp))

    def _take(self, scan: FolderScan) -> None:
        self._ledger.store_changes(scan.changes)
        if scan.problem is None:
            self._note_scan()

    def _note_scan(self) -> None:
        if time.monotonic() - self._noted_at >= NOTE_SECONDS:
            self._noted_at = time.monotonic()
            self._runs.note_scan(self.run.id)

    def _brief(self) -> Assignment:
        known = self._ledger.known()
        if known.done:
            self._collection.note_result()  # an engine before us may have ended before collecting them
        is_once = self.following is Following.ONCE
        return Assignment(
            raw_folder=self.run.raw_folder,
            project_folder=self.run.project_folder,
            workload=self._workload,
            settings=self.run.settings,
            poll_seconds=self._settings.poll_seconds,
            patience_seconds=0.0 if is_once else self._settings.patience_seconds,
            known=known,
        )

    def _report_problem(self) -> None:
        problem = self._lookout.problem or self._full or self._collection.problem
        if problem != self._reported:
            self._reported = problem
            self._runs.note_problem(self.run.id, problem)


def _name_taken(owner: str) -> ProductsMeet:
    return ProductsMeet(
        f"Its results would have the same names as those of {owner}, and write over them.",
        "Rename this file, or leave it out.",
    )


def _worn_out(failure: WorkerLost) -> Problem:
    return Problem(
        failure.slug,
        f"{failure.message} This happened at every attempt.",
        "Look for a lack of memory in the system's log, check the file, then retry it.",
    )
