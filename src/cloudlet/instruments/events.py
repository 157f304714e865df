"""News of instruments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cloudlet.events import Event

__all__ = ["InstrumentRegistered", "SessionOpened"]


@dataclass(frozen=True)
class InstrumentRegistered(Event):
    """An instrument was added or what people see of it changed."""

    kind: ClassVar[str] = "instruments.registered"


@dataclass(frozen=True)
class SessionOpened(Event):
    """A session was written for the instrument that is the subject."""

    kind: ClassVar[str] = "instruments.session-opened"

    session_id: int
