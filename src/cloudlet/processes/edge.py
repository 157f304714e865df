"""The edge: follows the run of every current instrument session and processes its exposures.

The main thread looks which sessions there are; the engine has a thread of its own. Whatever ends this process,
rows tell the next one where to carry on, and the kernel ends watchers and workers with it.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any

from sqlalchemy.exc import OperationalError

from cloudlet.analytics import AnalyticsSettings, Engine, Following, Run, Runs, Workload, find_workload
from cloudlet.compute import LocalPool
from cloudlet.database import Database, DatabaseUnusable
from cloudlet.errors import CloudletError
from cloudlet.events import EventsMissed, latest, read_after
from cloudlet.instruments import Instruments, SessionOpened
from cloudlet.migrations import check_up_to_date
from cloudlet.processes.logs import log_to_stderr
from cloudlet.processes.parent import end_with_parent
from cloudlet.settings import Settings

__all__ = ["run", "run_edge"]

LOOK_SECONDS = 5.0
"""How often sessions are looked for; they begin and end by the clock, which makes no news."""
NEWS_SECONDS = 0.5
NEWS = (SessionOpened.kind,)

Workloads = Mapping[str, tuple[Workload, Mapping[str, Any]]]
"""Instrument key to the workload of its exposures and that workload's settings."""

logger = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Run the edge that `settings` describe until SIGTERM or SIGINT.

    Raises
    ------
    cloudlet.errors.CloudletError
        An instrument names a workload that is not installed, or settings that it refuses; or the database cannot be
        used, or goes away.
    """
    end_with_parent()
    log_to_stderr()
    database = Database(settings.database.url)
    try:
        check_up_to_date(database)
        workloads = dict(_workloads(settings))
        run_edge(database, Instruments(database), workloads, settings.analytics, settings.compute.workers)
    except OperationalError as cause:  # whoever supervises this process starts it again; nothing is lost
        raise DatabaseUnusable(
            f"The database does not answer: {' '.join(str(cause.orig).split())}.",
            "Nothing is lost: the edge goes on where it was when it is started again.",
        ) from cause
    finally:
        database.close()


def _workloads(settings: Settings) -> Iterator[tuple[str, tuple[Workload, Mapping[str, Any]]]]:
    for key, instrument in settings.instruments.items():
        if instrument.workload is not None:
            workload = find_workload(instrument.workload.name)
            yield key, (workload, workload.check_settings(instrument.workload.settings))


def run_edge(
    database: Database,
    instruments: Instruments,
    workloads: Workloads,
    settings: AnalyticsSettings,
    workers: int,
) -> None:
    """Follow runs until SIGTERM or SIGINT; must be called in the process's main thread.

    Parameters
    ----------
    database
        Where runs and exposures are.
    instruments
        Knows the current instrument sessions.
    workloads
        What is done with each instrument's exposures; sessions of other instruments are left alone.
    settings
        How runs are watched and scheduled.
    workers
        How many exposures are processed at the same time.
    """
    runs = Runs(database, instruments)
    with _stopping() as stop:
        pool = LocalPool(workers, task_seconds=settings.task_seconds)
        try:
            with Engine(runs, pool, settings, workers=workers) as engine, engine.running() as ended:
                dispatcher = _Dispatcher(runs, instruments, workloads, engine)
                _dispatch(dispatcher, database, stop, ended)
        finally:
            pool.terminate()


class _Dispatcher:
    """Knows which runs the engine follows for whom."""

    def __init__(self, runs: Runs, instruments: Instruments, workloads: Workloads, engine: Engine) -> None:
        self._runs = runs
        self._instruments = instruments
        self._workloads = workloads
        self._engine = engine
        self._current: dict[int, Run] = {}
        self._refused: dict[int, str] = {}

    def look(self) -> None:
        """Follow the runs of current sessions for ever, and others until nothing waits in them."""
        current = {run.id: run for run in self._current_runs()}
        for run in current.values():
            if run.id not in self._current:
                self._follow(run, Following.FOR_EVER)
        for run_id, run in self._current.items():
            if run_id not in current:
                self._follow(run, Following.UNTIL_DONE)
        for run in self._runs.runs_with_work():
            if run.id not in current:
                self._follow(run, Following.UNTIL_DONE)
        self._current = current

    def _current_runs(self) -> Iterator[Run]:
        for session in self._instruments.current_sessions():
            if session.instrument not in self._workloads:
                continue
            workload, settings = self._workloads[session.instrument]
            try:
                yield self._runs.ensure_run(session, workload, settings)
            except CloudletError as problem:
                self._refuse(session.id, str(problem))

    def _follow(self, run: Run, following: Following) -> None:
        if run.instrument in self._workloads:
            workload, _ = self._workloads[run.instrument]
            self._engine.follow(run, workload, following)

    def _refuse(self, session_id: int, why: str) -> None:
        if self._refused.get(session_id) != why:
            self._refused[session_id] = why
            logger.error("instrument session %d cannot be processed: %s", session_id, why)


def _dispatch(dispatcher: _Dispatcher, database: Database, stop: Event, ended: Future[None]) -> None:
    """Look for sessions at intervals and on news, until asked to stop or the engine fails."""
    cursor, waited = _newest(database), 0.0
    dispatcher.look()
    while not stop.wait(NEWS_SECONDS) and not ended.done():
        waited += NEWS_SECONDS
        cursor, has_news = _news_after(database, cursor)
        if has_news or waited >= LOOK_SECONDS:
            dispatcher.look()
            waited = 0.0


def _newest(database: Database) -> int:
    with database.read() as work:
        return latest(work)


def _news_after(database: Database, cursor: int) -> tuple[int, bool]:
    with database.read() as work:
        try:
            news = read_after(work, cursor, kinds=NEWS)
        except EventsMissed:  # there may have been some
            return latest(work), True
    return (news[-1].id, True) if news else (cursor, False)


@contextmanager
def _stopping() -> Iterator[Event]:
    """Yield an event that SIGTERM and SIGINT set."""
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
