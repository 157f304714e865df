"""Beginning runs, asking for exposures, and trying again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from counting import Counting, Refused

from cloudlet.analytics import (
    ExposureState,
    ExposureUnknown,
    Problem,
    Results,
    RetryRefused,
    Run,
    Runs,
    RunUnknown,
    WorkloadUnknown,
    find_workload,
)
from cloudlet.analytics.rules import FileStamp, Phase
from cloudlet.analytics.watcher_messages import FileChange
from cloudlet.audit import read
from cloudlet.database import Database
from cloudlet.events import read_after
from cloudlet.identity import Actor
from cloudlet.instruments import Instrument, Instruments, InstrumentSession, Level
from cloudlet.web import Forbidden

TESTER = Actor.host("tester")

BAD = Problem("bad", "It is bad.", "Write another one.")
SECOND = 1_000_000_000


@pytest.fixture
def session(database: Database, tmp_path: Path) -> InstrumentSession:
    instruments = Instruments(database)
    instruments.register(Instrument("scope", "Scope", ""), by=Actor.host("tester"))
    return instruments.open_session(
        "scope",
        title="Night",
        project="alpha",
        raw_folder=tmp_path / "raw",
        project_folder=tmp_path / "project",
        people={"ada": Level.OPERATE, "ben": Level.OBSERVE},
        starts_at=datetime(2026, 3, 1, tzinfo=UTC),
        ends_at=None,
        by=Actor.host("tester"),
    )


def put(runs: Runs, run: Run, *names: str, phase: Phase = Phase.READY) -> None:
    """Write exposures, each a second younger than the one before."""
    problem = BAD if phase is Phase.FAILED else None
    runs.ledger(run.id).store_changes(
        [FileChange(name, phase, FileStamp(5, number * SECOND), problem) for number, name in enumerate(names)]
    )


def named(runs: Runs, run: Run) -> dict[str, int]:
    return {exposure.name: exposure.id for exposure in runs.exposures(run.id, by=TESTER)}


def test_a_session_has_one_run_with_the_workloads_declaration(runs: Runs, session: InstrumentSession) -> None:
    run = runs.ensure_run(session, Counting(), {})
    assert runs.ensure_run(session, Counting(), {}) == run
    assert run.declaration == Counting().declaration
    assert run.settings == {"factor": 1}
    assert (
        runs.run(run.id, by=TESTER)
        == runs.run_of_session(session.id, by=TESTER)
        == runs.latest_run("scope", by=TESTER)
        == run
    )
    assert runs.latest_run("another", by=TESTER) is None


def test_a_run_takes_on_changed_settings_and_says_so(
    database: Database, runs: Runs, session: InstrumentSession
) -> None:
    first = runs.ensure_run(session, Counting(), {})
    second = runs.ensure_run(session, Counting(), {"factor": 2})
    assert (second.id, second.settings) == (first.id, {"factor": 2})
    with database.read() as work:
        acts = [each.act.what for each in read(work, subject=str(first.id))]
        news = read_after(work, 0, kinds=["analytics.run-changed"])
    assert acts == ["analytics.run-settings-changed", "analytics.run-started"]
    assert [each.subject for each in news] == [str(first.id)] * 2


def test_a_run_with_settings_the_workload_refuses_is_not_begun(runs: Runs, session: InstrumentSession) -> None:
    with pytest.raises(Refused, match="colour"):
        runs.ensure_run(session, Counting(), {"colour": 1})
    assert runs.run_of_session(session.id, by=TESTER) is None


def test_a_second_start_on_the_same_folders_carries_on(runs: Runs, run: Run, tmp_path: Path) -> None:
    again = runs.start_run(run.raw_folder, run.project_folder, Counting(), {}, by=Actor.host("tester"))
    other = runs.start_run(run.raw_folder, tmp_path / "other", Counting(), {}, by=Actor.host("tester"))
    assert again.id == run.id
    assert other.id != run.id


def test_a_page_catches_up_by_the_change_number(runs: Runs, run: Run) -> None:
    put(runs, run, "a", "b", "c", phase=Phase.GROWING)
    first = runs.exposures(run.id, limit=2, by=TESTER)
    rest = runs.exposures(run.id, after_change=first[-1].change, by=TESTER)
    assert [each.name for each in first + rest] == ["a", "b", "c"]
    cursor = rest[-1].change
    assert runs.exposures(run.id, after_change=cursor, by=TESTER) == []

    put(runs, run, "a")
    assert [each.name for each in runs.exposures(run.id, after_change=cursor, by=TESTER)] == ["a"]


def test_exposures_can_be_asked_for_by_age_and_by_state(runs: Runs, run: Run) -> None:
    put(runs, run, "a", "b", "c")
    runs.ledger(run.id).begin_next()
    assert [each.name for each in runs.exposures(run.id, newest_first=True, limit=2, by=TESTER)] == ["c", "b"]
    running = runs.exposures(run.id, states=[ExposureState.RUNNING], by=TESTER)
    assert [each.name for each in running] == ["a"]


def test_neighbours_follow_the_time_of_writing_and_end_at_the_ends(runs: Runs, run: Run) -> None:
    put(runs, run, "a", "b", "c")
    ids = named(runs, run)
    assert runs.neighbours(ids["a"], by=TESTER) == (None, ids["b"])
    assert runs.neighbours(ids["b"], by=TESTER) == (ids["a"], ids["c"])
    assert runs.neighbours(ids["c"], by=TESTER) == (ids["b"], None)
    with pytest.raises(ExposureUnknown):
        runs.neighbours(10**6, by=TESTER)


def test_retry_queues_a_failed_exposure_and_is_on_record(database: Database, runs: Runs, run: Run) -> None:
    put(runs, run, "a", phase=Phase.FAILED)
    exposure = runs.exposures(run.id, by=TESTER)[0]
    runs.retry(exposure.id, by=Actor.host("ada"))
    again = runs.exposure(exposure.id, by=TESTER)
    assert again is not None
    assert (again.state, again.problem, again.finished_at) == (ExposureState.QUEUED, None, None)
    assert again.change > exposure.change
    with database.read() as work:
        act = read(work, what="analytics.exposure-retried")[0].act
    assert (act.actor, act.subject, act.detail["name"]) == ("host:ada", str(exposure.id), "a")


def test_retry_refuses_what_has_not_failed_and_what_is_not_there(runs: Runs, run: Run) -> None:
    put(runs, run, "a")
    with pytest.raises(RetryRefused, match="queued"):
        runs.retry(named(runs, run)["a"], by=Actor.host("ada"))
    with pytest.raises(ExposureUnknown):
        runs.retry(10**6, by=Actor.host("ada"))


def test_all_failed_exposures_can_be_tried_again_at_once(runs: Runs, run: Run) -> None:
    put(runs, run, "a", "b", phase=Phase.FAILED)
    put(runs, run, "c")
    assert runs.retry_failed(run.id, by=Actor.host("ada")) == 2
    assert runs.vitals(run.id, by=TESTER).counts[ExposureState.QUEUED] == 3


def test_runs_with_work_are_those_with_something_arriving_queued_or_running(runs: Runs, run: Run) -> None:
    assert runs.runs_with_work() == []
    put(runs, run, "a", phase=Phase.GROWING)
    assert [each.id for each in runs.runs_with_work()] == [run.id]
    put(runs, run, "a")
    assert [each.id for each in runs.runs_with_work()] == [run.id]
    attempt = runs.ledger(run.id).begin_next()
    assert attempt is not None
    runs.ledger(run.id).finish(attempt, Results({}))
    assert runs.runs_with_work() == []


def test_a_problem_is_news_when_it_comes_and_when_it_goes_only(database: Database, runs: Runs, run: Run) -> None:
    for problem in (None, BAD, BAD, None):
        runs.note_problem(run.id, problem)
    with database.read() as work:
        news = read_after(work, 0, kinds=["analytics.run-changed"])
    assert len(news) == 3  # the beginning, and these two


def test_an_unknown_workload_is_named_with_those_that_are_known() -> None:
    with pytest.raises(WorkloadUnknown, match="'no-such'"):
        find_workload("no-such")


def test_what_does_not_exist_and_what_may_not_be_seen_are_refused_alike(
    runs: Runs, run: Run, session: InstrumentSession
) -> None:
    theirs = runs.ensure_run(session, Counting(), {})
    put(runs, theirs, "a", phase=Phase.FAILED)
    number = named(runs, theirs)["a"]
    eve = Actor.person("eve")
    refusals = set()
    for wanted in (theirs.id, 10**6, 2**40):
        for ask in (runs.run, runs.exposures, runs.vitals, runs.may_retry, runs.retry_failed):
            with pytest.raises(RunUnknown) as refused:
                ask(wanted, by=eve)
            refusals.add(str(refused.value))
    for wanted in (number, 10**6, 2**40):
        for ask in (runs.exposure, runs.neighbours, runs.retry):
            with pytest.raises(ExposureUnknown) as refused:
                ask(wanted, by=eve)
            refusals.add(str(refused.value))
    assert len(refusals) == 2
    assert runs.run_of_session(session.id, by=eve) is None
    assert runs.latest_run(theirs.instrument, by=eve) is None
    assert runs.runs(by=eve) == []
    assert named(runs, theirs) == {"a": number}
    assert runs.exposure(number, by=TESTER).state is ExposureState.FAILED


def test_the_people_of_a_session_see_its_run_and_retry_by_their_level(runs: Runs, session: InstrumentSession) -> None:
    run = runs.ensure_run(session, Counting(), {})
    put(runs, run, "a", "b", phase=Phase.FAILED)
    ada, ben = Actor.person("ada"), Actor.person("ben")
    assert runs.run(run.id, by=ben) == run
    assert not runs.may_retry(run.id, by=ben)
    with pytest.raises(Forbidden, match="operate"):
        runs.retry(named(runs, run)["a"], by=ben)
    with pytest.raises(Forbidden, match="operate"):
        runs.retry_failed(run.id, by=ben)
    runs.retry(named(runs, run)["a"], by=ada)
    assert runs.exposure(named(runs, run)["a"], by=ada).state is ExposureState.QUEUED


def test_a_person_has_no_folder_of_the_host_processed(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="commands on this host"):
        runs.start_run(tmp_path / "raw", tmp_path / "project", Counting(), {}, by=Actor.person("ada"))
    assert runs.runs(by=TESTER) == []
