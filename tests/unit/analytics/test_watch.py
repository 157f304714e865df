"""The engine's end of a watcher: silence and age, told by a clock that nobody can set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from counting import Counting
from edges import until

from cloudlet.analytics.watch import Watch
from cloudlet.analytics.watcher_messages import Assignment, Known


@dataclass
class Stopwatch:
    """Seconds in hand."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


@pytest.fixture
def watch(raw: Path, project: Path, stopwatch: Stopwatch) -> Iterator[Watch]:
    watch = Watch(Assignment(raw, project, Counting(), {}, 60.0, 300.0, Known()), stopwatch)
    yield watch
    watch.close()


def test_silence_counts_from_the_beginning_and_from_each_word(watch: Watch, stopwatch: Stopwatch) -> None:
    stopwatch.seconds += 7
    assert watch.silence_seconds() == 7
    until(watch.hear)
    assert watch.silence_seconds() == 0
    stopwatch.seconds += 3
    assert watch.silence_seconds() == 3


def test_age_counts_from_the_first_word(watch: Watch, stopwatch: Stopwatch) -> None:
    stopwatch.seconds += 7
    assert watch.age_seconds() == 0
    until(watch.hear)
    stopwatch.seconds += 3
    assert watch.age_seconds() == 3


def test_a_watcher_keeps_numerical_libraries_to_one_thread_lest_they_take_its_memory(watch: Watch) -> None:
    assert b"OPENBLAS_NUM_THREADS=1" in Path(f"/proc/{watch.pid}/environ").read_bytes().split(b"\0")
