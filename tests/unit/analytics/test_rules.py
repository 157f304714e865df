"""When an exposure file is ready, failed, or waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloudlet.analytics.models import Problem, Readiness
from cloudlet.analytics.rules import FileStamp, Phase, Watched, folder_problem, is_due, judge, see

START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
PATIENCE = timedelta(seconds=300)
WAITING = Problem("waiting", "It is not all there.", "Wait.")
COMPLETE = Readiness(is_complete=True)
INCOMPLETE = Readiness(is_complete=False, problem=WAITING)
A, B = FileStamp(10, 1), FileStamp(20, 2)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def looked(*stamps: FileStamp | None, start: Watched | None = None) -> Watched | None:
    """Return what is remembered after looks one second apart."""
    watched = start
    for second, stamp in enumerate(stamps):
        watched = see(watched, stamp, at(second))
    return watched


def still() -> Watched:
    watched = looked(A, A)
    assert watched is not None
    return watched


def test_a_file_is_read_only_after_it_stood_still_over_two_looks() -> None:
    assert not is_due(looked(A) or still(), at(0), PATIENCE)
    assert not is_due(looked(A, B) or still(), at(1), PATIENCE)
    assert is_due(still(), at(1), PATIENCE)


def test_a_complete_file_is_ready_and_no_look_changes_that() -> None:
    ready = judge(still(), COMPLETE, at(1), PATIENCE)
    assert ready.phase is Phase.READY
    assert see(ready, B, at(2)) == see(ready, None, at(2)) == ready


def test_patience_ends_after_its_time_without_change() -> None:
    early = judge(still(), INCOMPLETE, at(299), PATIENCE)
    assert (early.phase, early.problem) == (Phase.STILL, WAITING)
    assert is_due(early, at(300), PATIENCE)
    late = judge(early, INCOMPLETE, at(300), PATIENCE)
    assert (late.phase, late.problem) == (Phase.FAILED, WAITING)


def test_a_change_renews_patience() -> None:
    waiting = judge(still(), INCOMPLETE, at(290), PATIENCE)
    grown = see(see(waiting, B, at(291)), B, at(292))
    assert grown is not None
    assert judge(grown, INCOMPLETE, at(400), PATIENCE).phase is Phase.STILL


def test_what_cannot_become_an_exposure_is_failed_at_once() -> None:
    final = Readiness(is_complete=False, problem=WAITING, is_final=True)
    assert judge(still(), final, at(1), PATIENCE).phase is Phase.FAILED


def test_a_workload_that_gives_no_reason_still_fails_with_a_sentence() -> None:
    assert judge(still(), Readiness(is_complete=False), at(400), PATIENCE).problem is not None


def test_one_listing_may_miss_a_file_and_two_mean_that_it_vanished() -> None:
    missed = looked(A, A, None)
    assert missed is not None
    assert missed.phase is Phase.GROWING
    vanished = looked(A, A, None, None)
    assert vanished is not None
    assert vanished.phase is Phase.FAILED
    assert vanished.problem is not None
    assert vanished.problem.slug == "exposure-vanished"


def test_a_failed_file_is_taken_up_again_only_when_it_differs() -> None:
    failed = Watched(Phase.FAILED, A, START)
    assert looked(A, A, start=failed) == failed
    assert (looked(B, start=failed) or failed).phase is Phase.GROWING
    assert (looked(None, A, start=failed) or failed).phase is Phase.GROWING


def test_a_file_that_never_was_is_not_remembered() -> None:
    assert looked(None, None) is None


def test_reading_an_incomplete_file_again_is_put_off_longer_and_longer() -> None:
    watched = still()
    readings = []
    for second in range(1, 300):
        if is_due(watched, at(second), PATIENCE):
            readings.append(second)
            watched = judge(watched, INCOMPLETE, at(second), PATIENCE)
    assert readings[:4] == [1, 2, 3, 4]
    assert len(readings) < 30


stamps = st.one_of(st.none(), st.builds(FileStamp, st.integers(0, 3), st.integers(0, 3)))
readinesses = st.sampled_from([COMPLETE, INCOMPLETE, Readiness(False, WAITING, is_final=True)])


@given(st.lists(st.tuples(stamps, readinesses), max_size=30))
def test_whatever_is_seen_only_a_file_that_stood_still_becomes_ready(
    scans: list[tuple[FileStamp | None, Readiness]],
) -> None:
    watched: Watched | None = None
    seen: list[FileStamp | None] = []
    for second, (stamp, readiness) in enumerate(scans):
        now = at(second)
        before, watched = watched, see(watched, stamp, now)
        seen.append(stamp)
        if watched is not None and is_due(watched, now, PATIENCE):
            watched = judge(watched, readiness, now, PATIENCE)
            assert seen[-1] == seen[-2]
        if before is not None and before.phase is not Phase.READY and watched and watched.phase is Phase.READY:
            assert seen[-1] is not None
            assert seen[-1] == seen[-2]
            assert readiness.is_complete
        if watched is not None and watched.phase is Phase.FAILED:
            assert watched.problem is not None


@given(st.lists(stamps, min_size=1, max_size=20))
def test_a_failed_file_stays_failed_exactly_as_long_as_it_is_the_same_or_gone(scans: list[FileStamp | None]) -> None:
    watched = Watched(Phase.FAILED, A, START, problem=WAITING)
    for second, stamp in enumerate(scans):
        after = see(watched, stamp, at(second))
        assert after is not None
        is_same = stamp is None or stamp == watched.stamp
        assert (after.phase is Phase.FAILED) == is_same
        if not is_same:
            return
        watched = after


def test_an_empty_folder_is_suspect_only_when_something_was_known_in_it() -> None:
    assert folder_problem("/raw", frozenset(), [], is_same_device=True) is None
    problem = folder_problem("/raw", frozenset(), ["a"], is_same_device=True)
    assert problem is not None
    assert "/raw" in problem.message


def test_another_device_is_suspect_unless_a_known_file_is_on_it() -> None:
    assert folder_problem("/raw", {"x"}, ["a"], is_same_device=False) is not None
    assert folder_problem("/raw", {"x", "a"}, ["a"], is_same_device=False) is None
    assert folder_problem("/raw", {"x"}, [], is_same_device=False) is None


def test_old_files_may_be_taken_away_while_new_ones_come() -> None:
    assert folder_problem("/raw", {"new"}, ["old"], is_same_device=True) is None
