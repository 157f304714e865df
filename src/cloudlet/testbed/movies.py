"""Movies written into the raw folder as a camera writes them: slowly, and under their final names.

TIFF is stored with its top row first, so that frames, whose row 0 is at the bottom, are written upside down; a reader
that turns TIFF over, as RELION does, gets them back as they were.
"""

from __future__ import annotations

import errno
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import tifffile

from cloudlet.errors import CloudletError
from cloudlet.testbed.camera import Camera
from cloudlet.testbed.gain import gain_name, write_gain
from cloudlet.testbed.mdoc import mdoc_name, mdoc_text
from cloudlet.testbed.models import Movie

__all__ = ["DiskFull", "FolderUnwritable", "MovieWriter", "RawFileExists", "UnusableName"]

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CLASSIC_TIFF_BYTES = 3 << 30
"""Beyond this a movie is written as BigTIFF, even if LZW might squeeze it into 4 GiB."""


class DiskFull(CloudletError):
    """The file system of the raw folder takes no more bytes."""

    slug = "disk-full"
    retryable = True


class FolderUnwritable(CloudletError):
    """A folder of the acquisition cannot be written to, for another reason than its space."""

    slug = "folder-unwritable"


class UnusableName(CloudletError):
    """The grid's name does not fit into a file name."""

    slug = "unusable-name"


class RawFileExists(CloudletError):
    """A movie of that number is there already; raw files are never overwritten."""

    slug = "raw-file-exists"


class MovieWriter:
    """Writes one camera's movies, metadata and gain reference into `raw`, and what was true into `truths`.

    Both folders are made if missing.

    Parameters
    ----------
    raw
        Where the pipeline looks.
    truths
        Somewhere else: one JSON file per movie, under the movie's name.
    camera
        Whose movies these are.
    grid
        What every name begins with: letters, digits, ``-`` and ``_``.

    Raises
    ------
    UnusableName
        If the grid's name has other characters, or none.
    """

    def __init__(self, raw: Path, truths: Path, camera: Camera, *, grid: str = "GRID1") -> None:
        if re.fullmatch(r"[A-Za-z0-9_-]+", grid) is None:
            raise UnusableName(f"{grid!r} cannot begin a file name.", "Use letters, digits, - and _ only.")
        self.raw = raw
        self.truths = truths
        self.camera = camera
        self.grid = grid

    def last_number(self) -> int:
        """Return the largest number of a movie begun in these folders, finished or not; 0 if there is none."""
        pattern = re.compile(rf"{re.escape(self.grid)}_(\d+)_.*\.(?:tif|json)")
        names = [path.name for folder in (self.raw, self.truths) if folder.is_dir() for path in folder.iterdir()]
        return max((int(match[1]) for match in map(pattern.fullmatch, names) if match), default=0)

    def path(self, number: int, started: datetime) -> Path:
        """Return where movie `number`, begun at `started`, is written; names sort by number."""
        return self.raw / f"{self.grid}_{number:05d}_{started:%b%d_%H.%M.%S}.tif"

    def pages(self, movie: Movie, started: datetime) -> Iterator[int]:
        """Write one frame per step and yield how many can be seen so far; the caller sets the pace.

        Truth and gain reference come before the first frame, the metadata after the last. Whoever stops early
        leaves a short movie without metadata, as an interrupted acquisition does.

        Raises
        ------
        DiskFull
            What was written until then stays.
        RawFileExists
            Nothing was written.
        OtherGainReference
            The folder holds another camera's movies.
        FolderUnwritable
            If the folder cannot be made or written to.
        """
        path = self.path(movie.number, started)
        with disk_trouble(path):
            self.prepare(movie, path)
            yield from write_pages(path, movie)
            self.write_mdoc(movie, path, started)

    def write(self, movie: Movie, started: datetime) -> Path:
        """Write a whole movie at once and return its path; raises as `pages` does."""
        deque(self.pages(movie, started), maxlen=0)
        return self.path(movie.number, started)

    def prepare(self, movie: Movie, path: Path) -> None:
        """Leave the truth and, the first time, the gain reference."""
        if any(self.raw.glob(f"{self.grid}_{movie.number:05d}_*")):
            raise RawFileExists(
                f"Movie {movie.number} of {self.grid} is already in {self.raw}, and raw files are never overwritten.",
                "Choose another folder, or go on with the next number.",
            )
        self.raw.mkdir(parents=True, exist_ok=True)
        self.truths.mkdir(parents=True, exist_ok=True)
        (self.truths / f"{path.stem}.json").write_text(movie.truth.to_json(), encoding="utf-8")
        pixel_size = self.camera.model.pixel_size_angstrom
        write_gain(self.raw / gain_name(self.grid), self.camera.gain, pixel_size)

    def write_mdoc(self, movie: Movie, path: Path, started: datetime) -> None:
        """Leave the metadata beside a finished movie."""
        text = mdoc_text(movie.truth, path.name, gain_name(self.grid), started)
        with path.with_name(mdoc_name(path.name)).open("x", encoding="ascii") as file:
            file.write(text)


def write_pages(path: Path, movie: Movie) -> Iterator[int]:
    """Append the frames as pages of a TIFF file, 8 bits with LZW, each visible as soon as it is yielded."""
    big = movie.frames.nbytes > CLASSIC_TIFF_BYTES
    height = movie.frames.shape[1]
    with path.open("x+b") as file, tifffile.TiffWriter(file, bigtiff=big) as tiff:
        for number, frame in enumerate(movie.frames, start=1):
            tiff.write(
                frame[::-1],
                photometric="minisblack",
                compression="lzw",
                rowsperstrip=height,
                metadata=None,
                software="Simulated camera",
            )
            file.flush()
            yield number


@contextmanager
def disk_trouble(path: Path) -> Iterator[None]:
    """Say in words why a file cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise FolderUnwritable(
                f"{path.name} cannot be written in {path.parent}: {error.strerror}.",
                "Check that the folder is there, mounted and may be written to.",
            ) from error
        raise DiskFull(
            f"The disk is full: {path.name} in {path.parent} is incomplete, the acquisition stops here.",
            "Free space on the raw folder's file system, then start the acquisition again.",
        ) from error
