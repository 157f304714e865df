"""How much one identity provider may cost: sign-ins under way at once, and the time of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cloudlet.identity.errors import ProviderUnreachable, SignInBusy

__all__ = ["ProviderLimit"]

AT_ONCE = 20
"""A class of students signs in within a minute; each takes well under a second where the provider answers."""
WHOLE_SECONDS = 15.0
"""For all that one request asks of the provider: metadata, keys, tokens and userinfo."""


class ProviderLimit:
    """The limit of one provider; to be used by the tasks of one event loop.

    Parameters
    ----------
    title
        What people call the provider.
    at_once
        Sign-ins that may be waiting for it; nobody else waits for them, and whoever comes beyond is refused at once.
    seconds
        How long one may wait.
    """

    def __init__(self, title: str, at_once: int = AT_ONCE, seconds: float = WHOLE_SECONDS) -> None:
        self._title = title
        self._at_once = at_once
        self._seconds = seconds
        self._under_way = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Count as a sign-in under way for as long as the block lasts, and end it when its time is over.

        Raises
        ------
        SignInBusy
            Too many are under way.
        ProviderUnreachable
            The provider took too long.
        """
        if self._under_way >= self._at_once:
            raise SignInBusy(
                f"Too many people are signing in by {self._title} at this moment, or it answers slowly.",
                "Try again in a minute.",
            )
        self._under_way += 1
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as cause:
            raise ProviderUnreachable(
                f"The identity provider {self._title} does not answer in time.",
                "Try again in a minute; nobody can sign in by it until then.",
            ) from cause
        finally:
            self._under_way -= 1
