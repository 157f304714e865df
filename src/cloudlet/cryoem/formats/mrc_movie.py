"""Movies as MRC stacks, section by section; rows are as stored, the first at the bottom.

A file that is compressed as a whole is decompressed from its beginning to the section that is asked for.
"""

from __future__ import annotations

import os
import threading
import zlib
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import MovieTruncated, MovieUnreadable
from cloudlet.cryoem.formats.mrc_header import (
    PACKED,
    MrcHeader,
    decompressed,
    read_header,
)
from cloudlet.cryoem.formats.outline import FileMetadata, Fractions, MovieOutline
from cloudlet.cryoem.formats.raw_file import size_of

__all__ = ["MrcFrames", "MrcMovie", "open_mrc"]

_PIECE = 1 << 22
_PATIENCE = 60.0
"""Seconds that a thread waits for the next frame of a compressed movie to be read by another one."""


def open_mrc(name: str, file: BinaryIO) -> MrcMovie:
    """Return a movie whose header is read.

    Raises
    ------
    MovieTruncated, MovieWrongType, OSError
        See `cloudlet.cryoem.formats.movie.open_movie`.
    """
    return MrcMovie(read_header(name, file), file)


class MrcMovie:
    """Frames as sections; implements `cloudlet.cryoem.formats.readers.FrameFile`.

    Raises
    ------
    MovieWrongType
        The header announces no sections that can be read.
    """

    def __init__(self, header: MrcHeader, file: BinaryIO) -> None:
        self._header, self._file = header, file
        self._layout = header.layout()

    def outline(self, fractions: Fractions) -> MovieOutline:
        """Compare the number of sections in the header with the size of the file.

        What a compressed file holds is known only once it is decompressed, which is left to the decoder.
        """
        layout = self._layout
        there = layout.sections
        if self._header.compression is None:
            there = (size_of(self._file) - layout.first) // layout.section_bytes
        frames = max(0, min(layout.sections, there))
        return MovieOutline(frames, frames < layout.sections, layout.rows, layout.columns, layout.decoded)

    def metadata(self) -> FileMetadata | None:
        """Return what the header says."""
        return self._header.metadata()

    def decoder(self, fractions: Fractions) -> MrcFrames:
        """Return what reads sections; raises MovieTruncated where a compressed file ends within its header."""
        return MrcFrames(self._header, self._file)


class MrcFrames:
    """Decodes sections; implements `cloudlet.cryoem.formats.readers.FrameDecoder`.

    A compressed file is decompressed from its beginning to the section that is asked for, and goes on from there: asked
    for in order, every byte is decompressed once.

    Raises
    ------
    MovieTruncated
        A compressed file ends within its header.
    """

    def __init__(self, header: MrcHeader, file: BinaryIO) -> None:
        self._name, self._file, self._layout = header.name, file, header.layout()
        self._turn = threading.Condition()
        self._next = 0
        self._stream = decompressed(file, header.compression) if header.compression else None
        if self._stream is not None:
            self._skip(self._layout.first)

    def __call__(self, index: int, out: NDArray[np.generic]) -> None:
        """Read section `index`."""
        layout = self._layout
        raw = self._read_stream(index) if self._stream is not None else self._read_file(index)
        if layout.mode == PACKED:
            packed = raw.reshape(layout.rows, layout.row_bytes)
            out[:, ::2] = packed & 15
            out[:, 1::2] = packed[:, : layout.columns // 2] >> 4
        else:
            out[:] = raw.view(layout.dtype).reshape(layout.rows, layout.columns)

    def _read_file(self, index: int) -> NDArray[np.uint8]:
        raw = np.empty(self._layout.section_bytes, np.uint8)
        got, place = 0, self._layout.first + index * len(raw)
        while got < len(raw):
            count = os.preadv(self._file.fileno(), [raw.data[got:]], place + got)
            if count == 0:
                raise self._cut(index)
            got += count
        return raw

    def _read_stream(self, index: int) -> NDArray[np.uint8]:
        with self._turn:
            while index > self._next:
                before = self._next
                if not self._turn.wait(timeout=_PATIENCE) and self._next == before:
                    break
            if index != self._next:
                raise MovieUnreadable(f"{self._name} is compressed, and was not read in order.", "Retry it.")
            try:
                return self._taken(self._layout.section_bytes, index)
            finally:
                self._next += 1
                self._turn.notify_all()

    def _taken(self, size: int, index: int) -> NDArray[np.uint8]:
        raw, got = np.empty(size, np.uint8), 0
        while got < size:
            piece = self._decompressed(min(_PIECE, size - got), index)
            raw[got : got + len(piece)] = np.frombuffer(piece, np.uint8)
            got += len(piece)
        return raw

    def _skip(self, size: int) -> None:
        while size > 0:
            size -= len(self._decompressed(min(_PIECE, size), 0))

    def _decompressed(self, size: int, index: int) -> bytes:
        try:
            piece: bytes = self._stream.read(size) if self._stream is not None else b""
        except (OSError, EOFError, zlib.error) as cause:
            raise self._cut(index) from cause
        if not piece:
            raise self._cut(index)
        return piece

    def _cut(self, index: int) -> MovieTruncated:
        return MovieTruncated(
            f"{self._name} ends in the middle of frame {index + 1}, or is damaged there.",
            "Copy the file again if it was copied, or leave the movie out.",
        )
