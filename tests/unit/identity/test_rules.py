from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.identity.rules import is_protected, is_username, local_path, printable, session_end

HERE = "https://cloudlet.example.org"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TRICKY = st.text(st.sampled_from("/\\:.@?#%aé \t\n\r\x00\u2028\ud800"), max_size=12)


def as_a_browser_reads(address: str) -> str:
    # WHATWG URL: tabs and newlines vanish, controls at the ends are cut, backslashes are slashes.
    cleaned = address.strip("".join(map(chr, range(33)))).translate({9: None, 10: None, 13: None})
    return urljoin(HERE + "/page", cleaned.replace("\\", "/"))


@given(TRICKY | st.text() | TRICKY.map(lambda text: "/" + text))
def test_next_path_never_leads_to_another_host(wanted: str) -> None:
    reached = urlsplit(as_a_browser_reads(local_path(wanted)))
    assert (reached.scheme, reached.netloc) == ("https", "cloudlet.example.org")


@given(TRICKY | st.text())
def test_next_path_can_be_sent_as_a_header(wanted: str) -> None:
    path = local_path(wanted)
    assert path.startswith("/")
    assert path.isprintable()
    path.encode()


@pytest.mark.parametrize("path", ["/", "/instruments/arctica", "/runs/3?after=12#newest", "/a//b", "/projet-été"])
def test_next_path_on_this_cloudlet_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "home",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\nb",
        "https://evil.example",
        "javascript:alert(1)",
        "/" + "a" * 2000,
    ],
)
def test_any_other_next_path_leads_home(path: str | None) -> None:
    assert local_path(path) == "/"


@pytest.mark.parametrize(
    "url", ["https://cilogon.org", "http://127.0.0.1:8442/x", "http://localhost", "http://[::1]:1"]
)
def test_addresses_over_tls_or_on_this_host_are_protected(url: str) -> None:
    assert is_protected(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://cilogon.org",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "ftp://localhost",
        "https://",
        "localhost",
        "https://host:port",
        "https://host:99999",
        "http://[",
        "https://a\tb",
        "",
    ],
)
def test_any_other_address_is_not(url: str) -> None:
    assert not is_protected(url)


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
