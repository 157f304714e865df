"""Processing one folder from the command line: a private database, an engine, and a bar that grows."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudlet.analytics import (
    AnalyticsSettings,
    Engine,
    Exposure,
    ExposureState,
    Following,
    Run,
    Runs,
    Workload,
    check_apart,
)
from cloudlet.compute import LocalPool
from cloudlet.cryoem.errors import FolderInUse, ProductUnwritable, RawFolderUnusable
from cloudlet.database import Database
from cloudlet.migrations import upgrade

__all__ = ["Batch", "Counts", "Outcome", "process_folder"]

DATABASE_NAME = "cloudlet.db"
_LOCK_NAME = ".cloudlet.lock"
_ACTOR = "command line"
_LOOK_SECONDS = 0.25
_MOST_FAILURES = 100_000

Counts = Mapping[ExposureState, int]


@dataclass(frozen=True)
class Batch:
    """What is to be processed."""

    raw_folder: Path
    project_folder: Path
    settings: Mapping[str, Any]
    workers: int
    is_watching: bool
    """Whether to go on for ever."""


@dataclass(frozen=True)
class Outcome:
    """How it ended."""

    run: Run
    counts: Counts
    failures: list[Exposure]


def process_folder(batch: Batch, workload: Workload, show: Callable[[Counts], None]) -> Outcome:
    """Process a folder, once or until interrupted; a second call carries on, and tries again what had failed.

    Parameters
    ----------
    batch
        What is to be processed.
    workload
        By which workload.
    show
        Called several times a second with the number of exposures by state.

    Raises
    ------
    cloudlet.errors.CloudletError
        It cannot begin: a folder or a setting is unusable, or another process is at work there.
    """
    _prepare_folders(batch, workload)
    with _only_one(batch.project_folder), _database(batch.project_folder) as database:
        runs = Runs(database)
        run = runs.start_run(batch.raw_folder, batch.project_folder, workload, batch.settings, by=_ACTOR)
        runs.retry_failed(run.id, by=_ACTOR)
        _work(runs, run, workload, batch, show)
        failures = runs.exposures(run.id, states=(ExposureState.FAILED,), limit=_MOST_FAILURES)
        return Outcome(runs.run(run.id) or run, runs.vitals(run.id).counts, failures)


def _work(runs: Runs, run: Run, workload: Workload, batch: Batch, show: Callable[[Counts], None]) -> None:
    settings = AnalyticsSettings()
    pool = LocalPool(batch.workers, task_seconds=settings.task_seconds)
    try:
        with Engine(runs, pool, settings, workers=batch.workers) as engine:
            engine.follow(run, workload, Following.FOR_EVER if batch.is_watching else Following.ONCE)
            with engine.running(until_idle=True) as ended:
                _show_until_ended(ended, lambda: show(runs.vitals(run.id).counts))
    finally:
        pool.terminate()


def _show_until_ended(ended: Future[None], show: Callable[[], None]) -> None:
    """Raise what the engine raised; Ctrl-C ends quietly."""
    try:
        while True:
            show()
            try:
                ended.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                continue
            break
    except KeyboardInterrupt:
        return
    show()


def _prepare_folders(batch: Batch, workload: Workload) -> None:
    if not batch.raw_folder.is_dir():
        raise RawFolderUnusable(f"There is no folder {batch.raw_folder}.", "Check the path and the mount.")
    check_apart(batch.raw_folder, batch.project_folder, workload.product_folders)
    try:
        batch.project_folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise ProductUnwritable(
            f"The folder {batch.project_folder} cannot be made: {cause.strerror}.", "Choose another one with --out."
        ) from cause


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel gives it back however this process ends."""
    try:
        lock = (folder / _LOCK_NAME).open("w")
    except OSError as cause:
        raise ProductUnwritable(
            f"Nothing can be written into {folder}: {cause.strerror}.", "Choose another folder with --out."
        ) from cause
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise FolderInUse(
                f"Another process is at work in {folder}.", "Wait for it, or choose another folder with --out."
            ) from cause
        yield


@contextmanager
def _database(folder: Path) -> Iterator[Database]:
    url = f"sqlite:///{folder.absolute() / DATABASE_NAME}"
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
