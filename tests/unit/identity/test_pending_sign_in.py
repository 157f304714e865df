from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.identity.pending_sign_in import MOST_REMEMBERED, PendingSignIn, PendingSignIns

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "s" * 43
OURS = PendingSignIns()


def pending_sign_in(next_path: str = "/", state: str = "state") -> PendingSignIn:
    return PendingSignIn.of(SECRET, state, "demo", next_path, NOON)


@given(st.text() | st.text().map(lambda text: "/" + text))
def test_what_a_browser_remembers_comes_back_as_it_was_and_fits_a_cookie(next_path: str) -> None:
    pending = pending_sign_in(next_path)
    cookie = OURS.seal(pending)
    assert OURS.open(cookie) == pending
    assert pending.next_path.startswith("/")
    assert cookie.isascii()
    assert not set(cookie) & set(';," \\')
    assert len(cookie) < 4000


@pytest.mark.parametrize("path", ["/" + "a" * 1000, "/" + "é" * 500])
def test_a_path_too_long_for_a_cookie_leads_home(path: str) -> None:
    assert pending_sign_in(path).next_path == "/"
    assert pending_sign_in(path[:-1]).next_path == path[:-1]


@given(st.text() | st.binary().map(lambda data: urlsafe_b64encode(data).decode()))
def test_a_cookie_that_is_none_of_ours_is_no_sign_in(cookie: str) -> None:
    assert OURS.open(cookie) is None


def test_a_cookie_that_was_invented_altered_or_sealed_elsewhere_is_no_sign_in() -> None:
    pending = pending_sign_in()
    invented = urlsafe_b64encode(json.dumps(pending.model_dump(mode="json")).encode()).decode()
    sealed = OURS.seal(pending)
    for place in range(0, len(sealed), 7):
        altered = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        assert OURS.open(altered) is None
    assert OURS.open(invented) is None
    assert OURS.open(PendingSignIns().seal(pending)) is None


def test_nobody_who_reads_a_cookie_reads_the_secret() -> None:
    assert SECRET not in OURS.seal(pending_sign_in())
    assert SECRET not in repr(pending_sign_in())


def test_a_sign_in_belongs_to_its_state() -> None:
    assert pending_sign_in(state="one").is_for("one")
    assert not pending_sign_in(state="one").is_for("another")


def test_a_sign_in_may_take_just_under_ten_minutes() -> None:
    assert not pending_sign_in().is_too_late(NOON + timedelta(minutes=9, seconds=59))
    assert pending_sign_in().is_too_late(NOON + timedelta(minutes=10))


def test_a_sign_in_is_taken_once_and_what_is_remembered_is_bounded() -> None:
    ours = PendingSignIns()
    assert ours.take(pending_sign_in(), NOON)
    assert not ours.take(pending_sign_in(), NOON + timedelta(minutes=9, seconds=59))
    for number in range(MOST_REMEMBERED):
        assert ours.take(pending_sign_in(state=str(number)), NOON + timedelta(minutes=1))
    assert not ours.take(pending_sign_in(state="1"), NOON + timedelta(minutes=2))
    assert len(ours._taken) == MOST_REMEMBERED
