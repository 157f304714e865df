from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.identity.pending_sign_in import PendingSignIn

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "s" * 43


@given(st.text() | st.text().map(lambda text: "/" + text))
def test_what_a_browser_remembers_comes_back_as_it_was_and_fits_a_cookie(next_path: str) -> None:
    pending = PendingSignIn.of(SECRET, "demo", next_path, NOON)
    assert PendingSignIn.decode(pending.encode()) == pending
    assert pending.next_path.startswith("/")
    assert pending.encode().isascii()
    assert not set(pending.encode()) & set('=;," \\')


@pytest.mark.parametrize("path", ["/" + "a" * 1000, "/" + "é" * 500])
def test_a_path_too_long_for_a_cookie_leads_home(path: str) -> None:
    assert PendingSignIn.of(SECRET, "demo", path, NOON).next_path == "/"
    assert PendingSignIn.of(SECRET, "demo", path[:-1], NOON).next_path == path[:-1]


@given(st.text() | st.binary().map(lambda data: urlsafe_b64encode(data).decode()))
def test_a_cookie_that_is_none_of_ours_is_no_sign_in(cookie: str) -> None:
    assert PendingSignIn.decode(cookie) is None


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "short"},
        {"secret": SECRET + "\n"},
        {"provider": None},
        {"begun_at": "2026-11-23T12:00:00"},
        {"more": 1},
    ],
)
def test_a_cookie_of_the_wrong_shape_is_no_sign_in(change: dict[str, object]) -> None:
    reported = PendingSignIn.of(SECRET, "demo", "/", NOON).model_dump(mode="json") | change
    assert PendingSignIn.decode(urlsafe_b64encode(json.dumps(reported).encode()).decode()) is None


def test_a_sign_in_may_take_just_under_ten_minutes() -> None:
    pending = PendingSignIn.of(SECRET, "demo", "/", NOON)
    assert not pending.is_too_late(NOON + timedelta(minutes=9, seconds=59))
    assert pending.is_too_late(NOON + timedelta(minutes=10))


def test_its_secret_is_not_shown() -> None:
    assert SECRET not in repr(PendingSignIn.of(SECRET, "demo", "/", NOON))
