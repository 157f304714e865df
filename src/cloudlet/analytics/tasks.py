"""The edge of a task: what runs in the worker around a workload's processing, and how its failure is described."""

from __future__ import annotations

import errno
import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from cloudlet.analytics.errors import (
    ExposureChanged,
    ExposureVanished,
    MemoryExhausted,
    ProjectFolderFull,
    RawFolderGone,
)
from cloudlet.analytics.folders import check_apart, stamp_from
from cloudlet.analytics.models import ExposureTask, Problem, Results, Workload
from cloudlet.analytics.rules import FileStamp
from cloudlet.compute import memory_limited
from cloudlet.errors import CloudletError

__all__ = ["collect", "describe_failure", "perform"]

GIB = 1 << 30

logger = logging.getLogger(__name__)


def perform(workload: Workload, task: ExposureTask, stamp: FileStamp, memory_gib: float) -> Results:
    """Process one exposure in a worker, and return what came of it as plain numbers and texts, fit for the database.

    The file is looked at before and after, so that what was made of a file that was not the one expected does
    not count, and a failure is not blamed on an exposure whose folder went away or whose products find no room.
    Results that make no sense fail here, as their exposure's failure. Numbers that are not finite are left out: they
    were not measured.

    Parameters
    ----------
    workload, task
        What is done with which exposure.
    stamp
        Its file as it was seen last.
    memory_gib
        The memory that this may take.

    Raises
    ------
    ExposureVanished, ExposureChanged, RawFolderGone
        The file is not what was seen, whatever the workload made of it.
    ProjectFolderFull
        There is no room for the products.
    ProjectFolderInRaw
        A product could come to lie among the raw data.
    MemoryError
        It takes more than `memory_gib`.
    cloudlet.errors.CloudletError
        The workload cannot process this exposure.
    """
    with _unchanged(task.path, stamp):
        check_apart(task.path.parent, task.project_folder, workload.product_folders)  # a link may be new since a look
        try:
            with memory_limited(int(memory_gib * GIB)):
                return _parsed(workload.process(task))
        except Exception as problem:
            if _is_for_want_of_room(problem):
                raise ProjectFolderFull from problem
            raise


def collect(workload: Workload, raw_folder: Path, project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
    """Write a run's collection files in a worker.

    Raises
    ------
    ProjectFolderInRaw
        They would be written among the raw data.
    cloudlet.errors.CloudletError
        The workload cannot write them.
    """
    check_apart(raw_folder, project_folder, workload.product_folders)
    workload.collect(project_folder, done)


def describe_failure(name: str, problem: BaseException) -> Problem:
    """Return a task's failure in words for the researcher; the log gets the whole of what was not foreseen."""
    if isinstance(problem, MemoryError):
        problem = MemoryExhausted()
    if isinstance(problem, CloudletError):
        return Problem(problem.slug, problem.message, problem.remedy)
    logger.error("%s: unexpected failure", name, exc_info=problem)
    return Problem(
        "unexpected",
        f"Processing failed in a way nobody foresaw ({type(problem).__name__}).",
        "Retry it; if it fails again, tell the people who run the cloudlet: the details are in the edge's log.",
    )


def _parsed(results: Results) -> Results:
    return Results(
        measurements=_numbers(results.measurements),
        images=_paths(results.images),
        products=_paths(results.products),
        seconds=_numbers(results.seconds),
    )


def _numbers(values: Mapping[str, Any]) -> dict[str, float]:
    numbers = {str(key): float(value) for key, value in values.items()}
    return {key: number for key, number in numbers.items() if math.isfinite(number)}


def _paths(paths: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(PurePath(path)) for key, path in paths.items()}


@contextmanager
def _unchanged(path: Path, expected: FileStamp) -> Iterator[None]:
    """Raise where a file is not the expected one before the block, or not the very same after it.

    It is held meanwhile, so that its number is not given to another one. A file that was put away and back, so that
    the block could have read another in its place, shows by its time of change, which renaming sets too. An error
    raised afterwards replaces the block's own: it is the reason for it.
    """
    try:
        held = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as cause:
        raise _gone(path) from cause
    try:
        before = os.fstat(held)
        if stamp_from(before) != expected:
            raise ExposureChanged
        try:
            yield
        finally:
            _check(path, before)
    finally:
        os.close(held)


def _check(path: Path, before: os.stat_result) -> None:
    try:
        present = path.lstat()
    except OSError as cause:
        raise _gone(path) from cause
    is_same = os.path.samestat(present, before) and present.st_ctime_ns == before.st_ctime_ns
    if not is_same or stamp_from(present) != stamp_from(before):
        raise ExposureChanged


def _gone(path: Path) -> ExposureVanished | RawFolderGone:
    return ExposureVanished() if _has_entries(path.parent) else RawFolderGone()


def _is_for_want_of_room(problem: BaseException | None) -> bool:
    """Return whether a full disk lies behind `problem`, even where the workload has put it in its own words."""
    while problem is not None:
        if isinstance(problem, OSError) and problem.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        problem = problem.__cause__ or problem.__context__
    return False


def _has_entries(folder: os.PathLike[str]) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
