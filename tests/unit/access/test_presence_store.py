"""One operator at a time, and each period on the record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from cloudlet.access import Authorization
from cloudlet.access.models import AbandonedConsole, ConsoleState, InputTrace, PointerState
from cloudlet.access.presence_store import PresenceStore, state_of
from cloudlet.access.store import ControlRow, ViewerRow
from cloudlet.audit import read
from cloudlet.database import Database
from cloudlet.events import read_after
from cloudlet.instruments import Level

SCOPE = "scope-1"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def presence(database: Database, clock: Clock) -> PresenceStore:
    return PresenceStore(database, clock)


def of(username: str, level: Level = Level.OPERATE) -> Authorization:
    return Authorization(username, username.title(), SCOPE, level, "0" * 64)


def state(database: Database) -> ConsoleState:
    with database.read() as work:
        return state_of(work, SCOPE)


def acts(database: Database) -> list[tuple[str, str, dict[str, str]]]:
    with database.read() as work:
        return [(one.act.actor, one.act.what, one.act.detail) for one in reversed(read(work, subject=SCOPE))]


def test_first_who_may_operate_gets_control_and_later_ones_observe(presence: PresenceStore, database: Database) -> None:
    sessions = [presence.arrive(one) for one in (of("oskar", Level.OBSERVE), of("ada"), of("ben"))]
    assert [viewer_session.has_control for viewer_session in sessions] == [False, True, False]
    now = state(database)
    assert now.operator is not None
    assert (now.operator.username, now.operator.display_name, now.operator.since) == ("ada", "Ada", NOON)
    assert [viewer.username for viewer in now.observers] == ["oskar", "ben"]


def test_newer_window_of_the_operator_displaces_the_older_one(presence: PresenceStore, database: Database) -> None:
    older = presence.arrive(of("ada"))
    newer = presence.arrive(of("ada"))
    assert (newer.has_control, newer.displaced) == (True, older.id)
    presence.leave(older.id, "closed by the operator")
    now = state(database)
    assert now.operator is not None
    assert now.observers == ()


def test_record_says_who_operated_from_when_to_when(presence: PresenceStore, database: Database, clock: Clock) -> None:
    viewer_session = presence.arrive(of("ada"))
    clock.move(90)
    presence.leave(viewer_session.id, "connection lost")
    taken, released = acts(database)
    assert taken == ("ada", "access.control-taken", {"since": "2026-03-01T12:00:00+00:00", "level": "operate"})
    assert released[:2] == ("ada", "access.control-released")
    assert released[2] == {
        "operator": "ada",
        "since": "2026-03-01T12:00:00+00:00",
        "until": "2026-03-01T12:01:30+00:00",
        "cause": "connection lost",
    }


def test_place_hears_whether_its_control_still_stands(presence: PresenceStore) -> None:
    older, observer = presence.arrive(of("ada")), presence.arrive(of("ben"))
    assert presence.heartbeat(older.id, InputTrace())
    assert not presence.heartbeat(observer.id, InputTrace())
    newer = presence.arrive(of("ada"))
    assert [presence.heartbeat(viewer_session.id, InputTrace()) for viewer_session in (older, newer)] == [
        False,
        True,
    ]


def test_period_ends_when_the_operator_left_although_it_could_be_written_only_later(
    presence: PresenceStore, database: Database, clock: Clock
) -> None:
    viewer_session = presence.arrive(of("ada"))
    clock.move(60)
    left_at = clock.now
    clock.move(60)
    presence.leave(viewer_session.id, "connection lost", left_at)
    assert acts(database)[-1][2]["until"] == "2026-03-01T12:01:00+00:00"


def test_observers_leave_no_control_record(presence: PresenceStore, database: Database) -> None:
    viewer_session = presence.arrive(of("oskar", Level.OBSERVE))
    presence.leave(viewer_session.id, "page left")
    assert acts(database) == []
    assert state(database).observers == ()


def test_who_loses_control_goes_on_observing_and_it_is_free(presence: PresenceStore, database: Database) -> None:
    first = presence.arrive(of("ada"))
    presence.lose_control(first.id, "may not operate any more")
    presence.lose_control(first.id, "may not operate any more")
    assert [viewer.username for viewer in state(database).observers] == ["ada"]
    assert presence.arrive(of("ben")).has_control
    assert [what for _, what, _ in acts(database)].count("access.control-released") == 1


def test_every_coming_and_going_is_news(presence: PresenceStore, database: Database) -> None:
    viewer_session = presence.arrive(of("ada"))
    presence.heartbeat(viewer_session.id, InputTrace(PointerState(1, 2, 0)))
    presence.leave(viewer_session.id, "page left")
    presence.leave(viewer_session.id, "page left")
    with database.read() as work:
        news = [(one.kind, one.subject) for one in read_after(work, 0)]
    assert news == [("access.console-changed", SCOPE)] * 2


def test_after_a_killed_gateway_periods_end_at_the_last_sign_of_life(
    presence: PresenceStore, database: Database, clock: Clock
) -> None:
    viewer_session = presence.arrive(of("ada"))
    presence.arrive(of("ben"))
    clock.move(8)
    presence.heartbeat(viewer_session.id, InputTrace(PointerState(30, 40, 1)))
    clock.move(600)
    assert presence.recover() == [AbandonedConsole(SCOPE, InputTrace(PointerState(30, 40, 1)))]
    actor, what, detail = acts(database)[-1]
    assert (actor, what) == ("rule:gateway-restart", "access.control-released")
    assert (detail["operator"], detail["until"]) == ("ada", "2026-03-01T12:00:08+00:00")
    assert detail["cause"] == "gateway ended unexpectedly"
    assert state(database) == ConsoleState(SCOPE, None, (), None)
    assert presence.recover() == []


def test_what_was_pressed_is_known_after_a_kill_and_forgotten_once_it_is_let_go_of(
    presence: PresenceStore, database: Database
) -> None:
    trace = InputTrace(PointerState(30, 40, 1), frozenset({0x6C1, 0x100263A}), has_scan_codes=True)
    presence.heartbeat(presence.arrive(of("ada")).id, trace)
    assert presence.recover() == [AbandonedConsole(SCOPE, trace)]
    with database.read() as work:
        assert work.scalar(select(ControlRow.keysyms)) == []


def test_pointer_that_was_never_seen_is_unknown_after_a_kill(presence: PresenceStore) -> None:
    presence.arrive(of("ada"))
    assert presence.recover() == [AbandonedConsole(SCOPE, InputTrace())]


def test_problem_of_a_console_is_shown_until_it_is_reached_again(presence: PresenceStore, database: Database) -> None:
    assert state(database).is_reachable is None
    presence.note_reachability(SCOPE, "It does not answer.")
    assert (state(database).is_reachable, state(database).problem) == (False, "It does not answer.")
    presence.note_reachability(SCOPE, None)
    presence.note_reachability(SCOPE, None)
    assert (state(database).is_reachable, state(database).problem) == (True, None)
    with database.read() as work:
        assert len(read_after(work, 0)) == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "leave", "lose"]), st.sampled_from(["ada", "ben", "oskar"]), st.integers(0, 5)
    ),
    max_size=25,
)


@given(STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_is_never_more_than_one_operator(
    presence: PresenceStore, database: Database, steps: list[tuple[str, str, int]]
) -> None:
    with database.write() as work:
        work.execute(delete(ViewerRow))
        work.execute(delete(ControlRow))
    sessions: list[int] = []
    operator: str | None = None
    for step, username, which in steps:
        if step == "arrive":
            level = Level.OBSERVE if username == "oskar" else Level.OPERATE
            viewer_session = presence.arrive(of(username, level))
            sessions.append(viewer_session.id)
            assert viewer_session.has_control == (level == Level.OPERATE and operator in {None, username})
        elif sessions:
            viewer = sessions[which % len(sessions)]
            if step == "leave":
                presence.leave(viewer, "page left")
            else:
                presence.lose_control(viewer, "may not operate any more")
        now = state(database)
        operator = None if now.operator is None else now.operator.username
        assert not any(viewer.has_control for viewer in now.observers)
