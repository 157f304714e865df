"""What can be asked of runs, and what people can do to them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from cloudlet.analytics.errors import ExposureUnknown, RetryRefused, RunUnknown
from cloudlet.analytics.events import RunChanged
from cloudlet.analytics.ledger import Ledger
from cloudlet.analytics.models import WAITING, Exposure, ExposureState, Problem, Run, Vitals, Workload
from cloudlet.analytics.permissions import may_process_folder, may_retry
from cloudlet.analytics.store import ExposureRow, RunRow, move
from cloudlet.analytics.vitals import read_vitals
from cloudlet.audit import Act, record
from cloudlet.clock import Clock, utc_now
from cloudlet.database import Database
from cloudlet.events import publish
from cloudlet.identity import Actor, Decision, require
from cloudlet.instruments import Instruments, InstrumentSession, may_view_results

__all__ = ["Runs"]

CURRENT_SESSION = Actor.rule("current-session")
"""Who begins the run of an instrument session: nobody, the session's being current."""
ASK = "Ask the people of the session, or start from the instrument's page."
NOT_SEEN = "or its results belong to people of another session."


class Runs:
    """The runs of a cloudlet and their exposures.

    What does not exist and what the acting person may not see are refused alike, so that nobody learns by counting
    how much others measure.

    Parameters
    ----------
    database
        Where the rows are.
    instruments
        Knows whose session a run belongs to.
    clock
        Source of the present time.
    """

    def __init__(self, database: Database, instruments: Instruments, clock: Clock = utc_now) -> None:
        self._database = database
        self._instruments = instruments
        self._clock = clock

    def ensure_run(
        self,
        session: InstrumentSession,
        workload: Workload,
        settings: Mapping[str, Any],
        *,
        work: Session | None = None,
    ) -> Run:
        """Return the run of an instrument session, begun where there is none yet.

        An existing run takes on the workload's present declaration and the present `settings`.

        Raises
        ------
        cloudlet.errors.CloudletError
            The workload refuses `settings`.
        """
        query = select(RunRow).where(RunRow.session_id == session.id)
        blank = RunRow(
            session_id=session.id,
            instrument=session.instrument,
            raw_folder=str(session.raw_folder),
            project_folder=str(session.project_folder),
        )
        return self._ensure(query, blank, workload, settings, by=CURRENT_SESSION, work=work)

    def start_run(
        self,
        raw_folder: Path,
        project_folder: Path,
        workload: Workload,
        settings: Mapping[str, Any],
        *,
        by: Actor,
        work: Session | None = None,
    ) -> Run:
        """Return the run of a folder without an instrument session; a second start carries on with it.

        Raises
        ------
        cloudlet.web.Forbidden
            `by` is not on this host.
        cloudlet.errors.CloudletError
            The workload refuses `settings`.
        """
        require(may_process_folder(by))
        raw, project = str(raw_folder.absolute()), str(project_folder.absolute())
        query = select(RunRow).where(
            RunRow.session_id.is_(None), RunRow.raw_folder == raw, RunRow.project_folder == project
        )
        blank = RunRow(session_id=None, instrument="", raw_folder=raw, project_folder=project)
        return self._ensure(query, blank, workload, settings, by=by, work=work)

    def run(self, run_id: int, *, by: Actor) -> Run:
        """Return one run by its number.

        Raises
        ------
        RunUnknown
            There is none, or `by` may not view its results.
        """
        with self._database.read() as work:
            return self._visible_run(work, run_id, by).as_model()

    def runs(self, *, by: Actor) -> list[Run]:
        """Return the runs whose results `by` may view, oldest first."""
        with self._database.read() as work:
            rows = work.scalars(select(RunRow).order_by(RunRow.id)).all()
            return [row.as_model() for row in rows if may_view_results(by, self._session_of(work, row))]

    def run_of_session(self, session_id: int, *, by: Actor) -> Run | None:
        """Return the run of an instrument session; None where it has none yet, or `by` may not view its results."""
        with self._database.read() as work:
            row = work.scalar(select(RunRow).where(RunRow.session_id == session_id))
            is_visible = row is not None and may_view_results(by, self._session_of(work, row))
            return row.as_model() if row is not None and is_visible else None

    def latest_run(self, instrument: str, *, by: Actor) -> Run | None:
        """Return the run begun last on an instrument among those whose results `by` may view."""
        return max(
            (run for run in self.runs(by=by) if run.instrument == instrument),
            key=lambda run: (run.started_at, run.id),
            default=None,
        )

    def runs_with_work(self) -> list[Run]:
        """Return the runs that have exposures arriving, queued or running, whether or not their session is over."""
        ids = select(ExposureRow.run_id).where(ExposureRow.state.in_(WAITING))
        with self._database.read() as work:
            rows = work.scalars(select(RunRow).where(RunRow.id.in_(ids)).order_by(RunRow.id))
            return [row.as_model() for row in rows]

    def exposure(self, exposure_id: int, *, by: Actor) -> Exposure:
        """Return one exposure by its number.

        Raises
        ------
        ExposureUnknown
            There is none, or `by` may not view its results.
        """
        with self._database.read() as work:
            return self._visible_exposure(work, exposure_id, by).as_model()

    def exposures(
        self,
        run_id: int,
        *,
        by: Actor,
        after_change: int = 0,
        states: Collection[ExposureState] = (),
        newest_first: bool = False,
        limit: int = 1000,
    ) -> list[Exposure]:
        """Return at most `limit` exposures of a run.

        By growing `change`, so that the last one's is the number to go on from; with `newest_first` those
        written last come first, whatever became of them since.

        Parameters
        ----------
        run_id
            Whose exposures.
        by
            Who asks.
        after_change
            Only those that changed after this number.
        states
            Only those in one of these states; all where empty.
        newest_first
            Whether to order by the time they were written instead.
        limit
            How many at most.

        Raises
        ------
        RunUnknown
            There is no such run, or `by` may not view its results.
        """
        query = select(ExposureRow).where(ExposureRow.run_id == run_id, ExposureRow.change > after_change)
        if states:
            query = query.where(ExposureRow.state.in_(states))
        written = (ExposureRow.written_at.desc(), ExposureRow.id.desc())
        query = query.order_by(*written) if newest_first else query.order_by(ExposureRow.change)
        with self._database.read() as work:
            self._visible_run(work, run_id, by)
            return [row.as_model() for row in work.scalars(query.limit(limit))]

    def neighbours(self, exposure_id: int, *, by: Actor) -> tuple[int | None, int | None]:
        """Return the numbers of the exposures written before and after one, None at either end.

        Raises
        ------
        ExposureUnknown
            There is none, or `by` may not view its results.
        """
        with self._database.read() as work:
            row = self._visible_exposure(work, exposure_id, by)
            key = (ExposureRow.written_at, ExposureRow.id)
            here = (row.written_at, row.id)
            of_run = select(ExposureRow.id).where(ExposureRow.run_id == row.run_id)
            before = of_run.where(tuple_(*key) < here).order_by(*(column.desc() for column in key))
            after = of_run.where(tuple_(*key) > here).order_by(*key)
            return work.scalar(before.limit(1)), work.scalar(after.limit(1))

    def vitals(self, run_id: int, *, by: Actor) -> Vitals:
        """Return how a run is doing now.

        Raises
        ------
        RunUnknown
            There is no such run, or `by` may not view its results.
        """
        with self._database.read() as work:
            self._visible_run(work, run_id, by)
            return read_vitals(work, run_id, self._clock())

    def may_retry(self, run_id: int, *, by: Actor) -> Decision:
        """Decide whether `by` may have failed exposures of a run tried again.

        Raises
        ------
        RunUnknown
            There is no such run, or `by` may not view its results.
        """
        with self._database.read() as work:
            return may_retry(by, self._session_of(work, self._visible_run(work, run_id, by)))

    def retry(self, exposure_id: int, *, by: Actor, work: Session | None = None) -> None:
        """Queue a failed exposure again; whichever engine follows its run takes it up.

        Raises
        ------
        ExposureUnknown
            There is no such exposure, or `by` may not view its results.
        cloudlet.web.Forbidden
            `by` may view its results, but not have it tried again.
        RetryRefused
            It has not failed.
        """
        with self._database.write(work) as work:
            row = self._visible_exposure(work, exposure_id, by)
            require(may_retry(by, self._session_of(work, work.get_one(RunRow, row.run_id))))
            if row.state != ExposureState.FAILED:
                raise RetryRefused(
                    f"{row.name} is {row.state}.", "Only what has failed can be tried again; reload the page."
                )
            self._queue_again(work, [row], by)

    def retry_failed(self, run_id: int, *, by: Actor, work: Session | None = None) -> int:
        """Queue every failed exposure of a run again and return how many there were; raises as `retry` does."""
        query = select(ExposureRow).where(ExposureRow.run_id == run_id, ExposureRow.state == ExposureState.FAILED)
        with self._database.write(work) as work:
            run = self._visible_run(work, run_id, by)
            require(may_retry(by, self._session_of(work, run)))
            rows = work.scalars(query).all()
            self._queue_again(work, rows, by)
            return len(rows)

    def ledger(self, run_id: int) -> Ledger:
        """Return the book of a run's exposures; for its engine."""
        return Ledger(self._database, self._clock, run_id)

    def note_scan(self, run_id: int) -> None:
        """Note that the raw folder was looked at just now with success; for the run's engine."""
        with self._database.write() as work:
            work.get_one(RunRow, run_id).scanned_at = self._clock()

    def note_problem(self, run_id: int, problem: Problem | None) -> None:
        """Say why the run cannot go on at present, or that it can again; for the run's engine."""
        stored = None if problem is None else asdict(problem)
        with self._database.write() as work:
            row = work.get_one(RunRow, run_id)
            if row.problem != stored:
                row.problem = stored
                publish(work, RunChanged(str(run_id)))

    def _visible_run(self, work: Session, run_id: int, actor: Actor) -> RunRow:
        row = work.get(RunRow, run_id)
        if row is None or not may_view_results(actor, self._session_of(work, row)):
            raise RunUnknown(f"There is no such run, {NOT_SEEN}", ASK)
        return row

    def _visible_exposure(self, work: Session, exposure_id: int, actor: Actor) -> ExposureRow:
        row = work.get(ExposureRow, exposure_id)
        if row is None or not may_view_results(actor, self._session_of(work, work.get_one(RunRow, row.run_id))):
            raise ExposureUnknown(f"There is no such exposure, {NOT_SEEN}", ASK)
        return row

    def _session_of(self, work: Session, row: RunRow) -> InstrumentSession | None:
        return None if row.session_id is None else self._instruments.session(row.session_id, work=work)

    def _ensure(
        self,
        query: Select[RunRow],
        blank: RunRow,
        workload: Workload,
        settings: Mapping[str, Any],
        *,
        by: Actor,
        work: Session | None,
    ) -> Run:
        checked = dict(workload.check_settings(settings))
        declaration = asdict(workload.declaration)
        with self._database.read(work) as reading:  # the edge asks every few seconds, mostly for what is there
            row = reading.scalar(query)
            if row and _same(row.settings, checked) and _same(row.declaration, declaration):
                return row.as_model()
        with self._database.write(work) as work:
            row = work.scalar(query)
            is_new = row is None
            if row is None:
                row = blank
                row.started_at = self._clock()
                work.add(row)
            row.settings, row.declaration = checked, declaration
            work.flush()
            what = "analytics.run-started" if is_new else "analytics.run-settings-changed"
            record(work, Act(str(by), what, str(row.id), {"raw_folder": row.raw_folder, "settings": checked}))
            publish(work, RunChanged(str(row.id)))
            return row.as_model()

    def _queue_again(self, work: Session, rows: Sequence[ExposureRow], by: Actor) -> None:
        for row in rows:
            detail = {"name": row.name, "problem": row.problem}
            record(work, Act(str(by), "analytics.exposure-retried", str(row.id), detail))
            row.problem, row.finished_at = None, None
            row.losses, row.waiting_since = 0, self._clock()
        move(work, dict.fromkeys(rows, ExposureState.QUEUED))


def _same(stored: Any, present: Any) -> bool:
    """Return whether two values are one as JSON, where tuples are lists."""
    return json.dumps(stored, sort_keys=True) == json.dumps(present, sort_keys=True)
