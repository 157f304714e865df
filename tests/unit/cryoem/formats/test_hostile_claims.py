"""A few bytes that claim to be gigabytes are refused before anything is allocated."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cloudlet.cryoem.errors import GainWrongSize, MovieWrongSize
from cloudlet.cryoem.formats import mdoc, movie
from cloudlet.cryoem.formats.gain import read_gain
from cloudlet.cryoem.formats.outline import MovieOutline


def test_frame_counts_that_cancel_each_other_are_no_doses() -> None:
    assert mdoc._frame_doses({"FrameDosesAndNumber": "1 900000000 1 -900000000"}) is None


def test_a_movie_that_claims_more_than_fits_into_memory_is_refused() -> None:
    outline = MovieOutline(frames=60, is_cut=False, rows=32_768, columns=32_768)
    with pytest.raises(MovieWrongSize, match="more than fits"):
        movie._check_outline(Path("bomb.tif"), outline)


def test_a_movie_of_the_largest_camera_is_not() -> None:
    movie._check_outline(Path("k3.tif"), MovieOutline(frames=60, is_cut=False, rows=8_184, columns=11_520))


def test_a_gain_reference_larger_than_the_frames_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "gain.tif"
    tifffile.imwrite(path, np.ones((20_000, 40_000), np.uint8), compression="zlib")
    tracemalloc.start()
    with pytest.raises(GainWrongSize, match="40000 × 20000"):
        read_gain(path, (256, 256))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
