"""Files that hold one image beside the movies, such as gain references."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable, MovieWrongSize, MovieWrongType
from cloudlet.cryoem.formats.outline import AS_STORED
from cloudlet.cryoem.formats.readers import Reader

__all__ = ["read_single_image"]


def read_single_image(
    name: str, file: BinaryIO, reader: Reader, check: Callable[[tuple[int, int]], None]
) -> NDArray[Any]:
    """Read a file as a movie of one frame, once `check` has passed its rows and columns.

    Raises
    ------
    ValueError
        It holds none or several, or cannot be read; the message goes on after "it cannot be used:" or the like.
    OSError
        The file cannot be read.
    """
    try:
        contents = reader.open(name, file)
        outline = contents.outline(AS_STORED)
        if outline.is_cut or outline.frames != 1:
            raise ValueError(f"it holds {outline.frames} whole images instead of one")
        check((outline.rows, outline.columns))
        image = np.empty((outline.rows, outline.columns), outline.dtype)
        contents.decoder(AS_STORED)(0, image)
    except (MovieTruncated, MovieUnreadable, MovieWrongSize, MovieWrongType) as cause:
        raise ValueError(cause.message.rstrip(".")) from cause
    return image
