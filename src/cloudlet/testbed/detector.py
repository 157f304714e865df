"""What is particular to one counting camera and stays as it is: its gain and its hot pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.models import CameraModel

__all__ = ["Detector"]

LOWEST_GAIN, HIGHEST_GAIN = 0.6, 1.5
COLUMN_BLOCKS = 8
COLUMN_BLOCK_STEP = 0.02
"""Readout blocks of columns differ by so much in gain."""

HOT_COUNT = 60.0
HIGHEST_COUNT = 255
MEGAPIXEL = 1 << 20
DETECTOR_STREAM = 3
"""Keeps the detector's random numbers apart from those of every movie."""


@dataclass(frozen=True, eq=False)
class Detector:
    """Gain and hot pixels of one camera."""

    gain: NDArray[np.float32]
    """Multiplicative reference, mean 1: corrected = raw * gain; shape (height, width), row 0 at the bottom."""

    sensitivity: NDArray[np.float32]
    """1 / gain."""

    hot_rows: NDArray[np.int64]
    hot_columns: NDArray[np.int64]

    @classmethod
    def made(cls, model: CameraModel, seed: int) -> Detector:
        """Draw the camera with this seed."""
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(DETECTOR_STREAM,)))
        gain = draw_gain(model, rng)
        hot = round(model.hot_pixels_per_megapixel * gain.size / MEGAPIXEL)
        rows, columns = rng.integers(0, model.height, hot), rng.integers(0, model.width, hot)
        return cls(gain, np.asarray(1 / gain, np.float32), rows, columns)

    def add_hot_pixels(self, frames: NDArray[np.uint8], rng: np.random.Generator) -> None:
        """Let the hot pixels of `frames` count about 60 whatever falls on them, in place."""
        counts = rng.poisson(HOT_COUNT, (len(frames), self.hot_rows.size))
        frames[:, self.hot_rows, self.hot_columns] = counts.clip(0, HIGHEST_COUNT)


def draw_gain(model: CameraModel, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a gain that differs from pixel to pixel and between blocks of columns."""
    block = max(1, model.width // COLUMN_BLOCKS)
    blocks = COLUMN_BLOCK_STEP * ((np.arange(model.width) // block) % 2 - 0.5)
    gain = np.clip(1 + model.gain_sd * rng.standard_normal(model.shape) + blocks, LOWEST_GAIN, HIGHEST_GAIN)
    return np.asarray(gain / gain.mean(), np.float32)
