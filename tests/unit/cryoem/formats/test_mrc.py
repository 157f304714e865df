import bz2
import gzip
import struct
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from mrcfile.dtypes import get_ext_header_dtype
from tests.unit.cryoem.movies import metadata_of, outline_of, read_movie

from cloudlet.cryoem.errors import MovieTruncated, MovieWrongType
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.formats.mrc_header import read_header
from cloudlet.cryoem.formats.outline import FileMetadata

ROWS, COLUMNS = 257, 263
FRAMES = np.random.default_rng(0).poisson(6, (3, ROWS, COLUMNS)).clip(0, 15)


def written(path: Path, frames: np.ndarray, **header: int) -> Path:
    """Write frames by the library, then change words of the header, each by its byte."""
    mrcfile.write(path, frames, overwrite=True)
    raw = bytearray(path.read_bytes())
    for place, value in header.items():
        raw[int(place[1:]) : int(place[1:]) + 4] = struct.pack("<i", value)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("kind", ["i1", "<i2", ">i2", "<f4", ">f4", "<u2", ">u2", "<f2", ">f2"])
def test_modes_that_the_library_knows_are_read_as_it_does(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path / "a.mrc", FRAMES.astype(kind))
    found = read_movie(path)
    np.testing.assert_array_equal(found, mrcfile.read(path))
    assert found.dtype.isnative
    assert found.dtype == (np.float32 if kind[1:] in {"f2", "f4"} else np.dtype(kind).newbyteorder("="))


def test_bytes_are_signed_unless_imod_says_otherwise(tmp_path: Path) -> None:
    bytes_ = FRAMES.astype(np.int8)
    bytes_[0, 0, 0] = -1
    assert read_movie(written(tmp_path / "a.mrc", bytes_))[0, 0, 0] == -1
    stamped = written(tmp_path / "b.mrc", bytes_, b152=1146047817, b156=0)
    assert read_movie(stamped)[0, 0, 0] == 255
    signed = written(tmp_path / "c.mrc", bytes_, b152=1146047817, b156=1)
    assert read_movie(signed)[0, 0, 0] == -1


def packed(path: Path) -> Path:
    """Write frames of four bits a pixel: two to a byte, the first in the low half, rows of whole bytes."""
    filled = np.zeros((*FRAMES.shape[:2], COLUMNS + 1), np.uint8)
    filled[..., :COLUMNS] = FRAMES
    path = written(path, FRAMES.astype(np.int8), b12=101)
    header = path.read_bytes()[:1024]
    path.write_bytes(header + (filled[..., ::2] | filled[..., 1::2] << 4).tobytes())
    return path


def test_four_bits_a_pixel_with_an_odd_width(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_movie(packed(tmp_path / "a.mrc")), FRAMES)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_files_are_read_and_cut_ones_are_reported(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    plain = written(tmp_path / "a.mrc", FRAMES.astype(np.int16))
    path = tmp_path / f"a.mrc{suffix}"
    whole = compress(plain.read_bytes())
    path.write_bytes(whole)
    np.testing.assert_array_equal(read_movie(path), FRAMES)
    with open_movie(path) as movie, ThreadPoolExecutor(3) as pool:
        frames, decoder = np.empty(FRAMES.shape, np.int16), movie.frames()
        list(pool.map(lambda n: decoder.read_frame(n, frames[n]), range(3)))
    np.testing.assert_array_equal(frames, FRAMES)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MovieTruncated):
        read_movie(path)
    path.write_bytes(whole[:40])
    with pytest.raises(MovieTruncated):
        outline_of(path)


@pytest.mark.parametrize("mode", [3, 4, 16, 7, -1])
def test_modes_that_hold_no_movie_are_reported(tmp_path: Path, mode: int) -> None:
    with pytest.raises(MovieWrongType, match=f"of mode {mode}"):
        outline_of(written(tmp_path / "a.mrc", FRAMES.astype(np.int16), b12=mode))


@pytest.mark.parametrize("exttyp", [b"FEI1", b"FEI2"])
def test_feis_extended_headers_say_voltage_and_pixel_size(tmp_path: Path, exttyp: bytes) -> None:
    kind = get_ext_header_dtype(exttyp)
    path, blocks = tmp_path / "a.mrc", np.zeros(3, kind)
    blocks["HT"], blocks["Pixel size X"], blocks["Metadata size"] = 300_000, 0.85378e-10, kind.itemsize
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with mrcfile.new(path) as file:
            file.set_data(FRAMES.astype(np.int16))
            file.set_extended_header(blocks)
            file.header.exttyp = exttyp
    found = metadata_of(path)
    assert found is not None
    assert found.voltage_kv == 300
    assert found.pixel_size_angstrom == pytest.approx(0.85378)
    np.testing.assert_array_equal(read_movie(path), FRAMES)


@pytest.mark.parametrize(("cell", "pixel"), [(1.06, 1.06), (1.0, None), (0.0, None), (4000.0, None), (-1.0, None)])
def test_the_cell_says_the_pixel_size_where_it_makes_sense(tmp_path: Path, cell: float, pixel: float | None) -> None:
    path = tmp_path / "a.mrc"
    with mrcfile.new(path) as file:
        file.set_data(FRAMES.astype(np.int16))
        file.header.cella.x = cell * COLUMNS
    assert metadata_of(path) == (None if pixel is None else FileMetadata(None, pytest.approx(pixel)))


def test_a_header_that_is_cut_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mrc", FRAMES.astype(np.int16))
    path.write_bytes(path.read_bytes()[:500])
    with path.open("rb") as raw, pytest.raises(MovieTruncated):
        read_header("a.mrc", raw)
