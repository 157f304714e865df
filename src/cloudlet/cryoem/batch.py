"""Processing one folder from the command line: a private database, an engine, and a bar that grows."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
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
from cloudlet.cryoem.database_files import check_database_files
from cloudlet.cryoem.errors import (
    FolderHoldsOthers,
    FolderInUse,
    ProductUnwritable,
    RawFolderEmpty,
    RawFolderUnusable,
)
from cloudlet.cryoem.names import MOVIE_SUFFIXES
from cloudlet.cryoem.settings import WITHOUT_EFFECT
from cloudlet.database import Database
from cloudlet.identity import host_actor
from cloudlet.instruments import Instruments
from cloudlet.migrations import upgrade
from cloudlet.openat import FileBeneath, PathRefused, opened_beneath

__all__ = ["Batch", "Counts", "Outcome", "folder_lock", "process_folder"]

DATABASE_NAME = "cloudlet.db"
_LOCK_NAME = ".cloudlet.lock"
_ACTOR = host_actor()
_LOOK_SECONDS = 0.25
_MOST_MOVIES = 100_000

Counts = Mapping[ExposureState, int]


@dataclass(frozen=True)
class Batch:
    """What is to be processed."""

    raw_folder: Path
    project_folder: Path
    settings: Mapping[str, Any]
    workers: int
    """Movies at a time."""
    threads: int = 1
    """For each of them."""
    is_watching: bool = False
    """Whether to go on for ever."""


@dataclass(frozen=True)
class Outcome:
    """How it ended."""

    run: Run
    counts: Counts
    done: list[Exposure]
    failures: list[Exposure]
    """Of movies that are in the folder, or were when this began."""
    gone: int
    """Movies that had failed before and are no longer in the folder."""

    @property
    def without_gain(self) -> int:
        """How many measured movies were taken as gain-corrected, because nobody named a gain reference."""
        return sum(each.results is not None and "gain_match" not in each.results.measurements for each in self.done)


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
    settings = workload.check_settings(batch.settings)
    _prepare_folders(batch, workload)
    with folder_lock(batch.project_folder), _database(batch.project_folder) as database:
        runs = Runs(database, Instruments(database))
        _check_results(runs, batch, settings)
        run = runs.start_run(batch.raw_folder, batch.project_folder, workload, batch.settings, by=_ACTOR)
        gone = {each.name for each in _failed(runs, run) if not os.path.lexists(batch.raw_folder / each.name)}
        runs.retry_failed(run.id, by=_ACTOR)
        _work(runs, run, workload, batch, show)
        failed = _failed(runs, run)
        failures = [each for each in failed if each.name not in gone]
        return Outcome(
            run=runs.run(run.id, by=_ACTOR),
            counts=runs.vitals(run.id, by=_ACTOR).counts,
            done=runs.exposures(run.id, by=_ACTOR, states=(ExposureState.DONE,), limit=_MOST_MOVIES),
            failures=failures,
            gone=len(failed) - len(failures),  # one that came back meanwhile is not gone
        )


def _failed(runs: Runs, run: Run) -> list[Exposure]:
    return runs.exposures(run.id, by=_ACTOR, states=(ExposureState.FAILED,), limit=_MOST_MOVIES)


def _check_results(runs: Runs, batch: Batch, settings: Mapping[str, Any]) -> None:
    """Refuse a project folder whose results would be mixed with those of other movies or other settings."""
    for run in runs.runs(by=_ACTOR):
        if not runs.vitals(run.id, by=_ACTOR).counts.get(ExposureState.DONE):
            continue
        if run.raw_folder != batch.raw_folder.absolute():
            raise FolderHoldsOthers(
                f"The results in {batch.project_folder} are those of the movies in {run.raw_folder}.",
                "Choose another folder with --out.",
            )
        changed = sorted(key for key in settings.keys() - WITHOUT_EFFECT if settings[key] != run.settings.get(key))
        if changed:
            raise FolderHoldsOthers(
                f"The results in {batch.project_folder} were measured with other settings: "
                + ", ".join(f"{key} was {_said(run.settings.get(key))}, is {_said(settings[key])}" for key in changed)
                + ".",
                "Choose another folder with --out, or the settings as they were.",
            )


def _said(value: object) -> str:
    return "not given" if value is None else str(value)


def _work(runs: Runs, run: Run, workload: Workload, batch: Batch, show: Callable[[Counts], None]) -> None:
    settings = AnalyticsSettings()
    pool = LocalPool(batch.workers, task_seconds=settings.task_seconds, threads=batch.threads)
    try:
        with Engine(runs, pool, settings, workers=batch.workers) as engine:
            engine.follow(run, workload, Following.FOR_EVER if batch.is_watching else Following.ONCE)
            with engine.running(until_idle=True) as ended:
                _show_until_ended(ended, lambda: show(runs.vitals(run.id, by=_ACTOR).counts))
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
    raw = batch.raw_folder
    if not raw.is_dir():
        what = f"{raw} is a file, not a folder" if raw.exists() else f"There is no folder {raw}"
        raise RawFolderUnusable(f"{what}.", "Name the folder that holds the movies, and check its mount.")
    check_apart(raw, batch.project_folder, workload.product_folders)
    if not batch.is_watching and not _holds_movies(raw, workload):
        raise RawFolderEmpty(
            f"There is no movie in {raw}.",
            f"Movies are called {MOVIE_SUFFIXES}, and subfolders are not looked into. "
            "With --watch it waits for the first one.",
        )
    try:
        batch.project_folder.mkdir(mode=0o755, parents=True, exist_ok=True)  # not the group's to write: see _database
    except OSError as cause:
        raise ProductUnwritable(
            f"The folder {batch.project_folder} cannot be made: {cause.strerror}.", "Choose another one with --out."
        ) from cause


def _holds_movies(raw: Path, workload: Workload) -> bool:
    try:
        return any(workload.is_exposure(path.name) for path in raw.iterdir())
    except OSError as cause:
        raise RawFolderUnusable(
            f"The folder {raw} cannot be read: {cause.strerror}.", "Check its permissions."
        ) from cause


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel gives it back however this process ends. What lies there is not changed."""
    with ExitStack() as until_released:
        try:
            lock = until_released.enter_context(opened_beneath(FileBeneath(folder, _LOCK_NAME), os.O_RDWR | os.O_CREAT))
        except PathRefused as cause:
            raise ProductUnwritable(
                f"The lock of {folder} cannot be taken: {cause.strerror}.",
                f"Remove {folder / _LOCK_NAME}, which is not what this program makes, or choose another folder "
                "with --out.",
            ) from cause
        except OSError as cause:
            raise ProductUnwritable(
                f"Nothing can be written into {folder}: {cause.strerror}.", "Choose another folder with --out."
            ) from cause
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise FolderInUse(
                f"Another process is at work in {folder}.", "Wait for it, or choose another folder with --out."
            ) from cause
        yield


@contextmanager
def _database(folder: Path) -> Iterator[Database]:
    check_database_files(folder, DATABASE_NAME)
    url = f"sqlite:///{folder.absolute() / DATABASE_NAME}"
    upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
