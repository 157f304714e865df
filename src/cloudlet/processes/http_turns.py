"""Whose bytes are parsed next, and when: one budget for all HTTP connections of a process.

Theory of operation. A connection that has something to parse asks for a turn. One turn is given in each round of the
event loop, so that consoles, streams and answers under way wait for one slice and never for a queue; turns are given
in the order in which they were asked for, and paid for afterwards, on credit, by the budget that they came from.
There are two. A connection that has sent little of late, as every browser's has, goes by the first; one that has used
up its own allowance, or sent far more at once than a request, goes by the second, and waits for the others that did.
So those who flood wait for each other;
whoever opens new connections for it shares the first budget with everybody's first requests, by turns. A queue is at
most as long as there are connections, and those that wait too long are closed like any that sent no whole request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from cloudlet.access.token_bucket import TokenBucket

__all__ = ["Allowance", "HttpTurns", "Taker"]

FIRST_UNITS_PER_SECOND, FIRST_UNITS_BURST = 30_000.0, 50_000.0
"""0.3 s of a core for each second: 300 requests, or the pages of some twenty people who all begin at once."""
SECOND_UNITS_PER_SECOND, SECOND_UNITS_BURST = 10_000.0, 10_000.0
"""60 to 100 requests a second: a program that asks without pause is slowed down to that."""
OWN_UNITS_PER_SECOND, OWN_UNITS_BURST = 1000.0, 4000.0
"""Of one connection: ten requests a second, and forty at once; browsers open six connections."""

PACE_SECONDS = 0.002
"""Shortest wait while something is owed; timers are no finer."""


class Taker(Protocol):
    """Who takes turns."""

    def take_turn(self) -> int:
        """Parse a piece, and return what it cost in units; 0 where there is nothing to do any more."""


class Allowance:
    """What one connection may have parsed before it counts as one that floods."""

    def __init__(self) -> None:
        self._bucket = TokenBucket(OWN_UNITS_PER_SECOND, OWN_UNITS_BURST)

    def is_left(self, now: float) -> bool:
        """Return whether there is something left of it."""
        return not self._bucket.seconds_to_wait(now)

    def spend(self, units: float, now: float) -> None:
        """Use up as much of it."""
        self._bucket.overdraw(units, now)

    def forfeit(self, now: float) -> None:
        """Use up all of it, for some seconds."""
        self._bucket.overdraw(2 * OWN_UNITS_BURST, now)


class _Queue:
    def __init__(self, rate: float, burst: float) -> None:
        self.budget = TokenBucket(rate, burst)
        self.waiting: deque[tuple[Taker, Allowance]] = deque()


class HttpTurns:
    """Gives turns to the connections of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._first = _Queue(FIRST_UNITS_PER_SECOND, FIRST_UNITS_BURST)
        self._second = _Queue(SECOND_UNITS_PER_SECOND, SECOND_UNITS_BURST)
        self._next: asyncio.Handle | None = None
        self._next_at = 0.0

    def ask(self, taker: Taker, allowance: Allowance) -> None:
        """Give `taker` one turn when it is due; who has asked must not ask again before."""
        queue = self._first if allowance.is_left(self._loop.time()) else self._second
        queue.waiting.append((taker, allowance))
        self._schedule()

    def _schedule(self) -> None:
        """Give the next turn when one can be paid for; at once for a newcomer, whatever others wait for."""
        now = self._loop.time()
        waits = [queue.budget.seconds_to_wait(now) for queue in self._queues() if queue.waiting]
        if not waits:
            return
        wait = max(PACE_SECONDS, min(waits)) if min(waits) > 0 else 0.0
        if self._next is not None:
            if self._next_at <= now + wait:
                return
            self._next.cancel()
        self._next_at = now + wait
        self._next = self._loop.call_later(wait, self._give_turn) if wait else self._loop.call_soon(self._give_turn)

    def _give_turn(self) -> None:
        self._next = None
        now = self._loop.time()
        for queue in self._queues():
            if queue.waiting and not queue.budget.seconds_to_wait(now):
                taker, allowance = queue.waiting.popleft()
                try:
                    units = taker.take_turn()
                    allowance.spend(units, now)
                    queue.budget.overdraw(units, now)
                finally:
                    self._schedule()
                return
        self._schedule()

    def _queues(self) -> tuple[_Queue, _Queue]:
        return self._first, self._second
