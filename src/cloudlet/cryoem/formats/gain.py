"""Gain references: what each pixel's counts are multiplied by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from cloudlet.cryoem.errors import GainMissing, GainUnreadable, GainWrongSize
from cloudlet.cryoem.formats.movie import LARGEST_SIDE
from cloudlet.cryoem.formats.mrc_image import read_image
from cloudlet.cryoem.formats.tiff_movie import BROKEN_BYTES

__all__ = ["read_gain"]


def read_gain(path: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Read a gain reference for frames of `shape` (rows, columns), row 0 at the bottom of the picture.

    MRC files are taken as stored, the rows of TIFF files are reversed, as for movies. A pixel of 0 is a defect.

    Raises
    ------
    GainMissing
        There is no such file.
    GainUnreadable
        It is neither MRC nor TIFF, or holds values that cannot be a gain.
    GainWrongSize
        It does not have the size of the frames.
    """
    gain = _image(path)
    _check_values(path, gain)
    if gain.shape != shape:
        raise GainWrongSize(
            f"The gain reference {path.name} is {gain.shape[1]} × {gain.shape[0]} pixels, the frames are "
            f"{shape[1]} × {shape[0]}.",
            "Give the gain reference that was taken for this camera mode: --gain, or gain in the settings.",
        )
    return gain


def _image(path: Path) -> NDArray[np.float32]:
    suffix = path.suffix.lower()
    if suffix not in {".mrc", ".mrcs", ".tif", ".tiff"}:
        raise GainUnreadable(
            f"The gain reference {path.name} is neither MRC nor TIFF.",
            "Convert it (IMOD's dm2mrc does it for DM4) and name the result: --gain, or gain in the settings.",
        )
    try:
        return read_image(path) if suffix.startswith(".mrc") else _tiff_image(path)
    except FileNotFoundError as cause:
        raise GainMissing(
            f"The gain reference {path.name} is not in {path.parent}.",
            "Put it beside the movies, or name another: --gain, or gain in the settings.",
        ) from cause
    except (OSError, *BROKEN_BYTES) as cause:
        raise GainUnreadable(
            f"The gain reference {path.name} cannot be read: {cause}.", "Copy it again from the camera."
        ) from cause


def _tiff_image(path: Path) -> NDArray[np.float32]:
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        if len(page.shape) != 2 or max(page.shape) > LARGEST_SIDE:  # before anything is decoded
            raise ValueError(f"it has the shape {page.shape}")
        return np.ascontiguousarray(page.asarray()[::-1], dtype=np.float32)


def _check_values(path: Path, gain: NDArray[np.float32]) -> None:
    if not np.isfinite(gain).all() or gain.min() < 0 or gain.max() <= 0:
        raise GainUnreadable(
            f"The gain reference {path.name} holds values that are no numbers, negative, or all 0.",
            "Take a new gain reference, or name another: --gain, or gain in the settings.",
        )
