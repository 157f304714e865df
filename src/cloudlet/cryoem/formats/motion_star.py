"""One movie's motion as RELION 3.1 keeps it beside each corrected micrograph.

RELION's shifts are what brings a frame back onto the first one: minus the motion, in pixels of the frames, x along
the columns and y along the rows of the array whose row 0 is the bottom of the picture. RELION reverses the rows of
TIFF movies as we do and takes those of MRC as stored, so that one rule holds for both: a specimen that moves by +1
row and +0.5 column between frames 1 and 2 gives X -0.5 and Y -1. (Seen from the rows as they lie in a TIFF file, y
runs downwards and the same numbers look like Y +1.)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gemmi import cif
from numpy.typing import NDArray

from cloudlet.cryoem.formats.star import StarValue, add_pairs, add_table, write_star

__all__ = ["MovieMotion", "write_motion_star"]


@dataclass(frozen=True)
class MovieMotion:
    """What RELION wants to know of a movie to correct it again, or to polish its particles."""

    movie_name: str
    shape: tuple[int, int, int]
    """(frames, rows, columns)."""
    gain_name: str | None
    pixel_size_angstrom: float
    dose_per_frame: float
    """Electrons per square angstrom."""
    voltage_kv: float
    motion: NDArray[np.float64]
    """Where the specimen is in each frame relative to the first, (y, x) in pixels, shape (frames, 2)."""


def write_motion_star(path: Path, movie: MovieMotion) -> None:
    """Write the global motion of one movie.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    document = cif.Document()
    add_pairs(document, "general", _general(movie))
    rows = [(number, 0.0 - float(x), 0.0 - float(y)) for number, (y, x) in enumerate(movie.motion, 1)]
    add_table(document, "global_shift", ["MicrographFrameNumber", "MicrographShiftX", "MicrographShiftY"], rows)
    write_star(path, document)


def _general(movie: MovieMotion) -> dict[str, StarValue]:
    frames, rows, columns = movie.shape
    gain: dict[str, StarValue] = {"MicrographGainName": movie.gain_name} if movie.gain_name else {}
    return {
        "ImageSizeX": columns,
        "ImageSizeY": rows,
        "ImageSizeZ": frames,
        "MicrographMovieName": movie.movie_name,
        **gain,
        "MicrographBinning": 1.0,
        "MicrographOriginalPixelSize": movie.pixel_size_angstrom,
        "MicrographDoseRate": movie.dose_per_frame,
        "MicrographPreExposure": 0.0,
        "Voltage": movie.voltage_kv,
        "MicrographStartFrame": 1,
        "MotionModelVersion": 0,
    }
