"""Pictures for pages."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cloudlet.cryoem.formats.atomic_write import atomic_write
from cloudlet.openat import FileBeneath

__all__ = ["write_jpeg"]


def write_jpeg(product: FileBeneath, picture: NDArray[np.uint8], quality: int = 85) -> None:
    """Write a grey picture of shape (rows, columns) as JPEG; its last row becomes the top of the picture.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    upright = Image.fromarray(np.ascontiguousarray(picture[::-1]))
    with atomic_write(product) as file:
        upright.save(file, format="JPEG", quality=quality)
