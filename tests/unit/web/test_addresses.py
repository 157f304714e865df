from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.web import as_origin, is_protected, local_path, sender_network

HERE = "https://cloudlet.example.org"
TRICKY = st.text(st.sampled_from("/\\:.@?#%aé \t\n\r\x00\u2028\ud800"), max_size=12)


def as_a_browser_reads(address: str) -> str:
    # WHATWG URL: tabs and newlines vanish, controls at the ends are cut, backslashes are slashes.
    cleaned = address.strip("".join(map(chr, range(33)))).translate({9: None, 10: None, 13: None})
    return urljoin(HERE + "/page", cleaned.replace("\\", "/"))


@given(TRICKY | st.text() | TRICKY.map(lambda text: "/" + text))
def test_local_path_never_leads_to_another_host(wanted: str) -> None:
    reached = urlsplit(as_a_browser_reads(local_path(wanted)))
    assert (reached.scheme, reached.netloc) == ("https", "cloudlet.example.org")


@given(TRICKY | st.text())
def test_local_path_can_be_sent_as_a_header(wanted: str) -> None:
    path = local_path(wanted)
    assert path.startswith("/")
    assert path.isprintable()
    path.encode()


@pytest.mark.parametrize("path", ["/", "/instruments/arctica", "/runs/3?after=12#newest", "/a//b", "/projet-été"])
def test_path_on_this_cloudlet_is_kept(path: str) -> None:
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
def test_any_other_path_leads_home(path: str | None) -> None:
    assert local_path(path) == "/"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://cloudlet.example.org", "https://cloudlet.example.org"),
        ("https://cloudlet.example.org/", "https://cloudlet.example.org"),
        ("HTTPS://Cloudlet.Example.ORG", "https://cloudlet.example.org"),
        ("https://cloudlet.example.org:443", "https://cloudlet.example.org"),
        ("http://cloudlet.example.org:80", "http://cloudlet.example.org"),
        ("http://cloudlet.example.org:443", "http://cloudlet.example.org:443"),
        ("http://127.0.0.1:08440", "http://127.0.0.1:8440"),
        ("http://[::1]:8440", "http://[::1]:8440"),
        ("https://[2001:0DB8:0:0::1]:443", "https://[2001:db8::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_send_it(written: str, sent: str) -> None:
    assert as_origin(written) == sent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "cloudlet.example.org",
        "ws://c.example",
        "https://",
        "https://c/path",
        "https://c//",
        "https://c?x=1",
        "https://c#x",
        "https://ada@c",
        "https://c:abc",
        "https://c:",
        "https://c:0",
        "https://c:65536",
        "https://c:\u0661",
        "https://c d",
        "https://c\n",
        "https://ciência.example",
        "https://[::1",
        "https://[1.2.3.4]",
        "https://[:::1]",
    ],
)
def test_what_is_no_origin_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="give scheme, host and port only, as in https://cloudlet"):
        as_origin(text)


@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9.-]{0,20}", fullmatch=True),
    st.integers(1, 65535),
)
def test_an_origin_says_the_same_as_what_was_written_and_stays_as_it_is(scheme: str, host: str, port: int) -> None:
    origin = as_origin(f"{scheme}://{host}:{port}")
    parts = urlsplit(origin)
    default = {"http": 80, "https": 443}[scheme]
    assert (parts.scheme, parts.hostname, parts.port or default) == (scheme, host.lower(), port)
    assert as_origin(origin) == origin


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


def test_address_of_another_scheme_is_protected_only_where_that_one_is_meant() -> None:
    assert is_protected("wss://cloudlet.example.org", "ws")
    assert is_protected("ws://127.0.0.1:8441", "ws")
    assert not is_protected("ws://cloudlet.example.org", "ws")
    assert not is_protected("wss://cloudlet.example.org")
    assert not is_protected("https://cloudlet.example.org", "ws")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (None, None),
        ("", None),
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::"),
        ("fe80::1%eth0", "fe80::"),
    ],
)
def test_addresses_count_by_whose_they_are(address: str | None, network: str | None) -> None:
    assert sender_network(address) == network
