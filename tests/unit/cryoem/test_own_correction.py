"""Rooms of devices: full ones, and used ones. What comes out of a movie is tested against references elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.unit.cryoem.movies import corrected

from cloudlet.cryoem.errors import CardFull
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.device import DeviceFull, Layout, Stack
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.settings import CryoemSettings


class FullDevice:
    """One that never has room."""

    name = "cuda:0"

    def __init__(self) -> None:
        self.rested = 0

    def stack(self, layout: Layout) -> Stack:
        raise DeviceFull(f"needs {layout.frames} GB of the graphics card, which has 2.0 GB")

    def rest(self) -> None:
        self.rested += 1


def test_a_card_without_room_is_reported_with_the_movie_and_left(write_movie: Callable[..., Path]) -> None:
    path = write_movie(np.ones((3, 256, 256), np.uint8))
    settings = CryoemSettings(pixel_size_angstrom=1.0, voltage_kv=300.0, dose_per_frame=1.0)
    device = FullDevice()
    with pytest.raises(CardFull) as reported:
        corrected(path, OwnCorrector(device, 1, settings), settings)
    assert reported.value.message == "a.tif needs 3 GB of the graphics card, which has 2.0 GB."
    assert "cpu" in reported.value.remedy
    assert device.rested == 1


@pytest.mark.parametrize("binning", [1, 2])
def test_a_movie_is_corrected_in_the_room_of_another_as_in_its_own(
    write_movie: Callable[..., Path], binning: int
) -> None:
    rng = np.random.default_rng(binning)
    paths = [
        write_movie(rng.poisson(rate, (6, 270, 290)).astype(np.uint8), f"{rate}.tif", mdoc=False) for rate in (2, 5)
    ]
    settings = CryoemSettings(
        pixel_size_angstrom=1.0, voltage_kv=300.0, dose_per_frame=1.0, binning=binning, keep_halves=True
    )

    def images(path: Path, device: CpuDevice) -> list[np.ndarray]:
        done = corrected(path, OwnCorrector(device, 1, settings), settings)
        assert done.halves is not None
        return [image.copy() for image in (done.micrograph, done.unweighted, *done.halves)]

    used = CpuDevice()
    images(paths[0], used)
    for again, alone in zip(images(paths[1], used), images(paths[1], CpuDevice()), strict=True):
        np.testing.assert_array_equal(again, alone)
        assert again.shape == (270 // binning, 290 // binning)
    _, unweighted, odd, even = images(paths[1], used)
    np.testing.assert_allclose(odd + even, unweighted, atol=1e-3 * unweighted.max())
