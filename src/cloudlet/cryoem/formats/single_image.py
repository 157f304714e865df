"""Files that hold one image beside the movies, such as gain references, and what is said where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable, MovieWrongSize, MovieWrongType
from cloudlet.cryoem.formats.outline import AS_STORED
from cloudlet.cryoem.formats.raw_file import NotARegularFile
from cloudlet.cryoem.formats.readers import Reader
from cloudlet.errors import CloudletError

__all__ = ["read_single_image", "refusing"]


@contextmanager
def refusing(path: Path, refused: Callable[[Path, str], CloudletError]) -> Iterator[None]:
    """Raise instead of whatever goes wrong with a file in the block what `refused` makes of it and the reason.

    The reason goes on after "it cannot be used:" or the like, without a full stop.
    """
    try:
        yield
    except NotARegularFile as cause:
        raise refused(path, "it is a link, a folder or a device") from cause
    except FileNotFoundError as cause:
        raise refused(path, f"it is not in {path.parent}") from cause
    except OSError as cause:
        raise refused(path, cause.strerror or str(cause)) from cause
    except ValueError as cause:
        raise refused(path, str(cause)) from cause
    except (MovieTruncated, MovieUnreadable, MovieWrongSize, MovieWrongType) as cause:
        raise refused(path, cause.message.rstrip(".")) from cause


def read_single_image(
    name: str, file: BinaryIO, reader: Reader, check: Callable[[tuple[int, int]], None]
) -> NDArray[Any]:
    """Read a file as a movie of one frame, once `check` has passed its rows and columns.

    Raises
    ------
    ValueError
        It holds none or several.
    MovieTruncated, MovieUnreadable, MovieWrongSize, MovieWrongType, OSError
        See `cloudlet.cryoem.formats.readers`.
    """
    outline = reader.look(name, file, AS_STORED)
    if outline.is_cut or outline.frames != 1:
        raise ValueError(f"it holds {outline.frames} whole images instead of one")
    check((outline.rows, outline.columns))
    image = np.empty((outline.rows, outline.columns), outline.dtype)
    reader.decoder(name, file, AS_STORED)(0, image)
    return image
