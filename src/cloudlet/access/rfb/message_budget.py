"""How many messages people may send, counted over all their windows and over all people together.

Theory of operation. Each window has a rate of its own in `filter`. A person with eight windows, or six people with
eight each, would still keep the gateway busy. So every message is also paid from the person's budget, and what goes
beyond the part of it that everybody has for certain is paid from the gateway's as well. Whoever owes something waits.
Debts are paid in the order in which they were made: of a hundred windows that owe, one goes on every few milliseconds.
"""

from __future__ import annotations

from cloudlet.access.rfb import limits
from cloudlet.access.token_bucket import TokenBucket

__all__ = ["MessageBudget", "gateway_budget"]


def gateway_budget() -> TokenBucket:
    """Return a fresh budget for all people of one gateway."""
    return TokenBucket(limits.ALL_MESSAGES_PER_SECOND, limits.ALL_MESSAGES_BURST)


class MessageBudget:
    """What one person may send, in however many windows.

    Parameters
    ----------
    shared
        What all people together pay from beyond what is certain for each.
    """

    def __init__(self, shared: TokenBucket) -> None:
        self._all = TokenBucket(limits.PERSONS_MESSAGES_PER_SECOND, limits.PERSONS_MESSAGES_BURST)
        self._certain = TokenBucket(limits.CERTAIN_MESSAGES_PER_SECOND, limits.CERTAIN_MESSAGES_BURST)
        self._shared = shared

    def pay(self, now: float) -> None:
        """Pay for one message."""
        self._all.overdraw(1, now)
        if not self._certain.take(1, now):
            self._shared.overdraw(1, now)

    def seconds_to_wait(self, now: float) -> float:
        """Return how long it takes until nothing is owed that must be paid before the next message."""
        wait = self._all.seconds_to_wait(now)
        return wait if self._certain.holds(1, now) else max(wait, self._shared.seconds_to_wait(now))
