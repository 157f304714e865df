from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.testbed.camera.conftest import SMALL

from cloudlet.testbed.camera import Camera
from cloudlet.testbed.gain import OtherGainReference
from cloudlet.testbed.models import Movie, Truth
from cloudlet.testbed.movies import DiskFull, FolderUnwritable, MovieWriter, RawFileExists, UnusableName


@pytest.fixture
def writer(tmp_path: Path, camera: Camera) -> MovieWriter:
    return MovieWriter(tmp_path / "raw", tmp_path / "truth", camera)


def numbered(movie: Movie, number: int) -> Movie:
    return Movie(movie.frames, replace(movie.truth, number=number))


def pages(path: Path) -> int:
    with tifffile.TiffFile(path) as tiff:
        return len(tiff.pages)


def test_a_reader_that_turns_tiff_over_gets_the_frames_back(
    writer: MovieWriter, movie: Movie, started: datetime
) -> None:
    stored = tifffile.imread(writer.write(movie, started), key=slice(None))
    assert np.array_equal(stored[:, ::-1], movie.frames)


def test_movie_is_8_bit_lzw_with_one_page_per_frame(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    path = writer.write(movie, started)
    with tifffile.TiffFile(path) as tiff:
        assert [page.compression.name for page in tiff.pages] == ["LZW"] * 4
        assert [page.bitspersample for page in tiff.pages] == [8] * 4
    assert path.stat().st_size < movie.frames.nbytes


def test_frames_can_be_seen_one_by_one_and_metadata_last(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    path = writer.path(1, started)
    mdoc = path.with_name(f"{path.name}.mdoc")
    for written in writer.pages(movie, started):
        assert pages(path) == written
        assert not mdoc.exists()
    assert mdoc.exists()


def test_names_are_those_of_the_acquisition_program(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    writer.write(movie, started)
    assert sorted(path.name for path in writer.raw.iterdir()) == [
        "CountRef_GRID1.mrc",
        "GRID1_00001_Nov23_23.41.05.tif",
        "GRID1_00001_Nov23_23.41.05.tif.mdoc",
    ]


def test_truth_is_written_outside_of_the_raw_folder_before_the_first_frame(
    writer: MovieWriter, movie: Movie, started: datetime
) -> None:
    next(writer.pages(movie, started))
    (path,) = writer.truths.iterdir()
    assert path.name == "GRID1_00001_Nov23_23.41.05.json"
    assert Truth.from_json(path.read_text()) == movie.truth


def test_an_interrupted_movie_stays_short_and_its_number_is_used_up(
    writer: MovieWriter, movie: Movie, started: datetime
) -> None:
    writing = writer.pages(movie, started)
    assert [next(writing), next(writing)] == [1, 2]
    writing.close()
    assert pages(writer.path(1, started)) == 2
    assert writer.last_number() == 1
    with pytest.raises(RawFileExists):
        writer.write(movie, started + timedelta(hours=1))


def test_a_raw_file_is_never_overwritten(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    path = writer.path(1, started)
    path.parent.mkdir()
    path.write_bytes(b"precious")
    with pytest.raises(RawFileExists, match="never overwritten"):
        writer.write(movie, started)
    assert path.read_bytes() == b"precious"
    assert not writer.truths.exists()


def test_numbers_go_on_where_they_ended(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    assert writer.last_number() == 0
    writer.write(numbered(movie, 9), started)
    writer.write(numbered(movie, 12), started)
    (writer.truths / "GRID2_00077_Nov23_23.41.05.json").touch()
    assert writer.last_number() == 12


def test_names_sort_by_number(writer: MovieWriter, started: datetime) -> None:
    names = [writer.path(number, started + timedelta(minutes=number)).name for number in (1, 9, 10, 999, 1000)]
    assert names == sorted(names)


def test_gain_reference_is_written_once(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    writer.write(movie, started)
    reference = writer.raw / "CountRef_GRID1.mrc"
    before = reference.stat()
    writer.write(numbered(movie, 2), started)
    assert reference.stat().st_mtime_ns == before.st_mtime_ns


def test_a_folder_of_another_camera_is_refused(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    writer.write(movie, started)
    other = MovieWriter(writer.raw, writer.truths, Camera(SMALL, seed=12))
    with pytest.raises(OtherGainReference, match="belongs to another camera"):
        other.write(numbered(movie, 2), started)


@contextmanager
def files_no_larger_than(size_bytes: int) -> Iterator[None]:
    """Let every write beyond a size fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_in_words_and_leaves_what_is_there(
    writer: MovieWriter, movie: Movie, started: datetime
) -> None:
    writer.write(numbered(movie, 1), started)
    with files_no_larger_than(70_000), pytest.raises(DiskFull, match=r"The disk is full: GRID1_00002.* is incomplete"):
        writer.write(numbered(movie, 2), started)
    assert pages(writer.path(1, started)) == 4
    assert 0 < writer.path(2, started).stat().st_size <= 70_000
    assert not Path(f"{writer.path(2, started)}.mdoc").exists()


def test_acquisition_goes_on_when_there_is_space_again(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    with files_no_larger_than(30_000), pytest.raises(DiskFull):
        writer.write(movie, started)
    assert pages(writer.write(numbered(movie, writer.last_number() + 1), started)) == 4


def test_a_raw_folder_that_is_a_file_is_said_in_words(writer: MovieWriter, movie: Movie, started: datetime) -> None:
    writer.raw.touch()
    with pytest.raises(FolderUnwritable, match="cannot be written"):
        writer.write(movie, started)


@pytest.mark.parametrize("name", ["", "a b", "../x", "a*"])
def test_a_grid_whose_name_fits_no_file_is_refused(camera: Camera, tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableName):
        MovieWriter(tmp_path, tmp_path, camera, grid=name)
