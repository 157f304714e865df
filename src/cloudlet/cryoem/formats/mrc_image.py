"""Micrographs as MRC."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.beside import written_beside

__all__ = ["write_image"]


def write_image(path: Path, image: NDArray[np.float32], pixel_size_angstrom: float) -> None:
    """Write an image of shape (rows, columns) as MRC of mode 2, beside its final name, and rename it.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    with written_beside(path) as temporary, mrcfile.new(temporary, overwrite=True) as file:
        file.set_data(image)
        file.voxel_size = (pixel_size_angstrom, pixel_size_angstrom, 0.0)
