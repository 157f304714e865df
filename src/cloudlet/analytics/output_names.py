"""Which exposure has which names for its products, so that none writes over another's."""

from __future__ import annotations

from collections.abc import Callable, Iterable

__all__ = ["OutputNames"]


class OutputNames:
    """Names for products, each with the exposure that has it: the first come.

    Parameters
    ----------
    key
        Gives the same key for names of exposures whose products would meet.
    names
        Exposures that have products already.
    """

    def __init__(self, key: Callable[[str], str], names: Iterable[str]) -> None:
        self._key = key
        self._owners: dict[str, str] = {}
        for name in sorted(names):
            self.reserve(name)

    def reserve(self, name: str) -> str | None:
        """Give an exposure the names for its products; return the other one that has them, None where it is free."""
        owner = self._owners.setdefault(self._key(name), name)
        return None if owner == name else owner

    def release(self, name: str) -> None:
        """Let others have what this exposure has claimed, if it has."""
        if self._owners.get(self._key(name)) == name:
            del self._owners[self._key(name)]
