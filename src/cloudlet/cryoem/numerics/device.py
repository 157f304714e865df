"""The few loops that take the time, as every kind of processor offers them.

The algorithms are written once, in numpy, on arrays that are small: rings, shifts, coefficients. What is large (counts,
transforms, sums) stays with the device, and is worked on through the objects below. `cloudlet.cryoem.numerics.cpu`
implements them by numba and SciPy, `cloudlet.cryoem.numerics.gpu` by torch.

Lengths are pixels of the camera's frames, or of the binned frames where it says so; frequencies are cycles per such
a pixel. A displacement is where the specimen has moved to, (y, x): undoing it moves content back by as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.frames import Defects
from cloudlet.cryoem.numerics.rings import Rings
from cloudlet.cryoem.numerics.threads import Threads

__all__ = [
    "TILE",
    "Device",
    "DeviceFull",
    "HalfPlane",
    "Layout",
    "LowFrequencies",
    "Match",
    "RadialTable",
    "Spectra",
    "Stack",
    "Sums",
    "Window",
]

TILE = (64, 64)
"""Rows and columns of the tiles of a frame that are moved as one."""


@dataclass(frozen=True)
class Layout:
    """What a movie is like."""

    frames: int
    rows: int
    columns: int
    dtype: np.dtype[Any]
    """Of the counts: 8 or 16 bit integers, or float32."""
    binning: int
    """Side of the squares of pixels that are summed into the frames that motion is estimated on."""

    @property
    def binned_shape(self) -> tuple[int, int]:
        """(rows, columns) of a binned frame; pixels that fill no square are left out at the far ends."""
        return self.rows // self.binning, self.columns // self.binning


@dataclass(frozen=True)
class Window:
    """A rectangle of the binned frames; its edges are faded out before it is transformed."""

    row: int
    """The first one, counted in binned pixels as all that follows."""
    column: int
    rows: int
    columns: int


@dataclass(frozen=True)
class RadialTable:
    """Several functions of the distance from zero frequency; between entries they are interpolated linearly."""

    values: NDArray[np.float32]
    """Shape (functions, entries); beyond the last entry it holds on."""
    step: float
    """From one entry to the next, in cycles per pixel of the images it is used on; the first is at 0."""

    def nearest(self, frequency: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the entry that is nearest to each frequency, of the same shape."""
        entry = np.minimum(np.rint(frequency / self.step), self.values.shape[1] - 1)
        nearest: NDArray[np.int32] = entry.astype(np.int32)
        return nearest


class DeviceFull(Exception):
    """The device has no room for a movie; its text goes on after the movie's name."""


class Device(Protocol):
    """One processor, or as much of it as one task may use."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    def stack(self, layout: Layout) -> Stack:
        """Return room for one movie, and wait for it where others take the device too.

        Raises
        ------
        DeviceFull
            There is none.
        """
        ...

    def rest(self) -> None:
        """Leave room to others until the next movie; the last one's stack, and what it made, is used no more.

        A device that nobody else takes keeps its room, and hands it out again for the next movie like it.
        """
        ...


class Stack(Protocol):
    """One movie: its counts, its gain, and its frames binned."""

    @property
    def layout(self) -> Layout:
        """As it was asked for."""
        ...

    def buffer(self, frame: int) -> NDArray[np.generic]:
        """Return where the counts of a frame are to be written, shape (rows, columns) of the layout's type."""
        ...

    def take(self, frame: int) -> None:
        """Take what has been written into the buffer of a frame; several threads may do so, each with its frame."""
        ...

    def total(self) -> NDArray[np.float32]:
        """Return the sum of the raw counts over all frames, shape (rows, columns); once all are taken.

        It is good until displaced frames are summed.
        """
        ...

    def calibrate(self, gain: NDArray[np.float32] | None, defects: Defects) -> NDArray[np.float64]:
        """Let good neighbours stand in for defects, in every frame and in the gain, and bin the frames times the gain.

        Each defect gets the counts *and* the gain of its stand-in, so that nothing later needs to know of it. Only
        what the device holds is changed.

        Parameters
        ----------
        gain
            What counts are multiplied by, shape (rows, columns); None where they are corrected already.
        defects
            Pixels that cannot be used, with their stand-ins.

        Returns
        -------
        numpy.ndarray
            The mean of each frame times the gain, per pixel, shape (frames,).
        """
        ...

    def spectra(self, windows: Sequence[Window], limit: float, amplitudes: RadialTable) -> Spectra:
        """Transform windows of all binned frames.

        Parameters
        ----------
        windows
            All of one size.
        limit
            What lies beyond this frequency, in cycles per binned pixel, is left out.
        amplitudes
            One function for each frame, of cycles per binned pixel, that its transforms are multiplied by: the share
            of the signal that is left in it; 0 for a frame that is not to be used.
        """
        ...

    def gathered(self, displacements: NDArray[np.float32], shares: NDArray[np.float32]) -> Sums:
        """Undo the displacements and sum the frames, times the gain, in several ways at once.

        The sums are good until the next ones.

        Parameters
        ----------
        displacements
            Shape (frames, tile rows, tile columns, 2), one for each tile of `TILE` pixels, the last ones cut off.
        shares
            What each frame is multiplied by in each of the sums, shape (sums, frames).
        """
        ...


