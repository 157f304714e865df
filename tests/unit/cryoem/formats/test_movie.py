from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.cryoem.movies import outline_of, read_movie

from cloudlet.cryoem.errors import (
    MovieEmpty,
    MovieTruncated,
    MovieUnreadable,
    MovieVanished,
    MovieWrongSize,
    MovieWrongType,
)
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.errors import CloudletError

WriteMovie = Callable[..., Path]
FRAMES = np.random.default_rng(0).poisson(4, (4, 260, 280)).astype(np.uint8)


def test_errors_of_whoever_reads_a_movie_are_their_own(write_movie: WriteMovie) -> None:
    with pytest.raises(OSError, match="of another file"), open_movie(write_movie(FRAMES)):
        raise OSError("of another file")


def test_a_tiff_is_turned_over_so_that_its_last_row_comes_first(tmp_path: Path) -> None:
    frames = FRAMES.copy()
    frames[:, -1, :] = 77  # the bottom of the picture, which TIFF stores last
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for frame in frames:
            tiff.write(frame, photometric="minisblack")
    movie = read_movie(path)
    assert np.all(movie[:, 0, :] == 77)
    np.testing.assert_array_equal(movie, frames[:, ::-1])


def test_an_mrc_movie_is_read_as_stored(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "a.mrcs", FRAMES.astype(np.uint16))
    np.testing.assert_array_equal(read_movie(tmp_path / "a.mrcs"), FRAMES)


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32"])
@pytest.mark.parametrize("is_big", [False, True])
def test_frames_of_every_type_come_back(tmp_path: Path, kind: str, is_big: bool) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=is_big) as tiff:
        for frame in FRAMES.astype(kind):
            tiff.write(frame, photometric="minisblack")
    movie = read_movie(tmp_path / "a.tif")
    assert movie.dtype == kind
    assert len(movie) == 4
    assert movie.shape[1:] == (260, 280)
    assert not outline_of(tmp_path / "a.tif").is_cut


def test_a_movie_that_is_still_being_written_is_seen_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with path.open("x+b") as file, tifffile.TiffWriter(file) as tiff:
        for number, frame in enumerate(FRAMES, 1):
            tiff.write(frame, photometric="minisblack", compression="lzw", metadata=None)
            file.flush()
            assert outline_of(path).frames == number


@given(share=st.floats(0, 0.9999))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tiff_cut_anywhere_is_never_taken_for_whole(write_movie: WriteMovie, share: float) -> None:
    whole = write_movie(FRAMES).read_bytes()
    path = write_movie(FRAMES).with_name("cut.tif")
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CloudletError):
        read_movie(path)
    try:
        outline = outline_of(path)
    except (MovieTruncated, MovieEmpty, MovieUnreadable):
        return
    assert outline.is_cut
    assert outline.frames < 4


@given(place=st.integers(0, 3000), value=st.integers(0, 255))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_gives_frames_or_a_sentence_but_no_other_error(
    write_movie: WriteMovie, place: int, value: int
) -> None:
    path = write_movie(FRAMES)
    raw = bytearray(path.read_bytes())
    raw[place] = value
    path.write_bytes(raw)
    with suppress(CloudletError):
        outline_of(path)
    with suppress(CloudletError):
        read_movie(path)


def test_an_mrc_movie_cut_short_is_reported(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "a.mrc", FRAMES.astype(np.uint16))
    raw = (tmp_path / "a.mrc").read_bytes()
    (tmp_path / "a.mrc").write_bytes(raw[: -FRAMES[0].size])
    outline = outline_of(tmp_path / "a.mrc")
    assert outline.frames == 3
    assert outline.is_cut
    with pytest.raises(MovieTruncated, match="frame 4"):
        read_movie(tmp_path / "a.mrc")


def test_a_text_called_tif_or_mrc_is_of_the_wrong_type(tmp_path: Path) -> None:
    for name in ("notes.tif", "notes.mrc"):
        (tmp_path / name).write_text("These are notes, not a movie.\n" * 100)
        with pytest.raises(MovieWrongType, match="is none"):
            outline_of(tmp_path / name)


def test_an_empty_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.tif").touch()
    with pytest.raises(MovieEmpty, match=r"a\.tif is empty"):
        outline_of(tmp_path / "a.tif")


def test_a_vanished_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MovieVanished, match="no longer there"):
        read_movie(tmp_path / "a.tif")


def test_a_folder_called_tif_is_of_the_wrong_type(tmp_path: Path) -> None:
    (tmp_path / "a.tif").mkdir()
    with pytest.raises(MovieWrongType, match="not a file of its own"):
        outline_of(tmp_path / "a.tif")


def test_a_colour_picture_is_of_the_wrong_type(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((300, 300, 3), np.uint8), photometric="rgb")
    with pytest.raises(MovieWrongType, match="grey"):
        outline_of(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", ["jpeg", "jpeg2000", "jpegxl", "lerc", "lzma"])
def test_what_is_compressed_as_pictures_are_is_refused_before_it_is_decoded(tmp_path: Path, compression: str) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for _ in range(2):
            tiff.write(np.zeros((256, 256), np.uint8), compression=compression, metadata=None)
    with pytest.raises(MovieWrongType, match="is compressed as"):
        outline_of(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "lzw", "deflate", "packbits", "zstd", "adobe_deflate"])
def test_what_is_compressed_as_movies_are_is_read(tmp_path: Path, compression: str | None) -> None:
    frames = np.random.default_rng(0).poisson(1, (2, 256, 256)).astype(np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for frame in frames:
            tiff.write(frame, compression=compression, metadata=None)
    np.testing.assert_array_equal(read_movie(tmp_path / "a.tif")[:, ::-1], frames)


def test_a_volume_of_complex_numbers_is_of_the_wrong_type(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "a.mrc", np.zeros((2, 300, 300), np.complex64))
    with pytest.raises(MovieWrongType, match="mode 4"):
        outline_of(tmp_path / "a.mrc")


def test_frames_of_different_size_are_refused(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for side in (300, 301):
            tiff.write(np.zeros((side, 300), np.uint8), photometric="minisblack")
    with pytest.raises(MovieWrongSize, match="Frame 2"):
        read_movie(tmp_path / "a.tif")


def test_a_single_frame_and_a_postage_stamp_are_no_movies(write_movie: WriteMovie) -> None:
    with pytest.raises(MovieWrongSize, match="single frame"):
        read_movie(write_movie(FRAMES[:1], "single.tif"))
    with pytest.raises(MovieWrongSize, match="280 × 100"):
        read_movie(write_movie(FRAMES[:, :100], "stamp.tif"))
