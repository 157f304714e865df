"""The way past the library for what most cameras write: strips of 8 or 16 bits, LZW or as they are."""

from __future__ import annotations

import os
import threading

import numpy as np
import tifffile
from numpy.typing import NDArray

from cloudlet.cryoem.formats.lzw import LzwScratch

__all__ = ["StripDecoder"]

_PLAIN, _LZW = 1, 5
"""TIFF's numbers of compressions."""

_LARGEST_STRIP = 1 << 30
"""Bytes decoded; beyond it the library may try."""


class StripDecoder:
    """Decodes pages from a file, from any thread; each thread has room of its own.

    Parameters
    ----------
    descriptor
        Of the open file.
    pages
        Of one size and type each.
    """

    def __init__(self, descriptor: int, pages: list[tifffile.TiffPage]) -> None:
        self._descriptor = descriptor
        self._pages = pages
        self._room = threading.local()
        self._largest = max((max(page.databytecounts, default=0) for page in pages), default=0)

    def decode(self, index: int, rows: NDArray[np.generic]) -> bool:
        """Decode a page into an array of its shape and type; False where that is the library's business.

        Raises
        ------
        ValueError
            A strip holds less than its rows need.
        """
        page = self._pages[index]
        if not _is_simple(page):
            return False
        height, width = page.shape
        dtype = np.dtype(page.dtype)
        strip_rows = min(page.rowsperstrip, height)
        if strip_rows * width * dtype.itemsize > _LARGEST_STRIP or self._largest > _LARGEST_STRIP:
            return False
        order = dtype.newbyteorder(page.parent.byteorder)
        scratch = self._scratch(strip_rows * width * order.itemsize)
        if page.compression == _LZW and self._is_old(page):
            return False
        for number, (place, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=True)):
            first = number * strip_rows
            here = rows[first : first + strip_rows]
            strip = self._strip(page, scratch, place, count, here.size * order.itemsize)
            here[:] = strip.view(order).reshape(here.shape)
        return True

    def _strip(
        self, page: tifffile.TiffPage, scratch: LzwScratch, place: int, count: int, wanted: int
    ) -> NDArray[np.uint8]:
        got = os.preadv(self._descriptor, [scratch.source.data[:count]], place)
        if got < count:
            raise ValueError("the file ends within a strip")
        if page.compression == _PLAIN:
            if count < wanted:
                raise ValueError("a strip holds less than its rows need")
            return scratch.source[:wanted]
        strip = scratch.decode(count, wanted)
        if strip is None:
            raise ValueError("a strip cannot be decoded, or holds less than its rows need")
        return strip

    def _is_old(self, page: tifffile.TiffPage) -> bool:
        """Return whether LZW is from before TIFF 6: its codes begin with the last bit, a clear code looks like this."""
        start = os.pread(self._descriptor, 2, page.dataoffsets[0])
        return len(start) == 2 and start[0] == 0 and start[1] & 1 == 1

    def _scratch(self, strip_bytes: int) -> LzwScratch:
        if getattr(self._room, "bytes", -1) < strip_bytes:
            self._room.scratch, self._room.bytes = LzwScratch(self._largest, strip_bytes), strip_bytes
        scratch: LzwScratch = self._room.scratch
        return scratch


def _is_simple(page: tifffile.TiffPage) -> bool:
    strips = -(-page.shape[0] // max(1, page.rowsperstrip))
    return (
        page.compression in {_PLAIN, _LZW}
        and page.rowsperstrip > 0
        and page.predictor == 1
        and page.fillorder == 1
        and not page.is_tiled
        and page.samplesperpixel == 1
        and page.bitspersample == 8 * np.dtype(page.dtype).itemsize
        and len(page.dataoffsets) == len(page.databytecounts) == strips
        and min(page.databytecounts, default=0) > 0
    )
