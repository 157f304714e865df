"""The gain reference that a camera leaves beside its movies, once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.errors import CloudletError

__all__ = ["OtherGainReference", "gain_name", "mrc_bytes", "write_gain"]

HEADER_WORDS = 256
MODE_FLOAT32 = 2
VERSION_2014 = 20140
LITTLE_ENDIAN_STAMP = 0x4444


class OtherGainReference(CloudletError):
    """The raw folder holds movies of another camera."""

    slug = "other-gain-reference"


def gain_name(grid: str) -> str:
    """Return the file name of the gain reference that goes with a grid's movies."""
    return f"CountRef_{grid}.mrc"


def write_gain(path: Path, gain: NDArray[np.float32], pixel_size_angstrom: float) -> None:
    """Write a gain reference as MRC mode 2, in array order, unless it is there already.

    It is multiplicative: corrected = raw * gain. It is written beside its name and renamed, so that a movie is
    never seen with half of one.

    Raises
    ------
    OtherGainReference
        If something else is there under this name.
    OSError
        If it cannot be written.
    """
    content = mrc_bytes(gain, pixel_size_angstrom)
    if path.exists():
        check_same(path, content)
        return
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def check_same(path: Path, content: bytes) -> None:
    """Refuse a folder whose gain reference is not this camera's."""
    if path.read_bytes() != content:
        raise OtherGainReference(
            f"{path.name} in {path.parent} belongs to another camera or seed.",
            "Choose an empty folder, or the camera and seed with which this one was begun.",
        )


def mrc_bytes(image: NDArray[np.float32], pixel_size_angstrom: float) -> bytes:
    """Return an image as an MRC2014 file, rows in array order (doi:10.1016/j.jsb.2015.04.002).

    The same image gives the same bytes: no label and no time is written.
    """
    height, width = image.shape
    words = np.zeros(HEADER_WORDS, "<i4")
    reals = words.view("<f4")
    words[:4] = width, height, 1, MODE_FLOAT32
    words[7:10] = width, height, 1
    reals[10:13] = width * pixel_size_angstrom, height * pixel_size_angstrom, pixel_size_angstrom
    reals[13:16] = 90.0
    words[16:19] = 1, 2, 3
    reals[19:22] = image.min(), image.max(), image.mean()
    words[27] = VERSION_2014
    words[52] = int.from_bytes(b"MAP ", "little")
    words[53] = LITTLE_ENDIAN_STAMP
    reals[54] = image.std()
    return words.tobytes() + image.astype("<f4").tobytes()
