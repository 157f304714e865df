"""How many connections there may be, and which one goes when there are too many.

Theory of operation. Whoever comes last is let in as long as somebody waits for nothing: at a limit the connection that
has been idle for longest is closed, which a browser notices by nothing but a new connection for its next request. So
whoever fills all places with idle connections keeps nobody out. One address may have a part of the places, so that
the rest is there for others even where each of its connections asks for something; where the limit is that of all,
the address that has most gives one up.

Addresses of loopback are a proxy's, or this host's own: behind them are many people, and they may have all places. A
proxy on another host counts as one address. Of IPv6 the first 64 bits count, which is what one subscriber has.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

__all__ = ["Connection", "OpenConnections"]


class Connection(Protocol):
    """One of many."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being done for it."""


Kind = TypeVar("Kind", bound=Connection)


class OpenConnections(Generic[Kind]):
    """All connections of a server, by where they come from.

    Parameters
    ----------
    most
        How many there may be.
    most_each
        How many of them one address may have.
    """

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._by_origin: dict[str | None, dict[Kind, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, connection: Kind, origin: str | None) -> Kind | None:
        """Let `connection` in.

        Returns
        -------
        Kind
            Who is to be closed for it, which is the newcomer itself where all others are busy; it counts no more.
            None where there is room for all.
        """
        own = self._by_origin.setdefault(origin, {})
        own[connection] = None
        self._count += 1
        if origin is not None and len(own) > self._most_each:
            leaving = next((each for each in own if each.is_idle), connection)
            self.discard(leaving, origin)
            return leaving
        if self._count > self._most:
            return self._make_room()
        return None

    def touch(self, connection: Kind, origin: str | None) -> None:
        """Count `connection` as the one that has been idle for the shortest time."""
        own = self._by_origin.get(origin, {})
        if connection in own:
            del own[connection]
            own[connection] = None

    def discard(self, connection: Kind, origin: str | None) -> None:
        """Count `connection` no more."""
        own = self._by_origin.get(origin, {})
        if connection in own:
            del own[connection]
            self._count -= 1
            if not own:
                del self._by_origin[origin]

    def _make_room(self) -> Kind:
        most_first = sorted(self._by_origin.items(), key=lambda each: len(each[1]), reverse=True)
        for origin, connections in most_first:
            leaving = next((each for each in connections if each.is_idle), None)
            if leaving is not None:  # the newcomer at the latest
                self.discard(leaving, origin)
                return leaving
        raise RuntimeError("a connection that has just come is not idle")
