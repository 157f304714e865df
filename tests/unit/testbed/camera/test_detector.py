from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cloudlet.testbed.detector import Detector
from cloudlet.testbed.models import CameraModel

MODEL = CameraModel(width=512, height=256)


def test_gain_spreads_around_1_as_the_model_says() -> None:
    gain = Detector.made(MODEL, seed=1).gain
    assert gain.shape == (256, 512)
    assert gain.mean() == pytest.approx(1, abs=1e-6)
    assert gain.std() == pytest.approx(np.hypot(0.05, 0.01), rel=0.03)


def test_blocks_of_columns_differ_in_gain() -> None:
    blocks = Detector.made(MODEL, seed=1).gain.mean(axis=0).reshape(8, 64).mean(axis=1)
    assert (blocks[1::2] - blocks[::2]) == pytest.approx(0.02, abs=0.003)


def test_sensitivity_is_what_gain_corrects() -> None:
    detector = Detector.made(MODEL, seed=1)
    assert detector.gain * detector.sensitivity == pytest.approx(1, abs=1e-6)


def test_seed_decides_which_camera_it_is() -> None:
    assert np.array_equal(Detector.made(MODEL, 7).gain, Detector.made(MODEL, 7).gain)
    assert not np.array_equal(Detector.made(MODEL, 7).gain, Detector.made(MODEL, 8).gain)


def test_hot_pixels_are_few_and_count_about_60() -> None:
    detector = Detector.made(replace(MODEL, hot_pixels_per_megapixel=240.0), seed=1)
    frames = np.zeros((8, 256, 512), np.uint8)
    detector.add_hot_pixels(frames, np.random.default_rng(2))
    hot = (frames > 0).any(axis=0)
    assert hot.sum() == pytest.approx(30, abs=1)
    assert frames[:, hot].mean() == pytest.approx(60, abs=3)
