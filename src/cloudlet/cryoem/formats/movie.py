"""Movies, whatever their file format: how many frames are there, and the frames themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

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
from cloudlet.cryoem.formats.outline import AS_STORED, FileMetadata, Fractions, MovieOutline
from cloudlet.cryoem.formats.raw_file import NotARegularFile, opened, size_of
from cloudlet.cryoem.formats.readers import FrameDecoder, FrameFile, Reader, reader_of
from cloudlet.cryoem.names import MOVIE_SUFFIXES

__all__ = ["MovieFile", "MovieFrames", "check_last_frame", "open_movie"]

SMALLEST_SIDE = 256
"""Pixels; smaller frames hold too few rings to fit a CTF."""

MOST_FRAMES = 1000
"""Their motions are found together, which takes time that grows with the square of their number."""

MOST_BYTES = 12_000_000_000
"""Of all frames together, decoded; 60 frames of the largest camera (11,520 × 8,184) with 16 bits a pixel take 11.3."""

LARGEST_SIDE = 32_768
"""Pixels; no camera has more, but a damaged header may say so."""


class MovieFile:
    """An open movie: how large it is, what it says of itself, and its frames; its directory or header was read once.

    Parameters
    ----------
    path
        What it was opened by.
    file
        It stays the caller's to close.
    contents
        The same file as its format reads it.

    Raises
    ------
    MovieWrongType, MovieWrongSize, OSError
        Its pixels are not those of a movie, its frames differ, or the file system refuses.
    """

    def __init__(self, path: Path, file: BinaryIO, contents: FrameFile) -> None:
        self.path = path
        self.outline = contents.outline(AS_STORED)
        """With the raw frames of an EER movie for frames."""
        self._file, self._contents = file, contents

    @property
    def metadata(self) -> FileMetadata | None:
        """What the file says of how it was taken; None where it is no place for that."""
        return self._contents.metadata()

    def frames(self, fractions: Fractions = AS_STORED) -> MovieFrames:
        """Return the frames of a movie that can be measured; they are read while the file is open.

        Raises
        ------
        MovieTruncated
            The last frame is not all there.
        MovieWrongSize
            Frames are smaller than `SMALLEST_SIDE`, or there is only one, or more than `MOST_FRAMES`.
        MovieUnreadable
            They cannot be decoded, or the file system refuses.
        """
        with _translate_os_errors(self.path):
            outline = self._contents.outline(fractions)
            _check_outline(self.path, outline)
            os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
            return MovieFrames(outline, self.path, self._contents.decoder(fractions))


@dataclass(frozen=True)
class MovieFrames:
    """The frames of an open movie, decoded one by one."""

    outline: MovieOutline
    """With fractions of an EER movie for frames."""
    _path: Path
    _decoder: FrameDecoder

    def read_frame(self, index: int, out: NDArray[np.generic]) -> None:
        """Decode frame `index` into an array of the outline's size and type; several threads may do so at once.

        Row 0 is the bottom of the picture.

        Raises
        ------
        MovieUnreadable, MovieTruncated
            The frame cannot be decoded, or the file system refuses.
        """
        with _translate_os_errors(self._path):
            self._decoder(index, out)

    def read_all(self) -> NDArray[np.generic]:
        """Return all frames, shape (frames, rows, columns)."""
        outline = self.outline
        frames = np.empty((outline.frames, outline.rows, outline.columns), outline.dtype)
        for index, frame in enumerate(frames):
            self.read_frame(index, frame)
        return frames


@contextmanager
def open_movie(path: Path) -> Iterator[MovieFile]:
    """Open a movie and count its frames.

    Raises
    ------
    MovieVanished, MovieEmpty, MovieUnreadable
        The file is gone, has no bytes, or the file system refuses.
    MovieTruncated
        Not even its first frame can be made out yet.
    MovieWrongType, MovieWrongSize
        It is no TIFF, MRC or EER file at all, no regular file, or its pixels are not those of a movie.
    """
    with ExitStack() as until_closed:
        with _translate_os_errors(path):  # of the file alone: what its user does meanwhile has errors of its own
            file = until_closed.enter_context(opened(path))
            movie = MovieFile(path, file, _reader(path, file).open(path.name, file))
            if movie.outline.frames == 0:
                raise _cut(path, movie.outline)
        yield movie


def check_last_frame(movie: MovieFile) -> None:
    """Refuse a movie whose last frame is not all there.

    Raises
    ------
    MovieTruncated
        The file ends within it.
    """
    _check_last_frame(movie.path, movie.outline)


def _check_last_frame(path: Path, outline: MovieOutline) -> None:
    if outline.is_cut:
        raise _cut(path, outline)


def _cut(path: Path, outline: MovieOutline) -> MovieTruncated:
    return MovieTruncated(
        f"{path.name} ends in the middle of frame {outline.frames + 1}.",
        "Copy the file again if it was copied, or leave the movie out.",
    )


def _reader(path: Path, file: BinaryIO) -> Reader:
    if size_of(file) == 0:
        raise MovieEmpty(f"{path.name} is empty.", "Look whether the camera's disk is full; take the movie again.")
    reader = reader_of(path)
    if reader is None:
        raise MovieWrongType(
            f"{path.name} is called neither TIFF nor MRC nor EER.", f"Let the camera save movies as {MOVIE_SUFFIXES}."
        )
    return reader


def _check_outline(path: Path, outline: MovieOutline) -> None:
    _check_last_frame(path, outline)
    if outline.frames < 2:
        raise MovieWrongSize(
            f"{path.name} holds a single frame; a movie has at least two.",
            "Let the camera save frames, not their sum.",
        )
    if outline.frames > MOST_FRAMES:
        raise MovieWrongSize(
            f"{path.name} holds {outline.frames} frames; at most {MOST_FRAMES} are aligned.",
            "Let the camera sum some of them up, or set a larger eer_fraction_dose for EER movies.",
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
    if outline.size_bytes > MOST_BYTES:
        raise MovieWrongSize(
            f"{path.name} claims {outline.frames} frames of {outline.columns} × {outline.rows} pixels, more than fits "
            "into memory.",
            "Copy the file again if it was copied; let the camera save fewer frames, or bin them.",
        )


@contextmanager
def _translate_os_errors(path: Path) -> Iterator[None]:
    """Say in plain sentences where the file system refuses a movie.

    Raises
    ------
    MovieVanished, MovieWrongType, MovieUnreadable
        The file is gone, no regular file, or cannot be read.
    """
    try:
        yield
    except FileNotFoundError as cause:
        raise MovieVanished(
            f"{path.name} is no longer there.", "Put the file back and retry, or leave the movie out."
        ) from cause
    except NotARegularFile as cause:
        raise MovieWrongType(
            f"{path.name} is a link, a folder or a device, not a file of its own.",
            "Put the movie itself into the raw folder; links are not followed.",
        ) from cause
    except OSError as cause:
        raise MovieUnreadable(
            f"{path.name} cannot be read: {cause.strerror or cause}.",
            "Check the permissions and the mount of the raw folder, then retry.",
        ) from cause
