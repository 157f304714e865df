from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloudlet.audit import read
from cloudlet.database import Database
from cloudlet.identity import Actor
from cloudlet.instruments import Instrument, Instruments, InstrumentSession, Level, may_view_results
from cloudlet.web import Forbidden

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class FixedClock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def instruments(database: Database, clock: FixedClock) -> Instruments:
    instruments = Instruments(database, clock)
    instruments.register(Instrument("arctica", "Talos Arctica", "200 kV"), by=Actor.host("admin"))
    return instruments


ADMIN = Actor.host("admin")


def open_session(instruments: Instruments, hours: float | None, by: Actor = ADMIN) -> InstrumentSession:
    return instruments.open_session(
        "arctica",
        title="TolC",
        project="demo",
        raw_folder=Path("/raw"),
        project_folder=Path("/project"),
        people={"ada": Level.OPERATE},
        starts_at=NOON,
        ends_at=None if hours is None else NOON + timedelta(hours=hours),
        by=by,
    )


def test_registering_the_same_again_is_no_act(instruments: Instruments, database: Database) -> None:
    instruments.register(Instrument("arctica", "Talos Arctica", "200 kV"), by=Actor.host("admin"))
    with database.read() as work:
        assert len(read(work, what="instruments.registered")) == 1


def test_a_session_is_current_from_its_start_until_just_before_its_end(
    instruments: Instruments, clock: FixedClock
) -> None:
    session = open_session(instruments, hours=2)
    for offset, expected in ((-1, []), (0, [session]), (119, [session]), (120, [])):
        clock.now = NOON + timedelta(minutes=offset)
        assert instruments.current_sessions("arctica") == expected


def test_a_session_without_an_end_stays_current(instruments: Instruments, clock: FixedClock) -> None:
    session = open_session(instruments, hours=None)
    clock.now = NOON + timedelta(days=1000)
    assert instruments.current_sessions() == [session]
    assert instruments.current_sessions("another") == []


def test_results_are_for_the_people_of_their_session(instruments: Instruments) -> None:
    session = open_session(instruments, hours=1)
    assert may_view_results(Actor.person("ada"), session)
    for refused in (may_view_results(Actor.person("eve"), session), may_view_results(Actor.person("ada"), None)):
        assert not refused
        assert "another session" in refused.reason


def test_a_command_on_this_host_may_do_everything_and_is_named(instruments: Instruments, database: Database) -> None:
    open_session(instruments, hours=1)
    host = Actor.host("root")
    assert may_view_results(host, None)
    with database.read() as work:
        assert read(work, what="instruments.session-opened")[0].act.actor == "host:admin"


def test_a_person_sets_up_no_instruments(instruments: Instruments) -> None:
    ada = Actor.person("ada")
    with pytest.raises(Forbidden, match="commands on this host"):
        instruments.register(Instrument("titan", "Titan Krios", "300 kV"), by=ada)
    assert instruments.get("titan") is None
    with pytest.raises(Forbidden, match="commands on this host"):
        open_session(instruments, hours=1, by=ada)
    assert instruments.current_sessions() == []


def test_levels_include_those_below_them() -> None:
    assert Level.VIEW_RESULTS < Level.OBSERVE < Level.OPERATE_ASSISTED < Level.OPERATE < Level.STAFF
    assert Level.OPERATE_ASSISTED.title == "operate assisted"
