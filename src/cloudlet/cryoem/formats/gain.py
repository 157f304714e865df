"""Gain references: what each pixel's counts are multiplied by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import GainMissing, GainUnreadable, GainWrongSize
from cloudlet.cryoem.formats.raw_file import opened, refusing
from cloudlet.cryoem.formats.readers import READERS, Reader
from cloudlet.cryoem.formats.single_image import read_single_image
from cloudlet.cryoem.names import Use, suffix_of

__all__ = ["read_gain"]


def read_gain(path: Path, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Read a gain reference for frames of `shape` (rows, columns), row 0 at the bottom of the picture.

    MRC files are taken as stored, the rows of TIFF files are reversed, as for movies. A ``.gain`` file, which belongs
    to EER movies, is a TIFF that lies as they do and holds what counts are divided by: it is inverted. What is
    returned may be turned by a quarter against the frames. A pixel of 0 is a defect.

    Raises
    ------
    GainMissing
        There is no such file.
    GainUnreadable
        It is neither MRC nor TIFF nor ``.gain``, no regular file, or holds values that cannot be a gain.
    GainWrongSize
        It does not have the size of the frames.
    """
    reader = _reader(path)
    try:
        with refusing(path, _unreadable), opened(path) as file:
            image = read_single_image(path.name, file, reader, lambda size: _check_size(path, size, shape))
    except FileNotFoundError as cause:
        raise GainMissing(
            f"The gain reference {path.name} is not in {path.parent}.",
            "Put it beside the movies, or name another: --gain, or gain in the settings.",
        ) from cause
    gain = _inverted(image) if _is_for_eer(path) else image.astype(np.float32)
    _check_values(path, gain)
    return gain


def _check_size(path: Path, size: tuple[int, int], shape: tuple[int, int]) -> None:
    if size not in {shape, shape[::-1]}:
        raise GainWrongSize(
            f"The gain reference {path.name} is {size[1]} × {size[0]} pixels, the frames are {shape[1]} × {shape[0]}.",
            "Give the gain reference that was taken for this camera mode: --gain, or gain in the settings.",
        )


def _is_for_eer(path: Path) -> bool:
    suffix = suffix_of(path.name)
    return suffix is not None and suffix.use is Use.EER_GAIN


def _inverted(image: NDArray[np.generic]) -> NDArray[np.float32]:
    divisor = image[::-1].astype(np.float32)
    return np.divide(1, divisor, out=np.zeros_like(divisor), where=divisor != 0)


def _reader(path: Path) -> Reader:
    suffix = suffix_of(path.name)
    if suffix is None or suffix.use not in {Use.FRAMES, Use.EER_GAIN}:
        raise GainUnreadable(
            f"The gain reference {path.name} is neither MRC nor TIFF nor .gain.",
            "Convert it (IMOD's dm2mrc does it for DM4) and name the result: --gain, or gain in the settings.",
        )
    return READERS[suffix.format]


def _unreadable(path: Path, why: str) -> GainUnreadable:
    return GainUnreadable(
        f"The gain reference {path.name} cannot be read: {why}.",
        "Copy it again from the camera, or name another: --gain, or gain in the settings.",
    )


def _check_values(path: Path, gain: NDArray[np.float32]) -> None:
    if not np.isfinite(gain).all() or gain.min() < 0 or gain.max() <= 0:
        raise GainUnreadable(
            f"The gain reference {path.name} holds values that are no numbers, negative, or all 0.",
            "Take a new gain reference, or name another: --gain, or gain in the settings.",
        )
