"""Lag and rate, with the clock in hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from counting import Counting

from cloudlet.analytics import ExposureState, Results, Runs, Vitals
from cloudlet.analytics.rules import FileStamp, Phase
from cloudlet.analytics.watcher_messages import FileChange
from cloudlet.database import Database
from cloudlet.identity import Actor
from cloudlet.instruments import Instruments

TESTER = Actor.host("tester")

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


class Night:
    """A run whose files and results come at stated seconds."""

    def __init__(self, database: Database, tmp_path: Path) -> None:
        self.second = 0.0
        self.runs = Runs(database, Instruments(database), lambda: START + timedelta(seconds=self.second))
        self.run = self.runs.start_run(tmp_path / "raw", tmp_path / "out", Counting(), {}, by=Actor.host("tester"))
        self.ledger = self.runs.ledger(self.run.id)

    def write(self, name: str, second: float) -> None:
        ns = int((START.timestamp() + second) * 1e9)
        self.ledger.store_changes([FileChange(name, Phase.READY, FileStamp(1, ns), None)])

    def finish(self, second: float) -> None:
        self.second = second
        attempt = self.ledger.begin_next()
        assert attempt is not None
        self.ledger.finish(attempt, Results({}))

    def vitals(self, second: float) -> Vitals:
        self.second = second
        return self.runs.vitals(self.run.id, by=TESTER)


@pytest.fixture
def night(database: Database, tmp_path: Path) -> Night:
    return Night(database, tmp_path)


def test_before_anything_there_is_no_lag_and_no_rate(night: Night) -> None:
    vitals = night.vitals(0)
    assert (vitals.lag_seconds, vitals.per_hour, vitals.newest_result_at) == (None, None, None)
    assert vitals.counts == dict.fromkeys(ExposureState, 0)


def test_lag_is_the_newest_results_and_does_not_grow_when_nothing_waits(night: Night) -> None:
    night.write("a", 10)
    night.finish(17)
    vitals = night.vitals(500)
    assert vitals.lag_seconds == 7
    assert vitals.newest_result_at == START + timedelta(seconds=17)


def test_lag_grows_with_the_oldest_exposure_still_waiting(night: Night) -> None:
    night.write("a", 10)
    night.finish(17)
    night.write("b", 20)
    night.write("c", 25)
    assert night.vitals(26).lag_seconds == 7
    assert night.vitals(60).lag_seconds == 40


def test_a_camera_clock_that_is_ahead_makes_no_negative_lag(night: Night) -> None:
    night.write("a", 100)
    night.finish(50)
    assert night.vitals(50).lag_seconds == 0


def test_a_retry_counts_from_when_it_was_asked_for(night: Night) -> None:
    night.ledger.store_changes([FileChange("a", Phase.FAILED, FileStamp(1, int(START.timestamp() * 1e9)), None)])
    night.second = 7200
    night.runs.retry(night.runs.exposures(night.run.id, by=TESTER)[0].id, by=Actor.host("ada"))
    night.finish(7203)
    assert night.vitals(7203).lag_seconds == 3


def test_the_rate_is_that_of_a_steady_camera(night: Night) -> None:
    for number in range(200):
        night.write(f"{number:03}", number * 5)
        night.finish(number * 5 + 3)
    assert night.vitals(199 * 5 + 3).per_hour == pytest.approx(720)


def test_the_rate_falls_when_results_stay_away(night: Night) -> None:
    for second in (0, 60):
        night.write(str(second), second)
        night.finish(second)
    assert night.vitals(60).per_hour == pytest.approx(60)
    assert night.vitals(120).per_hour == pytest.approx(30)
    assert night.vitals(661).per_hour is None


def test_one_result_makes_no_rate(night: Night) -> None:
    night.write("a", 0)
    night.finish(1)
    assert night.vitals(2).per_hour is None
