"""A movie's file is opened once on each of its ways, and its directory is read once while it is open."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from benchmarks.simulator.eer import encode_events, write_eer

from cloudlet.analytics import ExposureTask
from cloudlet.cryoem import WORKLOAD
from cloudlet.cryoem.formats.outline import AS_STORED
from cloudlet.cryoem.formats.readers import READERS
from cloudlet.cryoem.inspection import inspected
from cloudlet.cryoem.names import Format, suffix_of
from cloudlet.cryoem.preview import summarize
from cloudlet.cryoem.settings import checked_settings

SIDE = 256
FRAMES = np.random.default_rng(0).poisson(4, (4, SIDE, SIDE)).astype(np.uint8)
SETTINGS = {"pixel_size_angstrom": 1.4, "voltage_kv": 300.0, "dose_per_frame": 2.5, "eer_fraction_dose": 5.0}

_counted: dict[str, int] = {}


def _count(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and str(arguments[0]) in _counted:
        _counted[str(arguments[0])] += 1


sys.addaudithook(_count)  # Python has no way to take it off again; it counts only what is asked for


@contextmanager
def opens_of(path: Path) -> Iterator[Callable[[], int]]:
    """Count how often this process opens a file, by whatever way."""
    _counted[str(path)] = 0
    try:
        yield lambda: _counted[str(path)]
    finally:
        del _counted[str(path)]


def tiff(path: Path) -> Path:
    with tifffile.TiffWriter(path) as file:
        for frame in FRAMES:
            file.write(frame, compression="lzw", rowsperstrip=64, metadata=None)
    return path


def eer(path: Path) -> Path:
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(8):
        pixels = np.flatnonzero(rng.random(SIDE**2) < 0.2)
        frames.append(encode_events(pixels, rng.integers(0, 16, len(pixels)), SIDE**2))
    write_eer(path, frames, (SIDE, SIDE))
    return path


def mrc(path: Path) -> Path:
    mrcfile.write(path, FRAMES.astype(np.int16))
    return path


WRITERS = {"a.tif": tiff, "a.eer": eer, "a.mrc": mrc}


@pytest.fixture(params=WRITERS)
def movie(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    return WRITERS[request.param](tmp_path / "raw" / request.param)


WAYS: dict[str, Callable[[Path], object]] = {
    "readiness": lambda path: WORKLOAD.readiness(path, SETTINGS),
    "preview": lambda path: summarize(path, checked_settings(SETTINGS)),
    "process": lambda path: WORKLOAD.process(ExposureTask(path, path.parents[1] / "project", SETTINGS)),
    "inspect": inspected,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_opens_the_movie_once(movie: Path, way: str) -> None:
    with opens_of(movie) as opens:
        WAYS[way](movie)
        assert opens() == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mdoc", "[FrameSet = 0]\nVoltage = 300\n"),
        ("a.xml", "<MicroscopeImage/>"),
        ("a.txt", "CameraSizeX 9\nCameraSizeY 9\nBadColumns 3\n"),
        ("a.star", "data_x\n_a 1\n"),
    ],
)
def test_an_inspected_text_is_opened_once(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with opens_of(tmp_path / name) as opens:
        inspected(tmp_path / name)
        assert opens() == 1


class CountedFile(io.FileIO):
    """A file that notes where its reads begin; what decoders read by its descriptor is not among them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.places: list[int] = []

    def read(self, size: int | None = -1) -> bytes:
        self.places.append(self.tell())
        return super().read(-1 if size is None else size)

    def readinto(self, buffer: object) -> int:  # type: ignore[override]
        self.places.append(self.tell())
        return super().readinto(buffer)  # type: ignore[arg-type]


def reads_of_the_library(path: Path) -> dict[int, int]:
    """Return how often reads begin at each page's directory where the library alone reads a file once."""
    with CountedFile(path) as file:
        pages = [page.aspage() for page in tifffile.TiffFile(file).pages]  # type: ignore[arg-type]
        return {page.offset: file.places.count(page.offset) for page in pages}


@pytest.mark.parametrize("name", ["a.tif", "a.eer"])
def test_a_directory_is_surveyed_once_and_read_once_and_not_again_for_its_frames(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name)
    suffix = suffix_of(name)
    assert suffix is not None
    with CountedFile(path) as file:
        contents = READERS[suffix.format].open(name, file)  # type: ignore[arg-type]
        for place, reads in reads_of_the_library(path).items():
            assert file.places.count(place) == 1 + reads, "the chain is followed once before the library may read it"
        file.places.clear()
        outline = contents.outline(AS_STORED)
        assert outline.frames == len(reads_of_the_library(path))
        contents.metadata()
        decode, image = contents.decoder(AS_STORED), np.empty((SIDE, SIDE), np.uint8)
        for index in range(outline.frames):
            decode(index, image)
        assert not file.places


def test_an_mrc_header_is_read_once(tmp_path: Path) -> None:
    path = mrc(tmp_path / "a.mrc")
    with CountedFile(path) as file:
        contents = READERS[Format.MRC].open("a.mrc", file)  # type: ignore[arg-type]
        begins = len(file.places)
        contents.outline(AS_STORED)
        contents.metadata()
        contents.decoder(AS_STORED)(3, np.empty((SIDE, SIDE), np.int16))
        assert len(file.places) - begins <= 2, "no more than the three bytes that would say it is compressed"
