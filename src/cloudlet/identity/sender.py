"""From which address a request came, as far as it can be known."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from fastapi import Request

__all__ = ["sender_of"]

IPV6_PREFIX = 64
"""Bits that name a network; whoever has one has all its addresses."""


def sender_of(request: Request) -> str | None:
    """Return the address that sent `request`, or None where senders cannot be told apart.

    The server believes no proxy's headers, so ``request.client`` is who opened the TCP connection. Behind a reverse
    proxy on this host that is loopback for everybody; a usual proxy puts the address of whoever called it at the end
    of ``X-Forwarded-For``, and this last entry is believed from loopback alone. None is returned for loopback without
    that header: a proxy that leaves it out, or people on this host, such as those of the demo. Who calls from this
    host can claim any address, and who can do that has other means. A proxy on another host is one sender for all
    whom it serves.
    """
    peer = _network(request.client.host) if request.client is not None else None
    if peer is not None:
        return peer
    return _network(",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip())


def _network(text: str) -> str | None:
    """Return what counts as one sender; None for loopback, and for what is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_loopback:
        return None
    if isinstance(address, IPv6Address):
        return str(IPv6Address(int(address) >> IPV6_PREFIX << IPV6_PREFIX))
    return str(address)
