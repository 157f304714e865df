"""The simulated microscope: one machine state behind the operator's screen and the camera."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from cloudlet.clock import Clock, utc_now
from cloudlet.testbed.camera import Camera
from cloudlet.testbed.live import LiveMode
from cloudlet.testbed.microscope import memory as remembered
from cloudlet.testbed.microscope.acquisition import Acquisition, Order, Pace
from cloudlet.testbed.microscope.errors import DialRefused
from cloudlet.testbed.microscope.knobs import KNOBS, starting_values
from cloudlet.testbed.microscope.models import (
    AcquisitionStatus,
    Column,
    LogLine,
    MicroscopeSnapshot,
    StagePosition,
    Tone,
)
from cloudlet.testbed.microscope.settings import MicroscopeSettings
from cloudlet.testbed.microscope.stage import LIMIT_UM, jogging, resting, travelling
from cloudlet.testbed.models import Dials
from cloudlet.testbed.movies import MovieWriter

__all__ = ["Microscope"]

_LOG_LINES = 200
_GOTO_SPEED_UM = 20.0
"""Micrometres per second of a move to a typed position."""


class Microscope:
    """The one state of the machine; every method may be called from any thread.

    What is dialled while a movie is being taken takes effect with the next one.

    Parameters
    ----------
    settings
        Folders, camera, pace.
    clock, monotonic
        The instants of log lines and file names, and the seconds of motions and pauses.
    free_bytes
        How many bytes are free on the raw folder's disk; the disk is asked by default.
    """

    def __init__(
        self,
        settings: MicroscopeSettings,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        self.settings = settings
        self._clock, self._monotonic = clock, monotonic
        self._free_bytes = free_bytes or partial(_disk_free, settings.raw_folder)
        self._lock = threading.RLock()
        self._log: deque[LogLine] = deque(maxlen=_LOG_LINES)
        self._column = Column()
        self._live_mode = LiveMode.SEARCH
        self._stage_speed_um = 0.2
        settings.raw_folder.mkdir(parents=True, exist_ok=True)
        settings.truth_folder.mkdir(parents=True, exist_ok=True)
        self._memory_file = settings.truth_folder / "microscope.json"
        memory = remembered.load(self._memory_file)
        self._dials = starting_values(memory.dials, settings.planned_movies)
        self._stage = resting(memory.stage_x_um, memory.stage_y_um)
        self._acquisition = self._build_acquisition(memory)

    def _build_acquisition(self, memory: remembered.Memory) -> Acquisition:
        settings = self.settings
        camera = Camera(settings.camera_model(), settings.seed)
        writer = MovieWriter(settings.raw_folder, settings.truth_folder, camera)
        pace = Pace(settings.cadence_seconds, settings.writing_seconds, settings.disk_reserve_bytes)
        status = AcquisitionStatus(number=max(writer.last_number(), memory.last_number), done=memory.done)
        return Acquisition(camera, writer, self, pace, status, clock=self._clock, monotonic=self._monotonic)

    def start(self) -> None:
        """Switch the machine on: it takes orders from now on. No acquisition begins by itself."""
        self._acquisition.open()
        self.note("The microscope is ready.", Tone.GOOD)

    def close(self) -> None:
        """Finish the movie at hand, keep the dials and switch the machine off."""
        self._acquisition.close()
        self.remember(self._acquisition.status)

    def snapshot(self) -> MicroscopeSnapshot:
        """Return what there is to see at this moment."""
        free = self.free_bytes()
        with self._lock:
            return MicroscopeSnapshot(
                at=self._clock(),
                name=self.settings.name,
                dials=dict(self._dials),
                column=self._column,
                stage=self._stage_position(),
                stage_speed_um=self._stage_speed_um,
                live_mode=self._live_mode,
                acquisition=self._acquisition.status,
                disk_free_bytes=free,
                log=tuple(self._log),
            )

    def start_acquisition(self) -> None:
        """Begin, or go on, to take the planned number of movies.

        Raises
        ------
        NotReady
            If no beam would reach the camera.
        """
        self._acquisition.start()

    def stop_acquisition(self) -> None:
        """Stop after the present movie."""
        self._acquisition.stop()

    def dial(self, key: str, value: float) -> None:
        """Set one knob; it takes effect when the next movie begins.

        Parameters
        ----------
        key
            A key of `KNOBS`.
        value
            In the knob's unit.

        Raises
        ------
        DialRefused
            If there is no such knob, or the value lies outside its range.
        """
        if key not in KNOBS:
            raise DialRefused(f"There is no knob called '{key}'.", f"There are: {', '.join(KNOBS)}.")
        accepted = KNOBS[key].accept(value)
        with self._lock:
            if self._dials[key] == accepted:
                return
            self._dials[key] = accepted
        self.remember(self._acquisition.status)
        self.note(f"{KNOBS[key].title} set to {KNOBS[key].show(accepted)} {KNOBS[key].unit}".rstrip())

    def jog(self, direction_x: int, direction_y: int) -> None:
        """Set the stage in motion along -1, 0 or 1 in each axis, until the next call; (0, 0) halts it."""
        with self._lock:
            speed = self._stage_speed_um
            self._stage = jogging(self._stage, self._monotonic(), direction_x * speed, direction_y * speed)

    def move_stage(self, x_um: float, y_um: float) -> None:
        """Send the stage to a point.

        Raises
        ------
        DialRefused
            If the point lies beyond the stage's limits.
        """
        if not (abs(x_um) <= LIMIT_UM and abs(y_um) <= LIMIT_UM):
            raise DialRefused(f"The stage reaches {LIMIT_UM:.0f} um from its centre.", "It stays where it is.")
        with self._lock:
            self._stage = travelling(self._stage, self._monotonic(), x_um, y_um, _GOTO_SPEED_UM)
        self.note(f"Stage sent to {x_um:.2f}, {y_um:.2f} um")

    def choose_stage_speed(self, speed_um: float) -> None:
        """Set how many micrometres per second the stage moves while an arrow is held."""
        with self._lock:
            self._stage_speed_um = speed_um

    def choose_live_mode(self, mode: LiveMode) -> None:
        """Choose what the live view looks at."""
        with self._lock:
            self._live_mode = mode

    def switch_high_tension(self, *, on: bool) -> None:
        """Switch the high tension; an acquisition stops before its next movie when it is off."""
        self._switch(replace(self._column, is_high_tension_on=on), f"High tension {'on' if on else 'off'}")

    def switch_valves(self, *, opened: bool) -> None:
        """Open or close the column valves."""
        self._switch(replace(self._column, are_valves_open=opened), f"Column valves {'opened' if opened else 'closed'}")

    def switch_screen(self, *, lifted: bool) -> None:
        """Lift the fluorescent screen, or insert it above the camera."""
        text = "lifted" if lifted else "inserted"
        self._switch(replace(self._column, is_screen_lifted=lifted), f"Fluorescent screen {text}")

    def note(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Write a line into the log on the screen."""
        with self._lock:
            self._log.append(LogLine(self._clock(), text, tone))

    def order(self) -> Order:
        """Return what is dialled at this moment, for the movie that begins now."""
        with self._lock:
            stage, dials = self._stage_position(), self._dials
            wanted = Dials(
                target_defocus_um=dials["target_defocus_um"],
                dose_per_frame=dials["dose_per_frame"],
                frames=int(dials["frames"]),
                stage_x_um=round(stage.x_um, 3),
                stage_y_um=round(stage.y_um, 3),
                drift=dials["drift"],
                ice=dials["ice"],
            )
            return Order(wanted, int(dials["planned_movies"]), self._column.obstacle)

    def free_bytes(self) -> int:
        """Return the bytes that are free on the raw folder's disk."""
        return self._free_bytes()

    def remember(self, status: AcquisitionStatus) -> None:
        """Keep dials, stage and progress over a restart; a disk that takes no more is said in the log."""
        with self._lock:
            stage = self._stage_position()
            memory = remembered.Memory(
                dials=dict(self._dials),
                last_number=status.number,
                done=status.done,
                stage_x_um=stage.x_um,
                stage_y_um=stage.y_um,
            )
            try:
                remembered.save(self._memory_file, memory)
            except OSError as problem:
                self.note(f"The dials cannot be kept over a restart: {problem.strerror}.", Tone.ATTENTION)

    def _switch(self, column: Column, text: str) -> None:
        with self._lock:
            self._column = column
        self.note(text, Tone.PLAIN if column.is_beam_on_camera else Tone.ATTENTION)

    def _stage_position(self) -> StagePosition:
        now = self._monotonic()
        return StagePosition(*self._stage.at(now), self._stage.is_moving(now))


def _disk_free(folder: Path) -> int:
    """Return the bytes that are free where `folder` lies, 0 where it cannot be reached."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage(folder).free
    return 0
