"""Movies as EER: electron events of hundreds of raw frames, summed into fractions; rows are as stored.

An EER file is a BigTIFF whose pages are compressed as 65000 (8 bits of skip), 65001 (7 bits) or 65002 (as the page's
tags say); other pages, such as a picture of the sum, are left out. The first page's tag 65001 says in XML how it was
taken.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from xml.etree import ElementTree

import numpy as np
import tifffile
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieUnreadable, MovieWrongSize, MovieWrongType
from cloudlet.cryoem.formats.eer_events import SOURCE_MARGIN, EventCode, add_events
from cloudlet.cryoem.formats.outline import FileMetadata, Fractions, MovieOutline
from cloudlet.cryoem.formats.raw_file import size_of
from cloudlet.cryoem.formats.tiff_movie import BROKEN_BYTES, TiffDirectory, end_of_data, read_directory

__all__ = ["EVENT_COMPRESSIONS", "EerMovie", "open_eer"]

_EIGHT_BITS, _SEVEN_BITS, _BY_TAGS = 65000, 65001, 65002
EVENT_COMPRESSIONS = frozenset({_EIGHT_BITS, _SEVEN_BITS, _BY_TAGS})
"""TIFF's numbers of what pages of events are compressed by."""
_SKIP_TAG, _HORIZONTAL_TAG, _VERTICAL_TAG = 65007, 65008, 65009
_METADATA_TAG = 65001
_LARGEST_METADATA = 1 << 20
_MOST_COUNTS = 255
"""Of uint8; each raw frame counts a pixel once at most."""
_LARGEST_FRAME = 1 << 28
"""Bytes of one compressed frame."""
_AT_ONCE = 1 << 25
"""Bytes of compressed frames that are decoded together."""


def open_eer(name: str, file: BinaryIO) -> EerMovie:
    """Return a movie whose directory is read.

    Raises
    ------
    MovieUnreadable, MovieTruncated, MovieWrongType, MovieWrongSize, OSError
        See `cloudlet.cryoem.formats.movie.open_movie`.
    """
    return EerMovie(read_directory(name, file))


class EerMovie:
    """Fractions of raw frames; implements `cloudlet.cryoem.formats.readers.FrameFile`.

    Raises
    ------
    MovieUnreadable, MovieWrongType, MovieWrongSize
        Its pages hold no events, differ in size, or do not say how their events are coded.
    """

    def __init__(self, directory: TiffDirectory) -> None:
        self._name, self._file = directory.name, directory.file
        self._contents = _contents_of(directory)

    def outline(self, fractions: Fractions) -> MovieOutline:
        """Count raw frames and divide them into fractions."""
        contents, size = self._contents, size_of(self._file)
        there = [frame.end <= size for frame in contents.frames]
        raw = len(there) if all(there) else there.index(False)
        groups = tuple(min(fractions.frames, raw - first) for first in range(0, raw, fractions.frames))
        rows, columns = (side * fractions.upsampling for side in contents.shape)
        dtype = np.dtype(np.uint8 if fractions.frames <= _MOST_COUNTS else np.uint16)
        return MovieOutline(len(groups), not (all(there) and contents.is_whole), rows, columns, dtype, groups)

    def metadata(self) -> FileMetadata:
        """Return what the file's XML says."""
        return _parsed(self._contents.metadata)

    def decoder(self, fractions: Fractions) -> EerFrames:
        """Return what sums raw frames up; raises MovieUnreadable where one claims to be far too large."""
        return EerFrames(self._name, self._file.fileno(), fractions, self._contents)


