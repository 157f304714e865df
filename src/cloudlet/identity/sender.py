"""From which address a request came, as far as it can be known."""

from __future__ import annotations

from fastapi import Request

from cloudlet.web import sender_network

__all__ = ["sender_of"]


def sender_of(request: Request) -> str | None:
    """Return the address that sent `request`, or None where senders cannot be told apart.

    The server believes no proxy's headers, so ``request.client`` is who opened the TCP connection. Behind a reverse
    proxy on this host that is loopback for everybody; a usual proxy puts the address of whoever called it at the end
    of ``X-Forwarded-For``, and this last entry is believed from loopback alone. None is returned for loopback without
    that header: a proxy that leaves it out, or people on this host, such as those of the demo. Who calls from this
    host can claim any address, and who can do that has other means. A proxy on another host is one sender for all
    whom it serves.
    """
    peer = sender_network(request.client.host) if request.client is not None else None
    if peer is not None:
        return peer
    return sender_network(",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip())
