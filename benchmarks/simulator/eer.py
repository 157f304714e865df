"""EER files: events coded as cameras code them; tests check them against imagecodecs."""

from __future__ import annotations

from pathlib import Path

import numba
import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = ["METADATA", "encode_events", "write_eer"]

METADATA = b"""<metadata>
<item name="exposureTime" unit="s">3.5</item>
<item name="totalDose" unit="e/pixel">12.25</item>
<item name="sensorPixelSize.width" unit="nm">0.07</item>
</metadata>"""


@numba.njit(cache=True)
def _encode(pixels, places, total, skip_bits, place_bits, out):  # type: ignore[no-untyped-def]
    largest = (1 << skip_bits) - 1
    word, filled, size, here = np.uint64(0), 0, 0, 0
    for i in range(pixels.size + 1):
        target = pixels[i] if i < pixels.size else total
        gap = target - here
        while True:
            skip = min(gap, largest)
            word |= np.uint64(skip) << np.uint64(filled)
            filled += skip_bits
            if skip < largest:
                word |= np.uint64(places[i] if i < pixels.size else 0) << np.uint64(filled)
                filled += place_bits
            while filled >= 8:
                out[size] = word & np.uint64(255)
                word >>= np.uint64(8)
                filled -= 8
                size += 1
            gap -= skip
            if skip < largest:
                break
        here = target + 1
    if filled:
        out[size] = word & np.uint64(255)
        size += 1
    return size + size % 2  # imagecodecs wants an even number of bytes


def encode_events(
    pixels: NDArray[np.int64], places: NDArray[np.int64], total: int, skip_bits: int = 7, place_bits: int = 4
) -> bytes:
    """Code events at rising pixels, each with the bits of its place, in a frame of `total` pixels."""
    out = np.zeros(4 * len(pixels) + total // 64 + 64, np.uint8)
    return out[: _encode(pixels, places, total, skip_bits, place_bits, out)].tobytes()


def write_eer(path: Path, frames: list[bytes], shape: tuple[int, int], compression: int = 65001) -> None:
    """Write coded frames as EER, which is a BigTIFF of one strip a page."""
    rows, columns = shape
    parts, links = [b"II+\0\x08\0\0\0"], []
    place = 16
    for number, frame in enumerate(frames):
        data = place
        place += len(frame)
        parts_of_page = [frame]
        tags = [(256, 4, 1, columns), (257, 4, 1, rows), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1)]
        tags += [(273, 16, 1, data), (277, 3, 1, 1), (278, 4, 1, rows), (279, 16, 1, len(frame))]
        if number == 0:
            parts_of_page.append(METADATA)
            tags.append((65001, 7, len(METADATA), place))
            place += len(METADATA)
        directory = len(tags).to_bytes(8, "little")
        for code, kind, count, value in sorted(tags):
            directory += code.to_bytes(2, "little") + kind.to_bytes(2, "little")
            directory += count.to_bytes(8, "little") + value.to_bytes(8, "little")
        links.append(place)
        place += len(directory) + 8
        parts.append((b"".join(parts_of_page), directory))
    raw = parts[0] + links[0].to_bytes(8, "little")
    for number, (data, directory) in enumerate(parts[1:]):
        following = links[number + 1] if number + 1 < len(links) else 0
        raw += data + directory + following.to_bytes(8, "little")
    path.write_bytes(raw)
    with tifffile.TiffFile(path) as tiff:
        assert len(tiff.pages) == len(frames)
