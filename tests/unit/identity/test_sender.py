"""Whom a request counts against, and from whom an address is believed."""

from __future__ import annotations

import pytest
from fastapi import Request

from cloudlet.identity.sender import sender_of


def request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode("latin-1")) for each in forwarded]
    return Request({"type": "http", "client": None if peer is None else (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "sender"),
    [
        ("192.0.2.7", (), "192.0.2.7"),
        ("192.0.2.7", ("198.51.100.1",), "192.0.2.7"),
        ("::ffff:192.0.2.7", (), "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::"),
        ("127.0.0.1", (), None),
        ("::1", (), None),
        (None, (), None),
        ("127.0.0.1", ("203.0.113.9, 198.51.100.1",), "198.51.100.1"),
        ("::1", ("203.0.113.9", "2001:db8:1:2:3::"), "2001:db8:1:2::"),
        ("127.0.0.1", ("198.51.100.1, 127.0.0.1",), None),
        ("127.0.0.1", ("198.51.100.1,",), None),
        ("127.0.0.1", ("unknown",), None),
        ("127.0.0.1", ("\xff",), None),
    ],
)
def test_sender_is_the_peer_or_what_a_proxy_on_this_host_put_last(
    peer: str | None, forwarded: tuple[str, ...], sender: str | None
) -> None:
    assert sender_of(request(peer, *forwarded)) == sender
