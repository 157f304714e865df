"""What a device that has no room says of a movie. What comes out of a movie is tested against references elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cloudlet.cryoem.acquisition import acquisition_of
from cloudlet.cryoem.errors import CardFull
from cloudlet.cryoem.formats.movie import look_at_movie
from cloudlet.cryoem.numerics.device import DeviceFull, Layout, Stack
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.stopwatch import Stopwatch


class FullDevice:
    """One that never has room."""

    name = "cuda:0"

    def __init__(self) -> None:
        self.rested = 0

    def stack(self, layout: Layout) -> Stack:
        raise DeviceFull(f"needs {layout.frames} GB of the graphics card, which has 2.0 GB")

    def rest(self) -> None:
        self.rested += 1


def test_a_card_without_room_is_told_with_the_movie_and_left(write_movie: Callable[..., Path]) -> None:
    path = write_movie(np.ones((3, 256, 256), np.uint8))
    settings = CryoemSettings(pixel_size_angstrom=1.0, voltage_kv=300.0, dose_per_frame=1.0)
    device = FullDevice()
    with pytest.raises(CardFull) as told:
        OwnCorrector(device, 1, settings).correct(
            path, acquisition_of(path, look_at_movie(path), settings), path.parent, Stopwatch()
        )
    assert told.value.message == "a.tif needs 3 GB of the graphics card, which has 2.0 GB."
    assert "cpu" in told.value.remedy
    assert device.rested == 1
