"""Time that is handed in, so that rules can be tried at any moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Clock", "utc_now"]

Clock = Callable[[], datetime]
"""A function that returns the present instant, aware, in UTC."""


def utc_now() -> datetime:
    """Return the host's present instant, aware, in UTC."""
    return datetime.now(UTC)
