"""Single images as MRC: micrographs out, gain references in."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.beside import written_beside

__all__ = ["read_image", "write_image"]


def read_image(path: Path) -> NDArray[np.float32]:
    """Return an image, or the only section of a stack, as float32 of shape (rows, columns), row 0 at the bottom.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is no MRC file, or holds more than one section.
    """
    with mrcfile.open(path, mode="r") as file:
        data = np.squeeze(file.data)
        if data.ndim != 2:
            raise ValueError(f"it has the shape {data.shape}")
        image: NDArray[np.float32] = data.astype(np.float32)
        return image


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
