"""Addresses as browsers write and follow them: origins, and paths on this server."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

__all__ = ["UNPROTECTED", "as_origin", "is_protected", "local_path", "sender_network"]

EXPECTED = "give scheme, host and port only, as in https://cloudlet.example.org"
ORIGIN = re.compile(r"(https?)://(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?/?")
DEFAULT_PORTS = {"http": 80, "https": 443}
LARGEST_PORT = 65_535
PATH_LENGTH = 2000
IPV6_PREFIX_BITS = 64
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1"}

UNPROTECTED = "the address must begin with {scheme}s://; {scheme}:// is for this host alone (127.0.0.1, localhost)"
"""Why an address is refused, with the scheme that stands in it."""


def as_origin(text: str) -> str:
    """Return the origin `text` as browsers write it: lower case, without a default port (RFC 6454, 6.2).

    Raises
    ------
    ValueError
        It is none: there is a user, path, query or fragment, the scheme is not of the web, the port is impossible, or
        the host holds letters that browsers would rewrite.
    """
    found = ORIGIN.fullmatch(text.lower())
    if found is None:
        raise ValueError(EXPECTED)
    scheme, ipv6, name, digits = found.groups()
    port = DEFAULT_PORTS[scheme] if digits is None else int(digits)
    if not 0 < port <= LARGEST_PORT:
        raise ValueError(EXPECTED)
    origin = f"{scheme}://{name or _bracketed(ipv6)}"
    return origin if port == DEFAULT_PORTS[scheme] else f"{origin}:{port}"


def is_protected(url: str, scheme: Literal["http", "ws"] = "http") -> bool:
    """Return whether nobody on the way can read or change what is exchanged with `url`: TLS, or this host.

    Parameters
    ----------
    url
        The address.
    scheme
        How it must begin for this host alone, and with an ``s`` for all others.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # either raises where it makes no sense
    except ValueError:
        return False
    if not host or not url.isprintable():
        return False
    return parts.scheme == f"{scheme}s" or (parts.scheme == scheme and host in LOOPBACK_HOSTS)


def sender_network(address: str | None) -> str | None:
    """Return what requests from `address` are counted under: itself, or its 64 bits of IPv6, which one subscriber has.

    None for loopback, behind which a proxy has many people, and for what is no address, as the name of a local socket.
    """
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return None
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_PREFIX_BITS), strict=False).network_address)
    return str(parsed)


def _bracketed(ipv6: str) -> str:
    try:
        return f"[{IPv6Address(ipv6)}]"
    except AddressValueError as cause:
        raise ValueError(EXPECTED) from cause


def local_path(wanted: str | None) -> str:
    r"""Return `wanted` where it is a path on this server, else the home page's.

    Browsers read ``//host`` and ``/\host`` as another host and drop tabs and newlines from addresses, so none of these
    may pass.
    """
    if wanted is None or len(wanted) > PATH_LENGTH or not wanted.isprintable() or "\\" in wanted:
        return "/"
    return wanted if wanted.startswith("/") and not wanted.startswith("//") else "/"
