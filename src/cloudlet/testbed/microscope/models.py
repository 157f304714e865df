"""What the operator's screen knows of the microscope at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cloudlet.testbed.live import LiveMode

__all__ = ["AcquisitionStatus", "Column", "LogLine", "MicroscopeSnapshot", "Phase", "StagePosition", "Tone"]


class Tone(StrEnum):
    """How a message or a reading is meant."""

    PLAIN = "plain"
    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"


class Phase(StrEnum):
    """What the acquisition does."""

    IDLE = "idle"
    EXPOSING = "exposing"
    WRITING = "writing"
    WAITING = "waiting"
    """Between two movies, until the cadence allows the next."""


@dataclass(frozen=True)
class LogLine:
    """One line of the log on the screen."""

    at: datetime
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Column:
    """The state of the electron column that an operator can switch."""

    is_high_tension_on: bool = True
    are_valves_open: bool = True
    is_screen_lifted: bool = True
    """The fluorescent screen shades the camera while it is inserted."""

    @property
    def is_beam_on_camera(self) -> bool:
        """Whether electrons reach the camera."""
        return self.is_high_tension_on and self.are_valves_open and self.is_screen_lifted

    @property
    def obstacle(self) -> str:
        """What keeps the beam from the camera, as a sentence; empty where nothing does."""
        if not self.is_high_tension_on:
            return "The high tension is off."
        if not self.are_valves_open:
            return "The column valves are closed."
        return "" if self.is_screen_lifted else "The fluorescent screen is inserted."


@dataclass(frozen=True)
class StagePosition:
    """Where the stage is."""

    x_um: float = 0.0
    y_um: float = 0.0
    is_moving: bool = False


@dataclass(frozen=True)
class AcquisitionStatus:
    """How far an acquisition has come."""

    phase: Phase = Phase.IDLE
    is_stopping: bool = False
    """Whether it ends with the movie that is being taken."""

    number: int = 0
    """The number of the newest movie in the raw folder, finished or not; 0 before the first."""

    done: int = 0
    """Movies finished of the planned ones."""

    frame: int = 0
    """Frames of the present movie that are in the raw folder."""

    frames: int = 0
    file_name: str = ""
    message: str = ""
    """Why it stands still, for the operator; empty while it runs."""

    @property
    def is_running(self) -> bool:
        """Whether movies are being taken."""
        return self.phase is not Phase.IDLE


@dataclass(frozen=True)
class MicroscopeSnapshot:
    """Everything that the screen shows, as it was at `at`."""

    at: datetime
    name: str
    dials: Mapping[str, float]
    """The value of every knob by its key (`KNOBS`)."""

    column: Column = field(default_factory=Column)
    stage: StagePosition = field(default_factory=StagePosition)
    stage_speed_um: float = 0.2
    """Micrometres per second while an arrow is held."""

    live_mode: LiveMode = LiveMode.SEARCH
    acquisition: AcquisitionStatus = field(default_factory=AcquisitionStatus)
    disk_free_bytes: int = 0
    log: tuple[LogLine, ...] = ()
    """Newest line last."""

    @property
    def planned_movies(self) -> int:
        """How many movies the acquisition takes in all."""
        return int(self.dials["planned_movies"])
