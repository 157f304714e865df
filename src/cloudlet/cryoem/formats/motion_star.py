"""One movie's motion as RELION 3.1 keeps it beside each corrected micrograph.

RELION's shifts are what brings a frame back onto the first one: minus the motion, in pixels of the frames, x along
the columns and y along the rows of the array whose row 0 is the bottom of the picture. RELION reverses the rows of
TIFF movies as we do and takes those of MRC as stored, so that one rule holds for both: a specimen that moves by +1
row and +0.5 column between frames 1 and 2 gives X -0.5 and Y -1. (Seen from the rows as they lie in a TIFF file, y
runs downwards and the same numbers look like Y +1.)

The local model is RELION's polynomial in place and time (see `cloudlet.cryoem.numerics.alignment.polynomial`), of
shifts too, those along x first. Version 0 says that there is none, because there is no local motion or it does not
fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from gemmi import cif
from numpy.typing import NDArray

from cloudlet.cryoem.formats.star import StarValue, add_pairs, add_table, write_star
from cloudlet.openat import FileBeneath

__all__ = ["MovieMotion", "write_motion_star"]


@dataclass(frozen=True)
class MovieMotion:
    """What RELION wants to know of a movie to correct it again, or to polish its particles."""

    movie_name: str
    shape: tuple[int, int, int]
    """(frames, rows, columns)."""
    gain_name: str | None
    pixel_size_angstrom: float
    binning: int
    """Pixels of the frames, along each side, to one of the micrograph."""
    dose_per_frame: float
    """Electrons per square angstrom."""
    pre_exposure: float
    """The same before the first frame."""
    voltage_kv: float
    motion: NDArray[np.float64]
    """Where the specimen is in each frame relative to the first, (y, x) in pixels, shape (frames, 2)."""
    local: NDArray[np.float64] | None = None
    """Coefficients of the local motion along y and x in pixels, shape (2, 18); None for no local model."""
    hot_pixels: Sequence[tuple[int, int]] = ()
    """(row, column) of pixels that are not used."""
    eer: tuple[int, int] | None = None
    """Upsampling and raw frames a fraction; None for other movies."""


def write_motion_star(product: FileBeneath, movie: MovieMotion) -> None:
    """Write the motion of one movie.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    document = cif.Document()
    add_pairs(document, "general", _general(movie))
    rows = [(number, 0.0 - float(x), 0.0 - float(y)) for number, (y, x) in enumerate(movie.motion, 1)]
    add_table(document, "global_shift", ["MicrographFrameNumber", "MicrographShiftX", "MicrographShiftY"], rows)
    if movie.local is not None:
        # RELION starts with x; 0.0 - keeps a zero from becoming minus zero
        coefficients = [0.0 - float(value) for value in np.concatenate([movie.local[1], movie.local[0]])]
        columns = ["MotionModelCoeffsIdx", "MotionModelCoeff"]
        add_table(document, "local_motion_model", columns, [(n, f"{c:.9g}") for n, c in enumerate(coefficients)])
    if movie.hot_pixels:
        pixels = [(float(column), float(row)) for row, column in movie.hot_pixels]
        add_table(document, "hot_pixels", ["CoordinateX", "CoordinateY"], pixels)
    write_star(product, document)


def _general(movie: MovieMotion) -> dict[str, StarValue]:
    frames, rows, columns = movie.shape
    gain: dict[str, StarValue] = {"MicrographGainName": movie.gain_name} if movie.gain_name else {}
    eer: dict[str, StarValue] = {}
    if movie.eer is not None:
        eer = {"EERUpsampling": movie.eer[0], "EERGrouping": movie.eer[1]}
    return {
        "ImageSizeX": columns,
        "ImageSizeY": rows,
        "ImageSizeZ": frames,
        "MicrographMovieName": movie.movie_name,
        **gain,
        "MicrographBinning": float(movie.binning),
        "MicrographOriginalPixelSize": movie.pixel_size_angstrom,
        "MicrographDoseRate": movie.dose_per_frame,
        "MicrographPreExposure": movie.pre_exposure,
        "Voltage": movie.voltage_kv,
        "MicrographStartFrame": 1,
        **eer,
        "MotionModelVersion": 0 if movie.local is None else 1,
    }
