"""An event as its component writes it, and as everybody else reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

__all__ = ["Event", "EventsMissed", "StoredEvent"]


@dataclass(frozen=True)
class Event:
    """The base of every component's typed events; fields of a subclass must be writable as JSON."""

    kind: ClassVar[str]
    """``component.what-happened``, stable, because other processes match it."""

    subject: str
    """The key of what it happened to: an instrument, a run, an account."""


@dataclass(frozen=True)
class StoredEvent:
    """An event as read back from the table."""

    id: int
    at: datetime
    kind: str
    subject: str
    data: dict[str, Any]
    """The event's own fields, without `subject`."""


class EventsMissed(Exception):
    """A reader was too slow, or away for more than a week, and must read the present state afresh."""
