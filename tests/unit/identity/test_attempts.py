from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cloudlet.database import Database
from cloudlet.identity import attempts
from cloudlet.identity.attempts import add_attempt, take_attempt
from cloudlet.identity.store import SignInRow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def attempt(state: str, at: datetime = NOON) -> SignInRow:
    return SignInRow(state_digest=state, browser_digest="b", provider="demo", next_path="/", created_at=at)


def living(database: Database, *states: str) -> list[str]:
    with database.read() as work:
        return [state for state in states if work.get(SignInRow, state) is not None]


def test_attempt_is_taken_once(database: Database) -> None:
    with database.write() as work:
        add_attempt(work, attempt("a"))
    with database.write() as work:
        assert take_attempt(work, "a") is not None
        assert take_attempt(work, "a") is None


def test_attempts_of_more_than_ten_minutes_are_forgotten(database: Database) -> None:
    for minutes in (0, 5, 11):
        with database.write() as work:
            add_attempt(work, attempt(str(minutes), NOON + timedelta(minutes=minutes)))
    assert living(database, "0", "5", "11") == ["5", "11"]


def test_oldest_attempts_give_way_when_there_are_too_many(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ATTEMPT_LIMIT", 3)
    for second in range(5):
        with database.write() as work:
            add_attempt(work, attempt(str(second), NOON + timedelta(seconds=second)))
    assert living(database, "0", "1", "2", "3", "4") == ["2", "3", "4"]
