"""Instruments, the sessions held on them, and the levels of control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path

__all__ = ["Instrument", "InstrumentSession", "Level"]


class Level(IntEnum):
    """How much control somebody has over an instrument; each level includes those below it."""

    VIEW_RESULTS = 10
    OBSERVE = 20
    OPERATE_ASSISTED = 30
    OPERATE = 40
    STAFF = 50

    @property
    def title(self) -> str:
        """The level as people read it, in lower case."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Instrument:
    """What people see of an instrument; how it is reached stands in the settings."""

    key: str
    title: str
    description: str


@dataclass(frozen=True)
class InstrumentSession:
    """A stretch of time on an instrument, for a project, with the folders that belong to it."""

    id: int
    instrument: str
    title: str
    project: str
    raw_folder: Path
    """Where the camera writes; never written by the cloudlet."""
    project_folder: Path
    """Where products go."""
    people: Mapping[str, Level]
    """User name to highest level; everybody in it may view results."""
    starts_at: datetime
    ends_at: datetime | None
    """None for a session without a set end."""
