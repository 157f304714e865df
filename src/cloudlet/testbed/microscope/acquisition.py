"""The acquisition: one movie after the other, in a thread of its own, until something says stop.

Theory of operation. The loop sleeps in ``IDLE`` until it is ordered to start. Then, for every movie: it asks for a
fresh `Order`, finds out whether there is a reason to stop, and otherwise goes through ``EXPOSING`` (the camera
computes), ``WRITING`` (frames appear in the raw folder one by one) and ``WAITING`` (until the cadence allows the next).
An order to stop lets the present movie be finished. A movie's number is remembered before it is exposed, so that no
number is given twice, whatever happens.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from cloudlet.clock import Clock
from cloudlet.errors import CloudletError
from cloudlet.testbed.camera import Camera
from cloudlet.testbed.microscope.errors import NotReady
from cloudlet.testbed.microscope.models import AcquisitionStatus, Phase, Tone
from cloudlet.testbed.models import Dials, Movie
from cloudlet.testbed.movies import DiskFull, MovieWriter

__all__ = ["Acquisition", "Order", "Pace", "Surroundings"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What the operator wants when a movie begins."""

    dials: Dials
    planned: int
    obstacle: str
    """What keeps the beam from the camera, as a sentence; empty where nothing does."""


@dataclass(frozen=True)
class Pace:
    """How fast movies follow each other and how slowly each one appears."""

    cadence_seconds: float
    writing_seconds: float
    reserve_bytes: int
    """Bytes that must stay free on the disk of the raw folder."""


class Surroundings(Protocol):
    """What the acquisition needs of the microscope around it; called without any lock held."""

    def order(self) -> Order:
        """Return what is dialled at this moment."""

    def remember(self, status: AcquisitionStatus) -> None:
        """Keep number and progress over a restart."""

    def note(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Write a line into the operator's log."""

    def free_bytes(self) -> int:
        """Return the bytes that are free on the disk of the raw folder."""


class Acquisition:
    """The loop that takes movies; every method may be called from any thread.

    Parameters
    ----------
    camera, writer
        What exposes, and what puts movies into the raw folder.
    around
        The microscope.
    pace
        Cadence, writing time and disk reserve.
    status
        Where it stands: number and progress of a former life.
    clock, monotonic
        The instants for names of files, and seconds for pauses.
    """

    def __init__(
        self,
        camera: Camera,
        writer: MovieWriter,
        around: Surroundings,
        pace: Pace,
        status: AcquisitionStatus,
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera, self._writer, self._around, self._pace = camera, writer, around, pace
        self._clock, self._monotonic = clock, monotonic
        self._status = status
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="acquisition", daemon=True)

    @property
    def status(self) -> AcquisitionStatus:
        """How far it has come."""
        return self._status

    def open(self) -> None:
        """Begin to listen to orders."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; the movie at hand is finished without pauses, so that no half one is left."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def start(self) -> None:
        """Take movies until the planned number is reached; a new count begins where the old one was complete.

        Raises
        ------
        NotReady
            If no beam would reach the camera.
        """
        order = self._around.order()
        if order.obstacle:
            raise NotReady(f"Not started. {order.obstacle}", "Mend that in the column panel first.")
        with self._changed:
            done = self._status.done if self._status.done < order.planned else 0
            phase = self._status.phase if self._status.is_running else Phase.WAITING
            self._status = replace(self._status, done=done, phase=phase, is_stopping=False, message="")
            self._changed.notify_all()
        self._around.note(f"Acquisition started: {order.planned - done} movies to take.", Tone.GOOD)

    def stop(self) -> None:
        """Stop after the present movie; nothing happens where none is being taken."""
        with self._changed:
            if not self._status.is_running or self._status.is_stopping:
                return
            self._status = replace(self._status, is_stopping=True)
            self._changed.notify_all()
        self._around.note("Stopping after the present movie.")

    def _run(self) -> None:
        while self._is_ordered():
            reason, tone = self._take_movies()
            with self._changed:
                self._status = replace(self._status, phase=Phase.IDLE, is_stopping=False, message=reason)
            self._around.note(reason, tone)

    def _is_ordered(self) -> bool:
        """Wait for the order to start; return False when the microscope is shut down instead."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing or self._status.is_running)
            return not self._is_closing

    def _take_movies(self) -> tuple[str, Tone]:
        """Take movies until there is a reason to stop, and return that reason."""
        try:
            while (end := self._reason_to_stop(order := self._around.order())) is None:
                began = self._monotonic()
                self._take_movie(order.dials)
                self._wait(began + self._pace.cadence_seconds)
        except DiskFull:
            incomplete = f"Stopped: the disk is full, movie {self._status.number} is incomplete."
            return f"{incomplete} Free space in the raw folder, then press Start.", Tone.BAD
        except CloudletError as problem:
            return f"Acquisition stopped. {problem}", Tone.BAD
        except Exception as problem:
            logger.exception("the simulated camera failed")
            return f"Acquisition stopped: the camera failed ({type(problem).__name__}). Press Start to go on.", Tone.BAD
        return end

    def _reason_to_stop(self, order: Order) -> tuple[str, Tone] | None:
        status = self._status
        if self._is_closing:
            return "Stopped: the microscope is being switched off.", Tone.ATTENTION
        if status.is_stopping:
            return f"Stopped by the operator after {status.done} of {order.planned} movies.", Tone.ATTENTION
        if status.done >= order.planned:
            return f"Finished: all {order.planned} planned movies are taken.", Tone.GOOD
        if order.obstacle:
            return f"Acquisition stopped. {order.obstacle}", Tone.BAD
        return self._shortage(order.dials)

    def _shortage(self, dials: Dials) -> tuple[str, Tone] | None:
        height, width = self._camera.model.shape
        free, kept = self._around.free_bytes(), self._pace.reserve_bytes
        if free >= kept + height * width * dials.frames:
            return None
        sentence = f"Stopped: the disk is full ({free / 1e9:.2f} GB free, {kept / 1e9:.2f} GB are kept)."
        return f"{sentence} Free space in the raw folder, then press Start.", Tone.BAD

    def _take_movie(self, dials: Dials) -> None:
        number = self._status.number + 1
        started = self._clock()
        name = self._writer.path(number, started).name
        self._set(phase=Phase.EXPOSING, number=number, frame=0, frames=dials.frames, file_name=name)
        self._around.remember(self._status)
        movie = self._camera.expose(number, dials)
        self._set(phase=Phase.WRITING)
        for frame in self._writer.pages(movie, started):
            self._set(frame=frame)
            self._pause(self._pace.writing_seconds / dials.frames)
        self._set(phase=Phase.WAITING, done=self._status.done + 1)
        self._around.remember(self._status)
        self._around.note(_summary(movie, name))

    def _set(self, **changes: object) -> None:
        with self._changed:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]

    def _pause(self, seconds: float) -> None:
        """Let `seconds` pass between two frames; at once when the microscope is shut down."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing, seconds)

    def _wait(self, until: float) -> None:
        """Wait for the next movie's turn, or for the order to stop."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closing or self._status.is_stopping, max(until - self._monotonic(), 0.0)
            )


def _summary(movie: Movie, name: str) -> str:
    dials = movie.truth.dials
    return f"{name}: {dials.frames} frames, {dials.dose:.0f} e/A^2, target {dials.target_defocus_um:.2f} um"
