"""Who may have what measured again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloudlet.analytics.permissions import may_retry
from cloudlet.identity import Actor
from cloudlet.instruments import InstrumentSession, Level, may_view_results

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA, EVE = Actor.person("ada"), Actor.person("eve")


def session_of(level: Level) -> InstrumentSession:
    return InstrumentSession(
        id=1,
        instrument="scope-1",
        title="Grid 1",
        project="p",
        raw_folder=Path("/raw"),
        project_folder=Path("/project"),
        people={"ada": level},
        starts_at=NOON,
        ends_at=None,
    )


@pytest.mark.parametrize("level", Level)
def test_trying_again_is_for_people_who_may_operate_in_that_session(level: Level) -> None:
    decision = may_retry(ADA, session_of(level))
    assert decision.allowed == (level >= Level.OPERATE)
    assert level.title in decision.reason


def test_who_may_not_view_results_may_not_have_them_measured_again() -> None:
    session = session_of(Level.STAFF)
    for refused in (may_retry(EVE, session), may_retry(ADA, None)):
        assert refused == may_view_results(EVE, session)


def test_a_command_on_this_host_may_have_everything_measured_again() -> None:
    for session in (session_of(Level.OBSERVE), None):
        assert may_retry(Actor.host("root"), session)
