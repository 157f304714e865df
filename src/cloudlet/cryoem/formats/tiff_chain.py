"""The chain of pages inside a TIFF file, followed without looking at what the pages hold.

A TIFF file is a header and a linked list: each page's directory ends with the place of the next one. Libraries skip
a link that points beyond the end of the file; here it is the sign of a file that is not all there.
TIFF Revision 6.0, section 2; BigTIFF as libtiff has it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["is_tiff", "is_whole_chain"]

_MAGICS = {b"II*\0": "<", b"MM\0*": ">", b"II+\0": "<", b"MM\0+": ">"}
_BIG = frozenset({b"II+\0", b"MM\0+"})

_MOST_PAGES = 100_000
"""A chain that is longer runs in a circle."""


@dataclass(frozen=True)
class _Layout:
    first: int
    """Where the header keeps the place of the first page."""
    place: str
    count: str
    tag_bytes: int


_CLASSIC_LAYOUT = _Layout(4, "I", "H", 12)
_BIG_LAYOUT = _Layout(8, "Q", "Q", 20)


def is_tiff(file: BinaryIO) -> bool | None:
    """Tell by its first four bytes whether a file is TIFF; None where it has fewer.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    magic = _magic(file)
    return magic in _MAGICS if len(magic) == 4 else None


def is_whole_chain(file: BinaryIO) -> bool:
    """Tell whether every link points into the file and the last one ends the chain; False where it is no TIFF.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    magic = _magic(file)
    if magic not in _MAGICS:
        return False
    layout = _BIG_LAYOUT if magic in _BIG else _CLASSIC_LAYOUT
    return _reaches_the_end(file, layout, _MAGICS[magic])


def _magic(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(4)


def _reaches_the_end(file: BinaryIO, layout: _Layout, byte_order: str) -> bool:
    place = _number(file, layout.first, byte_order + layout.place)
    for _ in range(_MOST_PAGES):
        if not place:
            return place == 0
        tags = _number(file, place, byte_order + layout.count)
        if tags is None:
            return False
        skip = struct.calcsize("=" + layout.count) + tags * layout.tag_bytes
        place = _number(file, place + skip, byte_order + layout.place)
    return False


def _number(file: BinaryIO, place: int, kind: str) -> int | None:
    """Return the number at `place`, None where the file ends before it does."""
    file.seek(place)
    raw = file.read(struct.calcsize(kind))
    return int(struct.unpack(kind, raw)[0]) if len(raw) == struct.calcsize(kind) else None
