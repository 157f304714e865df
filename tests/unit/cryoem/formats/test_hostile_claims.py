"""A few bytes that claim to be gigabytes are refused before anything is allocated."""

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.cryoem.movies import outline_of

from cloudlet.cryoem.errors import GainWrongSize, MovieUnreadable, MovieWrongSize
from cloudlet.cryoem.formats import mdoc, movie
from cloudlet.cryoem.formats.gain import read_gain
from cloudlet.cryoem.formats.outline import MovieOutline


def test_frame_counts_that_cancel_each_other_are_no_doses() -> None:
    assert mdoc._frame_doses({"FrameDosesAndNumber": "1 900000000 1 -900000000"}) is None


def test_a_movie_that_claims_more_than_fits_into_memory_is_refused() -> None:
    outline = MovieOutline(frames=60, is_cut=False, rows=32_768, columns=32_768, dtype=np.dtype("u1"))
    with pytest.raises(MovieWrongSize, match="more than fits"):
        movie._check_outline(Path("bomb.tif"), outline)


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_a_movie_of_the_largest_camera_is_not(kind: str) -> None:
    movie._check_outline(Path("k3.tif"), MovieOutline(60, False, 8_184, 11_520, np.dtype(kind)))


def test_the_same_in_floating_point_is_refused() -> None:
    with pytest.raises(MovieWrongSize, match="more than fits"):
        movie._check_outline(Path("k3.tif"), MovieOutline(60, False, 8_184, 11_520, np.dtype("f4")))


def entries(*tags: tuple[int, int, int, int], following: int = 0) -> bytes:
    """Return a directory of (code, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return struct.pack("<H", len(tags)) + packed + struct.pack("<I", following)


def page(strips: int, following: int = 0) -> bytes:
    """Return a page of 512 rows that says it has so many strips, all of them at place 4096."""
    return entries(
        (256, 3, 1, 512),
        (257, 3, 1, 512),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (273, 4, strips, 4096),
        (278, 3, 1, 1),
        (279, 4, strips, 4096),
        following=following,
    )


def peak_of_look(path: Path) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(MovieUnreadable, match="more pages or strips than any movie has"):
            outline_of(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_page_that_claims_strips_beyond_counting_is_refused_before_they_are_read(tmp_path: Path) -> None:
    path, strips = tmp_path / "sparse.tif", 10_000_000
    with path.open("wb") as file:
        file.write(b"II*\0" + struct.pack("<I", 8) + page(strips))
        file.truncate(4096 + 4 * strips)
    assert peak_of_look(path) < 1_000_000


def test_a_chain_of_more_pages_than_any_movie_has_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path, size = tmp_path / "long.tif", len(page(1))
    chain = b"".join(page(1, 8 + size * (number + 1)) for number in range(11_000))
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + chain + page(1))
    assert peak_of_look(path) < 1_000_000


def test_the_strips_of_a_large_movie_are_not_too_many(tmp_path: Path) -> None:
    path = tmp_path / "strips.tif"
    with tifffile.TiffWriter(path) as tiff:
        for _ in range(3):
            tiff.write(np.zeros((8_184, 16), np.uint8), rowsperstrip=1, compression="lzw", metadata=None)
    assert outline_of(path).frames == 3


def test_a_gain_reference_larger_than_the_frames_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "gain.tif"
    tifffile.imwrite(path, np.ones((5_000, 10_000), np.uint8), compression="zlib")
    tracemalloc.start()
    with pytest.raises(GainWrongSize, match="10000 × 5000"):
        read_gain(path, (256, 256))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("tag", [273, 279])
@pytest.mark.parametrize(("kind", "value"), [(2, 0x64636261), (9, 0xFFFFFF00), (11, 0x45800000)])
def test_places_and_sizes_that_are_no_whole_numbers_are_reported(
    tmp_path: Path, tag: int, kind: int, value: int
) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((512, 512), np.uint8), photometric="minisblack", metadata=None)
    raw = bytearray((tmp_path / "a.tif").read_bytes())
    place = raw.index(struct.pack("<H", tag), struct.unpack("<I", raw[4:8])[0])
    raw[place : place + 12] = struct.pack("<HHII", tag, kind, 4 if kind == 2 else 1, value)
    (tmp_path / "a.tif").write_bytes(raw)
    with pytest.raises(MovieUnreadable, match="where its bytes are"):
        outline_of(tmp_path / "a.tif")