class EerFrames:
    """Decodes fractions; implements `cloudlet.cryoem.formats.readers.FrameDecoder`.

    Raises
    ------
    MovieUnreadable
        A frame claims to be far too large.
    """

    def __init__(self, name: str, descriptor: int, fractions: Fractions, contents: _Contents) -> None:
        self._name, self._descriptor, self._fractions = name, descriptor, fractions
        self._contents = contents
        largest = max(frame.size for frame in contents.frames)
        if largest > _LARGEST_FRAME:
            raise _broken(name, 1)
        self._at_once = max(largest, min(fractions.frames * largest, _AT_ONCE))
        self._room = threading.local()

    def __call__(self, index: int, out: NDArray[np.generic]) -> None:
        """Sum the events of one fraction."""
        out[:] = np.zeros((), out.dtype)
        number, last = index * self._fractions.frames, (index + 1) * self._fractions.frames
        frames = deque(self._contents.frames[number:last])
        while frames:
            together = self._next_of(frames)
            self._add(together, number, out)
            number += len(together)

    def _next_of(self, frames: deque[_RawFrame]) -> list[_RawFrame]:
        """Take the frames off that fit into the source together and are coded alike, one at least."""
        together = [frames.popleft()]
        size = together[0].size
        while frames and frames[0].code == together[0].code and size + frames[0].size <= self._at_once:
            size += frames[0].size
            together.append(frames.popleft())
        return together

    def _add(self, frames: list[_RawFrame], first: int, out: NDArray[np.generic]) -> None:
        source, sizes = self._source(), [frame.size for frame in frames]
        contents, upsampling = self._contents, self._fractions.upsampling
        for number, frame in enumerate(frames):
            if not self._is_read(frame, source[sum(sizes[:number]) :]):
                raise _broken(self._name, first + number + 1)
        try:
            whole = add_events(source, sizes, frames[0].code, contents.shape, upsampling, out)
        except ValueError as cause:
            raise _broken(self._name, first + 1) from cause
        if whole < len(frames):
            raise _broken(self._name, first + whole + 1)

    def _is_read(self, frame: _RawFrame, source: NDArray[np.uint8]) -> bool:
        """Read a frame's strips, one after the other; return whether the file has them all."""
        if len(frame.offsets) != len(frame.counts):
            return False
        size = 0
        for place, count in zip(frame.offsets, frame.counts, strict=True):
            if os.preadv(self._descriptor, [source.data[size : size + count]], place) < count:
                return False
            size += count
        return True

    def _source(self) -> NDArray[np.uint8]:
        if not hasattr(self._room, "source"):
            self._room.source = np.zeros(self._at_once + SOURCE_MARGIN, np.uint8)
        source: NDArray[np.uint8] = self._room.source
        return source


@dataclass(frozen=True)
class _RawFrame:
    """Where the bytes of a raw frame are, and how they are coded."""

    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    end: int
    code: EventCode

    @property
    def size(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class _Contents:
    """What an EER file holds but for the events themselves."""

    shape: tuple[int, int]
    frames: Sequence[_RawFrame]
    metadata: Any
    """XML, as bytes or text."""
    is_whole: bool
    """Whether the chain of its pages is."""


def _contents_of(directory: TiffDirectory) -> _Contents:
    name, pages = directory.name, directory.pages
    events = [page for page in pages if page.compression in EVENT_COMPRESSIONS]
    if not events:
        raise MovieWrongType(f"{name} holds no electron events.", "Let the camera save EER, or name the file .tif.")
    if any(len(page.shape) != 2 or page.shape != events[0].shape for page in events):
        raise MovieWrongSize(
            f"The frames of {name} differ in size.", "Check the camera's settings; leave the movie out."
        )
    rows, columns = events[0].shape
    frames = [
        _RawFrame(tuple(page.dataoffsets), tuple(page.databytecounts), end_of_data(page), _code(name, page))
        for page in events
    ]
    tag = events[0].tags.get(_METADATA_TAG)
    return _Contents((int(rows), int(columns)), frames, b"" if tag is None else tag.value, directory.is_whole)


def _code(name: str, page: tifffile.TiffPage) -> EventCode:
    if page.compression != _BY_TAGS:
        return EventCode(8 if page.compression == _EIGHT_BITS else 7, 2, 2)
    try:
        skip, horizontal, vertical = (int(page.tags[tag].value) for tag in (_SKIP_TAG, _HORIZONTAL_TAG, _VERTICAL_TAG))
    except BROKEN_BYTES as cause:
        raise MovieUnreadable(
            f"{name} does not say how its events are coded.", "Copy the file again, or leave the movie out."
        ) from cause
    return EventCode(skip, vertical, horizontal)


def _broken(name: str, frame: int) -> MovieUnreadable:
    return MovieUnreadable(
        f"Raw frame {frame} of {name} cannot be decoded: its events do not fill it.",
        "Copy the file again if it was copied, or leave the movie out.",
    )


def _parsed(value: Any) -> FileMetadata:
    """Read ``<metadata><item name="exposureTime" unit="s">1.2</item>...``; what cannot be read is not said."""
    if not isinstance(value, str | bytes):
        return FileMetadata()
    raw = (value.encode() if isinstance(value, str) else value).strip(b"\0 \r\n")
    # a declaration could define entities without end, and would not be seen in UTF-16
    if len(raw) > _LARGEST_METADATA or b"<!" in raw or b"\0" in raw:
        return FileMetadata()
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314 - declarations are refused above
    except ElementTree.ParseError:
        return FileMetadata()
    items = {item.get("name", ""): (item.text or "", item.get("unit", "")) for item in root.iter("item")}
    pixel = _number(items.get("sensorPixelSize.width"))
    scale = {"m": 1e10, "nm": 10.0, "A": 1.0}.get(items.get("sensorPixelSize.width", ("", ""))[1])
    return FileMetadata(
        exposure_seconds=_number(items.get("exposureTime")),
        total_dose_per_pixel=_number(items.get("totalDose")),
        pixel_size_angstrom=pixel * scale if pixel and scale else None,
    )


def _number(item: tuple[str, str] | None) -> float | None:
    """Return a positive number; 0 stands for unknown."""
    try:
        number = float(item[0]) if item else 0.0
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None
