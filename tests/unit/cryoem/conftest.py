"""Synthetic images, spectra and movies with known truth, made by the plainest means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

MDOC = """T = SerialEM: A microscope
Voltage = 200

[FrameSet = 0]
GainReference = CountRef_A.mrc
PixelSpacing = 1.4
Binning = 1
TargetDefocus = -1.5
SubFramePath = X:\\frames\\{name}
NumSubFrames = {frames}
FrameDosesAndNumber = 2.5 {frames}
UncroppedSize = -{columns} -{rows}
"""


def drifting_counts(motion: NDArray[np.float64], side: int, seed: int = 0, rate: float = 4.0) -> NDArray[np.uint8]:
    """Return Poisson frames of a smooth random specimen that wraps around and moves by `motion` (y, x) pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    specimen = np.fft.rfft2(rng.standard_normal((side, side))) * np.exp(-((y**2 + x**2) * 60))
    contrast = np.fft.irfft2(specimen)
    specimen *= 0.12 / contrast.std()
    frames = []
    for shift_y, shift_x in motion:
        moved = np.fft.irfft2(specimen * np.exp(-2j * np.pi * (y * shift_y + x * shift_x)))
        frames.append(rng.poisson(rate * np.maximum(1 + moved, 0)))
    return np.array(frames, np.uint8)


@pytest.fixture
def write_movie(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a movie as TIFF, page by page, with its mdoc; arrays have row 0 at the bottom."""

    def write(frames: NDArray[np.generic], name: str = "a.tif", *, mdoc: bool = True, announced: int = 0) -> Path:
        path = tmp_path / "raw" / name
        path.parent.mkdir(exist_ok=True)
        with tifffile.TiffWriter(path) as tiff:
            for frame in frames:
                tiff.write(frame[::-1], photometric="minisblack", compression="lzw", metadata=None)
        if mdoc:
            count, rows, columns = frames.shape
            text = MDOC.format(name=name, frames=announced or count, rows=rows, columns=columns)
            path.with_name(name + ".mdoc").write_text(text)
        return path

    return write


@pytest.fixture
def drifting() -> Callable[..., NDArray[np.uint8]]:
    """Return `drifting_counts`."""
    return drifting_counts
