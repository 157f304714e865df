"""News of runs and exposures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cloudlet.events import Event

__all__ = ["ExposureStateChanged", "RunChanged"]


@dataclass(frozen=True)
class ExposureStateChanged(Event):
    """An exposure of the run that is the subject stands elsewhere now."""

    kind: ClassVar[str] = "analytics.exposure-changed"

    exposure_id: int
    state: str


@dataclass(frozen=True)
class RunChanged(Event):
    """The run that is the subject was begun, or its folder's problem came or went."""

    kind: ClassVar[str] = "analytics.run-changed"
