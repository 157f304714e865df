"""How much one identity provider may cost: sign-ins under way at once, of one sender and of all, and the time of each.

Theory of operation: a sign-in has a place, or waits for one, or is refused. Who comes while there is a place has it at
once. Whenever one is left, the first of those who wait and whose sender has less than its share gets it: so nobody who
waits could have a place that is free, and a sender who has its share holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cloudlet.identity.errors import ProviderUnreachable, SignInBusy

__all__ = ["Places", "ProviderLimit"]


@dataclass(frozen=True)
class Places:
    """The numbers of one provider.

    A class of students signs in within a minute, often from one address; each takes well under a second where the
    provider answers.
    """

    at_once: int = 20
    of_one_sender: int = 5
    waiting: int = 40
    waiting_of_one_sender: int = 20
    wait_seconds: float = 3.0
    """For a place; after that a person is better off with a sentence."""
    whole_seconds: float = 15.0
    """For all that one request asks of the provider: metadata, keys, tokens and userinfo."""


@dataclass
class _Waiting:
    sender: str | None
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class ProviderLimit:
    """The limit of one provider; to be used by the tasks of one event loop.

    Parameters
    ----------
    title
        What people call the provider.
    places
        How many there are, and for how long.
    """

    def __init__(self, title: str, places: Places = Places()) -> None:
        self._title = title
        self._places = places
        self._under_way: Counter[str | None] = Counter()
        self._waiting: list[_Waiting] = []

    @asynccontextmanager
    async def one(self, sender: str | None) -> AsyncIterator[None]:
        """Count as a sign-in under way for as long as the block lasts, and end it when its time is over.

        Parameters
        ----------
        sender
            Against whose share it counts; None where senders cannot be told apart, who have no share but all places.

        Raises
        ------
        SignInBusy
            There was no place within seconds, or too many wait for one.
        ProviderUnreachable
            The provider took too long.
        """
        await self._enter(sender)
        try:
            async with asyncio.timeout(self._places.whole_seconds):
                yield
        except TimeoutError as cause:
            raise ProviderUnreachable(
                f"The identity provider {self._title} does not answer in time.",
                "Try again in a minute; nobody can sign in by it until then.",
            ) from cause
        finally:
            self._leave(sender)

    async def _enter(self, sender: str | None) -> None:
        if self._has_place(sender):
            self._under_way[sender] += 1
            return
        if not self._may_wait(sender):
            raise self._busy()
        waiting = _Waiting(sender)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(self._places.wait_seconds):
                await waiting.turn
        except TimeoutError as cause:
            self._give_up(waiting)
            raise self._busy() from cause
        except BaseException:
            self._give_up(waiting)
            raise

    def _give_up(self, waiting: _Waiting) -> None:
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        else:  # a place came at the same moment
            self._leave(waiting.sender)

    def _leave(self, sender: str | None) -> None:
        self._under_way[sender] -= 1
        if not self._under_way[sender]:
            del self._under_way[sender]
        for waiting in list(self._waiting):
            if self._has_place(waiting.sender):
                self._waiting.remove(waiting)
                if not waiting.turn.done():
                    waiting.turn.set_result(None)
                self._under_way[waiting.sender] += 1

    def _has_place(self, sender: str | None) -> bool:
        is_within_share = sender is None or self._under_way[sender] < self._places.of_one_sender
        return is_within_share and self._under_way.total() < self._places.at_once

    def _may_wait(self, sender: str | None) -> bool:
        of_sender = sum(waiting.sender == sender for waiting in self._waiting)
        is_within_share = sender is None or of_sender < self._places.waiting_of_one_sender
        return is_within_share and len(self._waiting) < self._places.waiting

    def _busy(self) -> SignInBusy:
        return SignInBusy(
            f"Too many people are signing in by {self._title} at this moment, or it answers slowly.",
            "Load this page again in a moment.",
        )
