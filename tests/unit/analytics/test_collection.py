"""When collection files are written, and what a failure to write them says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from counting import Counting

from cloudlet.analytics import Results, Run, Runs
from cloudlet.analytics.collection import Collection
from cloudlet.analytics.rules import FileStamp, Phase
from cloudlet.analytics.watcher_messages import FileChange
from cloudlet.errors import CloudletError


class Here(Executor):
    """Runs every call at once, in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except (OSError, CloudletError) as problem:
            future.set_exception(problem)
        return future


class Collecting(Counting):
    """Counts how often it collects; fails while `is_broken`."""

    calls: list[list[str]]
    is_broken = False

    def collect(self, project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
        self.calls.append([name for name, _ in done])
        if self.is_broken:
            raise PermissionError("no")


@pytest.fixture
def workload() -> Collecting:
    workload = Collecting()
    object.__setattr__(workload, "calls", [])
    return workload


@pytest.fixture
def collection(runs: Runs, run: Run, workload: Collecting) -> Collection:
    ledger = runs.ledger(run.id)
    ledger.store_changes([FileChange("a", Phase.READY, FileStamp(1, 1), None)])
    attempt = ledger.begin_next()
    assert attempt is not None
    ledger.finish(attempt, Results({}))
    return Collection(ledger, workload, run, rest_seconds=3600)


def go_on(collection: Collection, *, is_last: bool) -> None:
    for _ in range(2):  # begin, then notice the end
        collection.go_on(Here(), is_last=is_last)


def test_nothing_is_written_before_there_is_a_result(collection: Collection, workload: Collecting) -> None:
    go_on(collection, is_last=True)
    assert workload.calls == []
    assert collection.is_settled


def test_results_that_follow_soon_wait_and_the_last_ones_do_not(collection: Collection, workload: Collecting) -> None:
    collection.note_result()
    go_on(collection, is_last=False)
    collection.note_result()
    go_on(collection, is_last=False)
    assert workload.calls == [["a"]]
    assert not collection.is_settled
    go_on(collection, is_last=True)
    assert workload.calls == [["a"], ["a"]]
    assert collection.is_settled


def test_a_failure_is_reported_and_is_not_repeated_at_once(collection: Collection, workload: Collecting) -> None:
    object.__setattr__(workload, "is_broken", True)
    collection.note_result()
    go_on(collection, is_last=True)
    go_on(collection, is_last=True)
    assert collection.problem is not None
    assert collection.problem.slug == "collection-failed"
    assert workload.calls == [["a"]]
    assert collection.is_settled
    assert not collection.is_idle


def test_a_project_folder_that_has_become_a_link_to_the_raw_folder_is_not_written(
    collection: Collection, workload: Collecting, run: Run
) -> None:
    run.project_folder.parent.mkdir(parents=True, exist_ok=True)
    run.project_folder.symlink_to(run.raw_folder)
    collection.note_result()
    go_on(collection, is_last=True)
    assert workload.calls == []
    assert collection.problem is not None
    assert "nothing is ever written" in collection.problem.message
