"""News of consoles and of who may use them; the subject is the instrument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cloudlet.events import Event

__all__ = ["ConsoleChanged", "GrantChanged"]


@dataclass(frozen=True)
class ConsoleChanged(Event):
    """Somebody came, went, took or lost control, or the console became reachable or not."""

    kind: ClassVar[str] = "access.console-changed"


@dataclass(frozen=True)
class GrantChanged(Event):
    """A person's grants on the instrument changed."""

    kind: ClassVar[str] = "access.grant-changed"

    username: str
