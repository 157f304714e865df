"""What grants allow at a moment, and who gets control."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.access.models import Grant
from cloudlet.access.rfb import Right
from cloudlet.access.rules import gets_control, is_live, level_at, may_open_console, may_operate, may_see, rights_of
from cloudlet.instruments import Level

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENTS = st.integers(-100, 100).map(lambda minutes: NOON + timedelta(minutes=minutes))
GRANTS = st.builds(Grant, st.just("ada"), st.just("scope-1"), st.sampled_from(Level), MOMENTS, MOMENTS | st.none())


def test_grant_holds_from_its_first_moment_until_its_last_exclusively() -> None:
    grant = Grant("ada", "scope-1", Level.OPERATE, NOON, NOON + timedelta(hours=1))
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(minutes=59), NOON + timedelta(hours=1)]
    assert [is_live(grant, moment) for moment in moments] == [False, True, True, False]


@given(st.lists(GRANTS), MOMENTS)
def test_level_is_the_highest_of_the_grants_that_hold(grants: list[Grant], now: datetime) -> None:
    level = level_at(grants, now)
    holding = [grant.level for grant in grants if is_live(grant, now)]
    assert (level is None) == (not holding)
    assert all(level is not None and level >= one for one in holding)
    assert level is None or level in holding


@pytest.mark.parametrize(
    ("level", "sees", "opens", "operates"),
    [
        (None, False, False, False),
        (Level.VIEW_RESULTS, True, False, False),
        (Level.OBSERVE, True, True, False),
        (Level.OPERATE_ASSISTED, True, True, False),
        (Level.OPERATE, True, True, True),
        (Level.STAFF, True, True, True),
    ],
)
def test_each_level_allows_what_its_name_says(level: Level | None, sees: bool, opens: bool, operates: bool) -> None:
    assert (bool(may_see(level)), bool(may_open_console(level)), may_operate(level)) == (sees, opens, operates)
    assert may_see(level).reason
    assert may_open_console(level).reason


@given(st.sampled_from(Level))
def test_reason_names_the_level_without_promising_more(level: Level) -> None:
    assert may_see(level).reason == f"Your level here: {level.title}."
    assert "You may staff" not in may_open_console(level).reason


@pytest.mark.parametrize(
    ("level", "operator", "takes"),
    [
        (Level.OPERATE, None, True),
        (Level.OPERATE, "ada", True),
        (Level.OPERATE, "ben", False),
        (Level.STAFF, "ben", False),
        (Level.OBSERVE, None, False),
        (Level.OBSERVE, "ada", False),
    ],
)
def test_control_goes_to_who_may_operate_when_it_is_free_or_their_own(
    level: Level, operator: str | None, takes: bool
) -> None:
    assert gets_control(level, "ada", operator) is takes


@given(st.sampled_from(Level) | st.none(), st.booleans())
def test_nobody_below_operate_or_without_control_has_any_right(level: Level | None, has_control: bool) -> None:
    rights = rights_of(level, has_control=has_control)
    assert (Right.INPUT in rights) == (has_control and level is not None and level >= Level.OPERATE)
    assert (Right.MACHINE in rights) == (has_control and level is Level.STAFF)
