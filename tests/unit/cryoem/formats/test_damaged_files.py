"""Whole files with damaged bytes: they are read, or told in a sentence; nothing else comes out of them."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from benchmarks.simulator.eer import encode_events, write_eer
from tests.unit.cryoem.formats.fuzzing import fuzz

from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.inspection import inspected
from cloudlet.cryoem.metadata import metadata_sources
from cloudlet.errors import CloudletError

SIDE = 256
FRAMES = np.random.default_rng(0).poisson(2, (3, SIDE, SIDE)).astype(np.uint8)


def tiff(path: Path, *, bigtiff: bool = False, **how: object) -> Path:
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as file:
        for frame in FRAMES:
            file.write(frame, metadata=None, **how)  # type: ignore[arg-type]
    return path


def mrc(path: Path) -> Path:
    mrcfile.write(path, FRAMES.astype(np.int16))
    return path


def eer(path: Path) -> Path:
    pixels = np.flatnonzero(FRAMES[0].ravel() > 4)
    write_eer(path, [encode_events(pixels, pixels % 16, SIDE**2)] * 4, (SIDE, SIDE))
    return path


KINDS: dict[str, Callable[[Path], Path]] = {
    "lzw.tif": lambda path: tiff(path, compression="lzw", rowsperstrip=64),
    "deflate.tif": lambda path: tiff(path, compression="deflate"),
    "zstd.tif": lambda path: tiff(path, compression="zstd", rowsperstrip=100),
    "plain.tif": lambda path: tiff(path, bigtiff=True),
    "a.mrc": mrc,
    "a.eer": eer,
}


@pytest.mark.parametrize("name", KINDS)
def test_damaged_bytes_are_read_or_reported(tmp_path: Path, name: str) -> None:
    path = KINDS[name](tmp_path / name)
    whole = path.read_bytes()

    def read(rng: np.random.Generator) -> None:
        path.write_bytes(damaged(whole, rng))
        with suppress(CloudletError), open_movie(path) as movie:
            metadata_sources(movie)
            frames = movie.frames()
            frame = np.empty((frames.outline.rows, frames.outline.columns), frames.outline.dtype)
            for index in range(min(3, frames.outline.frames)):
                with suppress(CloudletError):
                    frames.read_frame(index, frame)
        with suppress(CloudletError):
            inspected(path)

    fuzz(read, share=0.25)


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a file with some bytes changed, more often where its structure is, and sometimes its end cut off."""
    raw, structure = bytearray(whole), max(1, min(len(whole), 4096))
    for _ in range(rng.integers(1, 8)):
        start, size = (0, structure) if rng.random() < 0.5 else (0, len(raw))
        if rng.random() < 0.3:
            start = max(0, len(raw) - structure)
            size = structure
        raw[min(len(raw) - 1, start + int(rng.integers(0, size)))] = rng.integers(0, 256)
    if rng.random() < 0.3:
        del raw[int(rng.integers(1, len(raw))) :]
    return bytes(raw)
