"""A bucket of permissions that fills with time; time is handed in."""

from __future__ import annotations

__all__ = ["TokenBucket"]


class TokenBucket:
    """At most `burst` at once and `rate` a second in the long run.

    Parameters
    ----------
    rate
        Permissions a second.
    burst
        Permissions that can be saved up; the bucket starts full.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._filled_at: float | None = None

    def take(self, amount: float, now: float) -> bool:
        """Take `amount` where the bucket holds as much; `now` is in seconds of a clock that never goes back."""
        self._fill(now)
        if self._level < amount:
            return False
        self._level -= amount
        return True

    def holds(self, amount: float, now: float) -> bool:
        """Return whether `amount` could be taken."""
        self._fill(now)
        return self._level >= amount

    def overdraw(self, amount: float, now: float) -> None:
        """Take `amount` whether it is there or not."""
        self._fill(now)
        self._level -= amount

    def seconds_to_wait(self, now: float) -> float:
        """Return how long it takes until nothing is owed any more; 0 where nothing is."""
        self._fill(now)
        return max(0.0, -self._level / self._rate)

    def _fill(self, now: float) -> None:
        if self._filled_at is not None:
            self._level = min(self._burst, self._level + (now - self._filled_at) * self._rate)
        self._filled_at = now