class Spectra(Protocol):
    """Transforms of the windows of all frames, cropped to low frequencies and multiplied by the amplitudes."""

    @property
    def rings(self) -> Rings:
        """Where each of their coefficients lies; frequencies in cycles per binned pixel."""
        ...

    @property
    def sum_of_powers(self) -> NDArray[np.float64]:
        """Sum over frames of ``|F|^2`` summed over each ring, shape (windows, rings)."""
        ...

    def low(self, limit: float) -> LowFrequencies:
        """Return what lies below `limit`, in cycles per binned pixel, of the first window, for a search by numpy."""
        ...

    def match(self, shifts: NDArray[np.float64]) -> Match:
        """Move all windows of all frames back by shifts in binned pixels, shape (windows, frames, 2), and sum frames.

        The match is good until the next one.
        """
        ...


@dataclass(frozen=True)
class LowFrequencies:
    """A corner of the transforms."""

    transforms: NDArray[np.complex64]
    """Shape (frames, rows, columns), laid out as ``rfft2``, an odd number of rows."""
    rows: NDArray[np.float64]
    """Frequencies along y in cycles per binned pixel."""
    columns: NDArray[np.float64]
    """The same along x."""


class Match(Protocol):
    """How frames agree at certain shifts."""

    @property
    def power_of_sum(self) -> NDArray[np.float64]:
        """``|sum over frames|^2`` summed over each ring, shape (windows, rings)."""
        ...

    def gradients(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the slope of ``sum over the half plane of weight |sum over frames|^2`` along each shift.

        Parameters
        ----------
        weight
            One for each ring, shape (rings,).

        Returns
        -------
        numpy.ndarray
            Per binned pixel, (y, x), shape (windows, frames, 2).
        """
        ...


class Sums(Protocol):
    """Sums of displaced frames."""

    def image(self, number: int) -> NDArray[np.float32]:
        """Return one of the sums, shape (rows, columns)."""
        ...

    def combined(self, filters: Sequence[RadialTable], shape: tuple[int, int]) -> list[HalfPlane]:
        """Return, for each table, the transform of ``sum over r of filter r applied to sum r``, without blur.

        Filters are functions of cycles per pixel of the frames; the blur is the interpolation's. Where the `shape`
        (rows, columns) of the image is smaller than theirs, it is made smaller by cropping in Fourier space; a pixel
        that covers four of theirs holds the sum of the four.
        """
        ...


class HalfPlane(Protocol):
    """The transform of an image."""

    def on_host(self, threads: Threads) -> HalfPlane:
        """Return the same in the host's memory, worked on by these threads; it outlasts the movie's stack."""
        ...

    def image(self, rows: int, columns: int, low_pass: RadialTable | None = None) -> NDArray[np.float32]:
        """Return the image, made smaller by cropping in Fourier space where `rows` and `columns` are smaller.

        Intensity per area is kept: a pixel that covers four of the frames' pixels holds the sum of the four.
        """
        ...
