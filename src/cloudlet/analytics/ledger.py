"""The engine's book: every transition of an exposure's row, each in one transaction with its event.

Theory of operation: the row is the truth. An attempt begins by writing a fresh token into its row, and its outcome
counts only while the row is still running under that token, so that a task which runs twice has one result.

========= ====================================================================================
state     becomes
========= ====================================================================================
arriving  queued (complete), failed (patience ended, vanished, unreadable)
queued    running
running   done, failed, queued (worker lost, edge ended, folder gone), arriving (file changed)
failed    arriving, queued (the file changed), queued (somebody asked for another try)
done      nothing
========= ====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from uuid import uuid4

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from cloudlet.analytics.models import WAITING, ExposureState, Problem, Results
from cloudlet.analytics.rules import VANISHED, FileStamp, Phase
from cloudlet.analytics.store import ExposureRow, move, written_at
from cloudlet.analytics.watcher_messages import FileChange, Known
from cloudlet.clock import Clock
from cloudlet.database import Database

__all__ = ["Attempt", "Ledger"]

CHUNK = 500
"""File changes stored in one transaction: a folder of 100,000 must not keep other writers waiting."""

_WATCHED = frozenset({ExposureState.ARRIVING, ExposureState.FAILED})
"""Where the watcher has a say."""


@dataclass(frozen=True)
class Attempt:
    """One try to process one exposure."""

    exposure_id: int
    name: str
    stamp: FileStamp
    token: str


class Ledger:
    """The rows of one run's exposures, as its engine writes them.

    Parameters
    ----------
    database, clock
        Where the rows are, and what the time is.
    run_id
        The run whose book this is.
    """

    def __init__(self, database: Database, clock: Clock, run_id: int) -> None:
        self._database = database
        self._clock = clock
        self._run_id = run_id

    def resume(self) -> None:
        """Queue again what an engine that has ended left running; its late results no longer count."""
        query = self._rows().where(ExposureRow.state == ExposureState.RUNNING)
        with self._database.write() as work:
            rows = work.scalars(query).all()
            for row in rows:
                row.token = None
            move(work, dict.fromkeys(rows, ExposureState.QUEUED))

    def known(self) -> Known:
        """Return what a watcher must know to begin."""
        columns = (
            ExposureRow.name,
            ExposureRow.state,
            ExposureRow.size_bytes,
            ExposureRow.modified_ns,
            ExposureRow.problem,
        )
        names: dict[str, set[str]] = {state: set() for state in ExposureState}
        held: dict[str, FileStamp | None] = {}
        with self._database.read() as work:
            for name, state, size, modified, problem in work.execute(
                select(*columns).where(ExposureRow.run_id == self._run_id)
            ):
                names[state].add(name)
                if state == ExposureState.FAILED:
                    has_vanished = problem is not None and problem["slug"] == VANISHED.slug
                    held[name] = None if has_vanished else FileStamp(size, modified)
        return Known(
            done=frozenset(names[ExposureState.DONE]),
            handed=frozenset(names[ExposureState.QUEUED] | names[ExposureState.RUNNING]),
            arriving=frozenset(names[ExposureState.ARRIVING]),
            held=held,
        )

    def store_changes(self, changes: Sequence[FileChange]) -> None:
        """Bring the rows up to what the watcher saw; those queued, running or done are past its say."""
        for start in range(0, len(changes), CHUNK):
            with self._database.write() as work:
                self._store_chunk(work, changes[start : start + CHUNK])

    def fail_arriving(self, name: str, problem: Problem) -> None:
        """Mark an exposure failed that never became complete."""
        self.store_changes([FileChange(name, Phase.FAILED, None, problem)])

    def begin_next(self) -> Attempt | None:
        """Begin an attempt at the exposure that has waited longest; None where none is queued."""
        is_queued = (ExposureRow.run_id == self._run_id, ExposureRow.state == ExposureState.QUEUED)
        with self._database.read() as work:  # most calls find nothing, and readers wait for nobody
            if work.scalar(select(ExposureRow.id).where(*is_queued).limit(1)) is None:
                return None
        oldest = (ExposureRow.waiting_since, ExposureRow.id)
        with self._database.write() as work:
            row = work.scalar(select(ExposureRow).where(*is_queued).order_by(*oldest).limit(1))
            if row is None:
                return None
            row.token = uuid4().hex
            row.attempts += 1
            move(work, {row: ExposureState.RUNNING})
            return Attempt(row.id, row.name, row.stamp, row.token)

    def finish(self, attempt: Attempt, results: Results) -> bool:
        """Store the results; False when this attempt no longer counts."""

        def outcome(row: ExposureRow) -> ExposureState:
            row.results, row.problem, row.finished_at = asdict(results), None, self._clock()
            return ExposureState.DONE

        return self._end(attempt, outcome)

    def fail(self, attempt: Attempt, problem: Problem) -> bool:
        """Store why the exposure cannot be processed; False when this attempt no longer counts."""

        def outcome(row: ExposureRow) -> ExposureState:
            row.problem, row.finished_at = asdict(problem), self._clock()
            return ExposureState.FAILED

        return self._end(attempt, outcome)

    def lose(self, attempt: Attempt, problem: Problem, limit: int) -> ExposureState:
        """Queue the exposure again after a lost worker; mark it failed at the `limit`-th loss."""
        state = ExposureState.QUEUED

        def outcome(row: ExposureRow) -> ExposureState:
            nonlocal state
            row.losses += 1
            if row.losses >= limit:
                state = ExposureState.FAILED
                row.problem, row.finished_at = asdict(problem), self._clock()
            return state

        self._end(attempt, outcome)
        return state

    def put_back(self, attempt: Attempt, state: ExposureState) -> None:
        """End an attempt without blame: to `QUEUED` when its folder is gone, to `ARRIVING` when it changed."""
        self._end(attempt, lambda _row: state)

    def has_waiting(self) -> bool:
        """Return whether any exposure is arriving, queued or running."""
        is_waiting = (ExposureRow.run_id == self._run_id, ExposureRow.state.in_(WAITING))
        with self._database.read() as work:
            return work.scalar(select(ExposureRow.id).where(*is_waiting).limit(1)) is not None

    def results(self) -> list[tuple[str, Results]]:
        """Return name and results of every exposure that is done, by name."""
        query = (
            select(ExposureRow.name, ExposureRow.results)
            .where(ExposureRow.run_id == self._run_id, ExposureRow.state == ExposureState.DONE)
            .order_by(ExposureRow.name)
        )
        with self._database.read() as work:
            return [(name, Results(**record)) for name, record in work.execute(query) if record is not None]

    def _rows(self) -> Select[ExposureRow]:
        return select(ExposureRow).where(ExposureRow.run_id == self._run_id)

    def _store_chunk(self, work: Session, changes: Sequence[FileChange]) -> None:
        query = self._rows().where(ExposureRow.name.in_([change.name for change in changes]))
        rows = {row.name: row for row in work.scalars(query)}
        moves = {}
        for change in changes:
            row = rows.get(change.name) or self._new_row(change.name)
            if row.state in _WATCHED:
                self._take_over(row, change)
                moves[row] = _STATES[change.phase]
        move(work, moves)

    def _new_row(self, name: str) -> ExposureRow:
        return ExposureRow(
            run_id=self._run_id,
            name=name,
            state=ExposureState.ARRIVING,
            size_bytes=0,
            modified_ns=0,
            written_at=self._clock(),
            waiting_since=self._clock(),
            attempts=0,
        )

    def _take_over(self, row: ExposureRow, change: FileChange) -> None:
        if change.stamp is not None:
            row.size_bytes, row.modified_ns = change.stamp.size_bytes, change.stamp.modified_ns
            row.written_at = row.waiting_since = written_at(change.stamp)
        row.problem = None if change.problem is None else asdict(change.problem)
        row.finished_at = self._clock() if change.phase is Phase.FAILED else None
        row.losses = 0

    def _end(self, attempt: Attempt, outcome: Callable[[ExposureRow], ExposureState]) -> bool:
        with self._database.write() as work:
            row = work.get(ExposureRow, attempt.exposure_id)
            if row is None or row.state != ExposureState.RUNNING or row.token != attempt.token:
                return False
            row.token = None
            move(work, {row: outcome(row)})
            return True


_STATES = {
    Phase.GROWING: ExposureState.ARRIVING,
    Phase.STILL: ExposureState.ARRIVING,
    Phase.READY: ExposureState.QUEUED,
    Phase.FAILED: ExposureState.FAILED,
}
