"""What the portal asks: everybody else's front doors, handed in together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cloudlet.access import Access
from cloudlet.analytics import Runs
from cloudlet.clock import Clock, utc_now
from cloudlet.events import Tail
from cloudlet.identity import Guard
from cloudlet.instruments import Instruments

__all__ = ["Services"]


@dataclass(frozen=True)
class Services:
    """The services behind the pages."""

    guard: Guard
    instruments: Instruments
    access: Access
    runs: Runs
    tail: Tail
    """Polls for as long as the application runs; started by it."""
    providers: Mapping[str, str]
    """Identity provider's key to the title that people know it by."""
    clock: Clock = utc_now
