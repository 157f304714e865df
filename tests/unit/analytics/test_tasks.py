"""The edge of a task: which failure is whose."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from counting import Counting, Refused
from edges import ENDED

from cloudlet.analytics import ExposureTask, Results
from cloudlet.analytics.errors import (
    ExposureChanged,
    ExposureVanished,
    ProjectFolderFull,
    ProjectFolderInRaw,
    RawFolderGone,
)
from cloudlet.analytics.folders import stamp_of
from cloudlet.analytics.rules import FileStamp
from cloudlet.analytics.tasks import describe_failure, perform


@pytest.fixture
def task(raw: Path, tmp_path: Path) -> ExposureTask:
    path = raw / "a.txt"
    path.write_text(ENDED)
    return ExposureTask(path, tmp_path, {"factor": 1})


def stamp(task: ExposureTask) -> FileStamp:
    seen = stamp_of(task.path)
    assert seen is not None
    return seen


def test_the_file_that_was_seen_is_processed(task: ExposureTask) -> None:
    assert perform(Counting(), task, stamp(task), 4).measurements == {"length": len(ENDED)}


@dataclass(frozen=True)
class Returning(Counting):
    """Gives the same results for every text."""

    results: Any

    def process(self, task: ExposureTask) -> Results:
        return self.results  # type: ignore[no-any-return]


def test_results_become_plain_numbers_and_texts(task: ExposureTask) -> None:
    returned = Results(
        {"length": np.float32(1.5), "lines": np.int64(2)}, {"page": Path("pages/a.png")}, {}, {"count": 1}
    )
    results = perform(Returning(returned), task, stamp(task), 4)
    assert json.loads(json.dumps(asdict(results))) == {
        "measurements": {"length": 1.5, "lines": 2.0},
        "images": {"page": "pages/a.png"},
        "products": {},
        "seconds": {"count": 1.0},
    }


def test_what_was_not_measured_is_absent(task: ExposureTask) -> None:
    returned = Results({"length": float("nan"), "width": np.float32("inf"), "height": 1.0})
    assert perform(Returning(returned), task, stamp(task), 4).measurements == {"height": 1.0}


@pytest.mark.parametrize(
    "returned", [None, Results({"length": None}), Results({}, {"page": None}), Results({"a": "b"})]
)
def test_results_that_make_no_sense_fail_in_the_worker(task: ExposureTask, returned: Any) -> None:
    with pytest.raises((AttributeError, TypeError, ValueError)):
        perform(Returning(returned), task, stamp(task), 4)


def test_a_file_that_is_not_the_one_that_was_seen_is_not_processed(task: ExposureTask) -> None:
    with pytest.raises(ExposureChanged):
        perform(Counting(), task, FileStamp(1, 1), 4)


def test_a_file_that_is_gone_has_vanished_while_the_folder_shows_others(task: ExposureTask) -> None:
    expected = stamp(task)
    (task.path.parent / "other").touch()
    task.path.unlink()
    with pytest.raises(ExposureVanished):
        perform(Counting(), task, expected, 4)


def test_an_empty_or_missing_folder_is_not_blamed_on_the_exposure(task: ExposureTask) -> None:
    expected = stamp(task)
    task.path.unlink()
    with pytest.raises(RawFolderGone):
        perform(Counting(), task, expected, 4)
    task.path.parent.rmdir()
    with pytest.raises(RawFolderGone):
        perform(Counting(), task, expected, 4)


def test_a_failure_while_the_file_changed_is_blamed_on_the_change(task: ExposureTask) -> None:
    expected = stamp(task)

    class Spoiling(Counting):
        def process(self, task: ExposureTask) -> None:  # type: ignore[override]
            task.path.write_text("changed meanwhile")
            raise Refused("The file makes no sense.")

    with pytest.raises(ExposureChanged):
        perform(Spoiling(), task, expected, 4)


def replaced(path: Path) -> None:
    """Put another file of the same size and time in its place."""
    former = path.stat()
    other = path.with_name("other")
    other.write_text("OTHER".ljust(former.st_size))
    os.utime(other, ns=(former.st_atime_ns, former.st_mtime_ns))
    other.replace(path)


def replaced_and_put_back(path: Path) -> None:
    """Give a reader another file, and leave no trace but the time of change."""
    aside = path.with_name("aside")
    os.link(path, aside)
    replaced(path)
    aside.replace(path)


@pytest.mark.parametrize("swap", [replaced, replaced_and_put_back])
def test_results_of_another_file_that_looks_alike_do_not_count(
    task: ExposureTask, swap: Callable[[Path], None]
) -> None:
    expected = stamp(task)

    class Swapping(Counting):
        def process(self, task: ExposureTask) -> Results:
            swap(task.path)
            return Results({"length": 1.0})

    with pytest.raises(ExposureChanged):
        perform(Swapping(), task, expected, 4)
    assert stamp(task) == expected


def test_a_file_that_is_a_link_by_now_is_not_the_one_that_was_seen(task: ExposureTask) -> None:
    expected = stamp(task)
    task.path.rename(task.path.with_name("other"))
    task.path.symlink_to("other")
    with pytest.raises(ExposureChanged):
        perform(Counting(), task, expected, 4)


def test_a_sentence_that_was_written_for_people_is_kept() -> None:
    problem = describe_failure("a", Refused("It may not.", "Ask."))
    assert (problem.slug, problem.message, problem.remedy) == ("refused", "It may not.", "Ask.")


class Full(Counting):
    def process(self, task: ExposureTask) -> Results:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as cause:
            raise Refused("The product could not be written.") from cause


def test_a_full_disk_is_not_blamed_on_the_exposure(task: ExposureTask) -> None:
    with pytest.raises(ProjectFolderFull):
        perform(Full(), task, stamp(task), 4)


def test_what_nobody_foresaw_goes_to_the_log_whole(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        problem = describe_failure("a.txt", ZeroDivisionError("secret detail"))
    assert problem.slug == "unexpected"
    assert "secret detail" not in problem.message
    assert "a.txt" in caplog.text
    assert "secret detail" in caplog.text


def test_a_product_folder_that_has_become_a_link_to_the_raw_folder_is_not_written(task: ExposureTask) -> None:
    (task.project_folder / "kept").symlink_to(task.path.parent)
    with pytest.raises(ProjectFolderInRaw):
        perform(Counting(), task, stamp(task), 4)
    assert [path.name for path in task.path.parent.iterdir()] == ["a.txt"]


def test_memory_is_limited_while_an_exposure_is_processed_and_no_longer(task: ExposureTask) -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    task.path.write_text("LARGE\nEND\n")
    with pytest.raises(MemoryError):
        perform(Counting(), task, stamp(task), 2)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_want_of_memory_is_reported_in_a_sentence() -> None:
    problem = describe_failure("a.txt", MemoryError())
    assert problem.slug == "memory-exhausted"
    assert "more memory" in problem.message
