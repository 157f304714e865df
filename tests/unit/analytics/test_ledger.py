"""The rows of exposures: what counts, and how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudlet.analytics import ExposureState, Problem, Results, Run, Runs
from cloudlet.analytics.ledger import Attempt, Ledger
from cloudlet.analytics.rules import FileStamp, Phase
from cloudlet.analytics.watcher_messages import FileChange
from cloudlet.clock import utc_now
from cloudlet.database import Database, ValueNotStorable
from cloudlet.events import read_after
from cloudlet.events.store import EventRow
from cloudlet.identity import Actor

TESTER = Actor.host("tester")

BAD = Problem("bad", "It is bad.", "Write another one.")
RESULTS = Results({"length": 3.0}, {"page": "pages/a.png"}, {"count": "counts/a"}, {"count": 0.1})
SECOND = 1_000_000_000


def change(name: str, phase: Phase, second: int = 0, problem: Problem | None = None) -> FileChange:
    return FileChange(name, phase, FileStamp(5, second * SECOND), problem)


@pytest.fixture
def ledger(runs: Runs, run: Run) -> Ledger:
    return runs.ledger(run.id)


def begin(ledger: Ledger) -> Attempt:
    attempt = ledger.begin_next()
    assert attempt is not None
    return attempt


def states(runs: Runs, run: Run) -> dict[str, str]:
    return {exposure.name: exposure.state.value for exposure in runs.exposures(run.id, by=TESTER)}


def test_the_oldest_file_is_begun_first(ledger: Ledger) -> None:
    ledger.store_changes([change("new", Phase.READY, 9), change("old", Phase.READY, 1)])
    assert [begin(ledger).name, begin(ledger).name] == ["old", "new"]
    assert ledger.begin_next() is None


def test_a_result_counts_once_and_only_under_its_attempt(ledger: Ledger, runs: Runs, run: Run) -> None:
    ledger.store_changes([change("a", Phase.READY)])
    attempt = begin(ledger)
    assert not ledger.finish(replace(attempt, token="another"), RESULTS)
    assert ledger.finish(attempt, RESULTS)
    assert not ledger.finish(attempt, Results({"length": 99.0}))
    assert not ledger.fail(attempt, BAD)
    exposure = runs.exposures(run.id, by=TESTER)[0]
    assert (exposure.state, exposure.results, exposure.attempts) == (ExposureState.DONE, RESULTS, 1)


def test_the_late_result_of_a_dead_engine_no_longer_counts(ledger: Ledger, runs: Runs, run: Run) -> None:
    ledger.store_changes([change("a", Phase.READY)])
    late = begin(ledger)
    ledger.resume()
    assert states(runs, run) == {"a": "queued"}
    again = begin(ledger)
    assert not ledger.finish(late, RESULTS)
    assert ledger.finish(again, RESULTS)


def test_a_lost_worker_queues_again_until_the_limit(ledger: Ledger, runs: Runs, run: Run) -> None:
    ledger.store_changes([change("a", Phase.READY)])
    outcomes = [ledger.lose(begin(ledger), BAD, limit=3) for _ in range(3)]
    assert outcomes == [ExposureState.QUEUED, ExposureState.QUEUED, ExposureState.FAILED]
    assert runs.exposures(run.id, by=TESTER)[0].problem == BAD
    runs.retry(runs.exposures(run.id, by=TESTER)[0].id, by=Actor.host("ada"))
    assert ledger.lose(begin(ledger), BAD, limit=3) is ExposureState.QUEUED


def test_the_watcher_has_no_say_over_what_is_queued_running_or_done(ledger: Ledger, runs: Runs, run: Run) -> None:
    ledger.store_changes([change(name, Phase.READY, second) for second, name in enumerate("abc")])
    ledger.finish(begin(ledger), RESULTS)
    begin(ledger)
    ledger.store_changes([change(name, Phase.FAILED, 9, BAD) for name in "abc"])
    assert states(runs, run) == {"a": "done", "b": "running", "c": "queued"}


def test_a_failed_exposure_that_changed_forgets_its_failure(ledger: Ledger, runs: Runs, run: Run) -> None:
    ledger.store_changes([change("a", Phase.FAILED, problem=BAD)])
    ledger.store_changes([change("a", Phase.GROWING, 4)])
    exposure = runs.exposures(run.id, by=TESTER)[0]
    assert (exposure.state, exposure.problem, exposure.finished_at) == (ExposureState.ARRIVING, None, None)
    assert exposure.written_at == datetime(1970, 1, 1, 0, 0, 4, tzinfo=UTC)


def test_an_impossible_file_time_does_no_harm(ledger: Ledger, runs: Runs, run: Run) -> None:
    times = {"past": -(2**62), "future": 2**62}
    ledger.store_changes([FileChange(name, Phase.READY, FileStamp(1, ns), None) for name, ns in times.items()])
    assert {begin(ledger).stamp for _ in times} == {FileStamp(1, ns) for ns in times.values()}
    assert runs.vitals(run.id, by=TESTER).lag_seconds is not None


def test_a_new_watcher_learns_what_the_rows_say(ledger: Ledger) -> None:
    gone = Problem("exposure-vanished", "It vanished.", "Put it back.")
    ledger.store_changes([change(name, Phase.READY, second) for second, name in enumerate("abc")])
    ledger.store_changes([change("d", Phase.GROWING), change("e", Phase.FAILED, 7, BAD)])
    ledger.store_changes([FileChange("f", Phase.FAILED, None, gone)])
    ledger.finish(begin(ledger), RESULTS)
    begin(ledger)
    known = ledger.known()
    assert known.done == {"a"}
    assert known.handed == {"b", "c"}
    assert known.arriving == {"d"}
    assert known.held == {"e": FileStamp(5, 7 * SECOND), "f": None}


def test_results_are_handed_to_the_collection_by_name(ledger: Ledger) -> None:
    ledger.store_changes([change("b", Phase.READY, 1), change("a", Phase.READY, 2)])
    for _ in range(2):
        ledger.finish(begin(ledger), RESULTS)
    assert ledger.results() == [("a", RESULTS), ("b", RESULTS)]


acts = st.lists(
    st.tuples(
        st.sampled_from(["see", "ready", "fail-look", "begin", "finish", "fail", "lose", "resume"]), st.booleans()
    ),
    max_size=25,
)


@given(acts)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_change_has_its_event_and_a_number_of_its_own(
    database: Database, runs: Runs, run: Run, story: list[tuple[str, bool]]
) -> None:
    ledger = runs.ledger(run.id)
    attempts: list[Attempt] = []
    before = max((each.change for each in runs.exposures(run.id, by=TESTER)), default=0)
    for act, is_first in story:
        name = "first" if is_first else "second"
        attempt = attempts[0 if is_first else -1] if attempts else None
        match act:
            case "see":
                ledger.store_changes([change(name, Phase.GROWING)])
            case "ready":
                ledger.store_changes([change(name, Phase.READY)])
            case "fail-look":
                ledger.store_changes([change(name, Phase.FAILED, problem=BAD)])
            case "begin":
                attempts += [begun] if (begun := ledger.begin_next()) else []
            case "resume":
                ledger.resume()
            case "finish" if attempt:
                ledger.finish(attempt, RESULTS)
            case "fail" if attempt:
                ledger.fail(attempt, BAD)
            case "lose" if attempt:
                ledger.lose(attempt, BAD, 3)
    with database.read() as work:
        news = read_after(work, before, kinds=["analytics.exposure-changed"])
    last = {each.data["exposure_id"]: (each.id, each.data["state"]) for each in news}
    exposures = {
        each.id: (each.change, each.state.value) for each in runs.exposures(run.id, after_change=before, by=TESTER)
    }
    assert exposures == last
    for exposure in runs.exposures(run.id, by=TESTER):
        assert (exposure.results is not None) == (exposure.state is ExposureState.DONE)
        assert (exposure.problem is not None) == (exposure.state is ExposureState.FAILED)


def test_the_change_numbers_of_many_rows_are_those_of_their_own_events(
    ledger: Ledger, runs: Runs, run: Run, database: Database
) -> None:
    with database.write() as work:
        work.add_all(EventRow(at=utc_now(), kind="x", subject="x", data={}) for _ in range(3))
    ledger.store_changes([change(f"{number:03}", Phase.READY, 500 - number) for number in range(500)])
    with database.read() as work:
        news = read_after(work, 0, kinds=["analytics.exposure-changed"])
    by_exposure = {each.data["exposure_id"]: each.id for each in news}
    assert {each.id: each.change for each in runs.exposures(run.id, by=TESTER)} == by_exposure
    assert len(by_exposure) == 500


def test_a_result_that_is_no_number_is_refused_and_leaves_the_attempt_as_it_was(
    ledger: Ledger, runs: Runs, run: Run
) -> None:
    ledger.store_changes([change("a", Phase.READY)])
    attempt = begin(ledger)
    with pytest.raises(ValueNotStorable):
        ledger.finish(attempt, Results({"length": float("inf")}))
    assert states(runs, run) == {"a": "running"}
    odd = Results({"length": 1.0}, {"page": "pages/\udcff\0.png"})
    assert ledger.finish(attempt, odd)
    assert runs.exposures(run.id, by=TESTER)[0].results == odd
