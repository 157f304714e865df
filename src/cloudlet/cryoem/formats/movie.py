"""Movies, whatever their file format: how many frames are there, and the frames themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import (
    MovieEmpty,
    MovieTruncated,
    MovieUnreadable,
    MovieVanished,
    MovieWrongSize,
    MovieWrongType,
)

__all__ = ["Movie", "MovieOutline", "look_at_movie", "read_movie"]

SMALLEST_SIDE = 256
"""Pixels; smaller frames hold too few rings to fit a CTF."""

MOST_PIXELS = 8_000_000_000
"""Pixels of all frames together; twice a 40-frame movie of the largest camera (11,520 × 8,184)."""

LARGEST_SIDE = 32_768
"""Pixels; no camera has more, but a damaged header may say so."""


@dataclass(frozen=True)
class MovieOutline:
    """What a look into a movie tells without decoding a frame."""

    frames: int
    """Frames whose bytes are all there."""
    is_cut: bool
    """Whether a further frame is announced whose bytes are not all there."""
    rows: int
    columns: int


@dataclass(frozen=True)
class Movie:
    """A movie in memory, as the camera counted it."""

    frames: NDArray[np.generic]
    """Shape (frames, rows, columns), row 0 at the bottom of the picture, of the file's own type."""

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of a frame."""
        return self.frames.shape[1], self.frames.shape[2]

    def __len__(self) -> int:
        return len(self.frames)


def look_at_movie(path: Path) -> MovieOutline:
    """Count the frames of a movie.

    Raises
    ------
    MovieVanished, MovieEmpty, MovieUnreadable
        The file is gone, has no bytes, or the file system refuses.
    MovieTruncated
        Not even its first frame can be made out yet.
    MovieWrongType
        It is no TIFF or MRC file at all, or its pixels are not those of a movie.
    """
    with _told_for_researchers(path):
        return _reader(path).look(path)


def read_movie(path: Path) -> Movie:
    """Read and decode all frames.

    Raises
    ------
    MovieVanished, MovieEmpty, MovieUnreadable, MovieTruncated, MovieWrongType
        As `look_at_movie`; truncated also where the last frame is not all there.
    MovieWrongSize
        Frames differ in size, or are smaller than `SMALLEST_SIDE`, or there is only one.
    """
    with _told_for_researchers(path):
        reader = _reader(path)
        _check_outline(path, reader.look(path))
        return Movie(reader.read(path))


@dataclass(frozen=True)
class _Reader:
    look: Callable[[Path], MovieOutline]
    read: Callable[[Path], NDArray[np.generic]]


def _reader(path: Path) -> _Reader:
    from cloudlet.cryoem.formats import mrc_movie, tiff_movie

    if path.stat().st_size == 0:
        raise MovieEmpty(f"{path.name} is empty.", "Look whether the camera's disk is full; take the movie again.")
    if path.suffix.lower() in {".mrc", ".mrcs"}:
        return _Reader(mrc_movie.look, mrc_movie.read)
    return _Reader(tiff_movie.look, tiff_movie.read)


def _check_outline(path: Path, outline: MovieOutline) -> None:
    if outline.is_cut:
        raise MovieTruncated(
            f"{path.name} ends in the middle of frame {outline.frames + 1}.",
            "Copy the file again if it was copied, or leave the movie out.",
        )
    if outline.frames < 2:
        raise MovieWrongSize(
            f"{path.name} holds a single frame; a movie has at least two.",
            "Let the camera save frames, not their sum.",
        )
    if min(outline.rows, outline.columns) < SMALLEST_SIDE:
        raise MovieWrongSize(
            f"The frames of {path.name} are {outline.columns} × {outline.rows} pixels, too small to be measured.",
            f"Use a readout area of at least {SMALLEST_SIDE} × {SMALLEST_SIDE} pixels.",
        )
    if max(outline.rows, outline.columns) > LARGEST_SIDE:
        raise MovieWrongSize(
            f"The frames of {path.name} claim to be {outline.columns} × {outline.rows} pixels, which no camera has.",
            "Copy the file again if it was copied, or leave the movie out.",
        )
    if outline.frames * outline.rows * outline.columns > MOST_PIXELS:
        raise MovieWrongSize(
            f"{path.name} claims {outline.frames} frames of {outline.columns} × {outline.rows} pixels, more than fits "
            "into memory.",
            "Copy the file again if it was copied; let the camera save fewer frames, or bin them.",
        )


@contextmanager
def _told_for_researchers(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as cause:
        raise MovieVanished(
            f"{path.name} is no longer there.", "Put the file back and retry, or leave the movie out."
        ) from cause
    except IsADirectoryError as cause:
        raise MovieWrongType(f"{path.name} is a folder, not a movie.", "Move it out of the raw folder.") from cause
    except OSError as cause:
        raise MovieUnreadable(
            f"{path.name} cannot be read: {cause.strerror or cause}.",
            "Check the permissions and the mount of the raw folder, then retry.",
        ) from cause
