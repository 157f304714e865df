"""The chain of pages inside a TIFF file, followed without reading what the pages hold.

A TIFF file is a header and a linked list: each page's directory ends with the place of the next one. Libraries skip
a link that points beyond the end of the file; here it is the sign of a file that is not all there.
TIFF Revision 6.0, section 2; BigTIFF as libtiff has it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from cloudlet.cryoem.formats.raw_file import size_of

__all__ = ["Chain", "is_tiff", "survey"]

_MAGICS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
_BIG = frozenset({b"II+\0", b"MM\0+"})

_MOST_PAGES = 10_000
"""A chain that is longer runs in a circle, or is made to exhaust its reader."""

_MOST_TAGS = 4096
"""Of one page; those that cameras write have about twenty."""

_MOST_VALUES = 8_000_000
"""Of all tags of all pages: 400 frames of the largest camera with a strip for each row have 6.5 million."""


@dataclass(frozen=True)
class Chain:
    """What a walk along the pages tells of a file."""

    is_whole: bool
    """Whether every link points into the file and the last one ends the chain."""
    is_plausible: bool
    """Whether pages and tags are of a number that a library can be let loose on: each value it reads takes memory."""


@dataclass(frozen=True)
class _TiffVariant:
    first: int
    """Where the header keeps the place of the first page."""
    place: str
    count: str
    tag: str
    """Code and type, the number of values, and the first of them or their place."""

    @property
    def tag_bytes(self) -> int:
        return struct.calcsize("=" + self.tag)


_CLASSIC_LAYOUT = _TiffVariant(4, "I", "H", "4xI4x")
_BIG_LAYOUT = _TiffVariant(8, "Q", "Q", "4xQ8x")


def is_tiff(file: BinaryIO) -> bool | None:
    """Return by its first four bytes whether a file is TIFF; None where it has fewer.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    magic = _magic(file)
    return magic in _MAGICS if len(magic) == 4 else None


def survey(file: BinaryIO) -> Chain:
    """Follow the chain of pages and add up what their tags claim; what is no TIFF is neither whole nor plausible.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    magic = _magic(file)
    if magic not in _MAGICS:
        return Chain(is_whole=False, is_plausible=False)
    layout = _BIG_LAYOUT if magic in _BIG else _CLASSIC_LAYOUT
    return _walk(file, layout, _MAGICS[magic])


def _magic(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(4)


def _walk(file: BinaryIO, layout: _TiffVariant, byte_order: str) -> Chain:
    place = _number(file, layout.first, byte_order + layout.place)
    values = 0
    for _ in range(_MOST_PAGES):
        if not place:
            return Chain(is_whole=place == 0, is_plausible=True)
        tags = _number(file, place, byte_order + layout.count)
        if tags is None:
            return Chain(is_whole=False, is_plausible=True)
        values += _values(file, tags, layout, byte_order)
        if tags > _MOST_TAGS or values > _MOST_VALUES:
            break
        skip = struct.calcsize("=" + layout.count) + tags * layout.tag_bytes
        place = _number(file, place + skip, byte_order + layout.place)
    return Chain(is_whole=False, is_plausible=False)


def _values(file: BinaryIO, tags: int, layout: _TiffVariant, byte_order: str) -> int:
    """Return how many values the tags that follow in `file` claim, each at least one."""
    raw = file.read(min(tags, _MOST_TAGS) * layout.tag_bytes)
    whole = len(raw) // layout.tag_bytes * layout.tag_bytes
    return sum(max(1, count) for (count,) in struct.iter_unpack(byte_order + layout.tag, raw[:whole]))


def _number(file: BinaryIO, place: int, kind: str) -> int | None:
    """Return the number at `place`, None where the file ends before it does."""
    if place > size_of(file):
        return None
    file.seek(place)
    raw = file.read(struct.calcsize(kind))
    return int(struct.unpack(kind, raw)[0]) if len(raw) == struct.calcsize(kind) else None
