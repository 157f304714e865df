from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.identity.rules import is_use, is_username, printable, session_end

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fetch_mode", "expected"),
    [("navigate", True), (None, True), ("cors", False), ("no-cors", False), ("same-origin", False), ("", False)],
)
def test_what_a_page_fetches_by_itself_is_no_use(fetch_mode: str | None, expected: bool) -> None:
    assert is_use(fetch_mode) is expected


@pytest.mark.parametrize("name", ["ada", "_svc", "a1-b_c", "a" * 32])
def test_posix_user_names_are_accepted(name: str) -> None:
    assert is_username(name)


@pytest.mark.parametrize("name", ["", "Ada", "1a", "a b", "a" * 33, "ada\n", "root:0", "аda", "sub@issuer", "../x"])
def test_other_user_names_are_refused(name: str) -> None:
    assert not is_username(name)


@given(st.text(max_size=400))
def test_shown_name_is_one_printable_line(name: str) -> None:
    shown = printable(name)
    assert shown.isprintable()
    assert len(shown) <= 200


@given(st.integers(0, 86_400), st.integers(0, 86_400))
def test_session_ends_by_idleness_or_by_age_whichever_comes_first(since_start: int, more: int) -> None:
    seen = NOON + timedelta(seconds=since_start)
    end = session_end(NOON, seen, idle=timedelta(hours=1), longest=timedelta(hours=12))
    now = seen + timedelta(seconds=more)
    assert (now < end) == (more < 3600 and since_start + more < 43_200)
