"""Movies of moving scatterers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import mrcfile
import numpy as np
import scipy.fft
import tifffile
from numpy.typing import NDArray

from benchmarks.simulator.drawing import add_scatterers, count
from benchmarks.simulator.models import MovieSpec, Truth
from benchmarks.simulator.motion import draw_motion
from benchmarks.simulator.optics import transfer

__all__ = ["simulate_movie", "write_movie"]

_PIXELS_A_SCATTERER = 8
_PARTICLE_AREA, _PARTICLE_RADIUS, _PARTICLE_PARTS = 200.0**2, 40.0, 150
"""Square angstrom, angstrom, scatterers."""
_ICE, _PARTICLES = 0.045, 0.03
"""Contrast: standard deviation over mean, in the first frame."""
_FADING = 1.5
"""The specimen's amplitude falls by exp(-1.5 dose f^2): its B factor grows by 6 A^2 per e/A^2."""
_BLUR = 15.0
"""Square angstrom; the envelope of everything."""
_GAIN_SPREAD, _HOT = 0.03, 60
_PART_OF_FRAME = (0.25, 0.75)
_FAST_FRAMES = 8
"""Frames that are drawn at two moments each."""


def simulate_movie(spec: MovieSpec, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float32], Truth]:
    """Return counts (frames, rows, columns), the gain reference, and what was true."""
    rng = np.random.default_rng((seed, 17))
    truth = draw_motion(spec, rng)
    gain = _gain(spec, rng)
    ice, particles = _Scatterers.ice(spec, rng), _Scatterers.particles(spec, rng)
    for scatterers in (ice, particles):
        scatterers.displacements = truth.at(scatterers.y, scatterers.x).astype(np.float32)
    counts = np.empty((spec.frames, spec.rows, spec.columns), np.uint8)
    picture = _Picture(spec)
    hot = rng.integers(0, (spec.rows, spec.columns), (_HOT, 2))
    for frame in range(spec.frames):
        rates = spec.rate * (1 + picture.draw(ice, particles, frame))
        count(rates, gain, counts[frame], seed * 1000 + frame + 1)
        counts[frame][tuple(hot.T)] = 20
    error = 1 + spec.gain_error * np.random.default_rng((seed, 19)).standard_normal(gain.shape, np.float32)
    return counts, np.asarray(gain * error, np.float32), truth


def write_movie(folder: Path, name: str, spec: MovieSpec, seed: int) -> Path:
    """Write ``NAME.tif``, ``NAME-gain.mrc`` and ``NAME.npz`` (the truth), where they are not there already."""
    folder.mkdir(parents=True, exist_ok=True)
    movie, truth_path = folder / f"{name}.tif", folder / f"{name}.npz"
    if truth_path.exists():
        return movie
    counts, gain, truth = simulate_movie(spec, seed)
    with tifffile.TiffWriter(movie, bigtiff=False) as tiff:
        for frame in counts:
            tiff.write(frame[::-1], photometric="minisblack", compression="lzw", rowsperstrip=46, metadata=None)
    mrcfile.write(folder / f"{name}-gain.mrc", gain, overwrite=True)
    parts = {"path": truth.path, "growth": truth.growth, "maps": truth.maps, "shape": np.array(truth.shape)}
    np.savez_compressed(truth_path, spec=json.dumps(asdict(spec)), **parts)
    return movie


class _Scatterers:
    """Where they are before anything moves, and where each frame has them."""

    displacements: NDArray[np.float32]

    def __init__(self, y: NDArray[np.float64], x: NDArray[np.float64], heights: NDArray[np.float32]) -> None:
        order = np.argsort(y)  # drawn from bottom to top, neighbours find each other in the cache
        self.y, self.x, self.heights = y[order], x[order], heights[order]

    @classmethod
    def ice(cls, spec: MovieSpec, rng: np.random.Generator) -> _Scatterers:
        number = spec.rows * spec.columns // _PIXELS_A_SCATTERER
        heights = rng.standard_normal(number).astype(np.float32)
        return cls(rng.uniform(0, spec.rows, number), rng.uniform(0, spec.columns, number), heights)

    @classmethod
    def particles(cls, spec: MovieSpec, rng: np.random.Generator) -> _Scatterers:
        area = spec.rows * spec.columns * spec.pixel_size_angstrom**2
        number = max(1, int(area / _PARTICLE_AREA))
        middles = rng.uniform(0, (spec.rows, spec.columns), (number, 1, 2))
        shape = rng.uniform(0.5, 1.2, (number, 1, 2))
        parts = rng.standard_normal((number, _PARTICLE_PARTS, 2)) * shape * 0.5 * _PARTICLE_RADIUS
        places = (middles + parts / spec.pixel_size_angstrom).reshape(-1, 2)
        return cls(places[:, 0], places[:, 1], np.ones(len(places), np.float32))


class _Picture:
    """What arrives at the camera, relative to the mean."""

    def __init__(self, spec: MovieSpec) -> None:
        self._spec, self._shape = spec, (spec.rows, spec.columns)
        focus = (spec.defocus_angstrom + 150, spec.defocus_angstrom - 150, 30.0)
        y = np.fft.fftfreq(spec.rows, spec.pixel_size_angstrom)[:, None]
        x = np.fft.rfftfreq(spec.columns, spec.pixel_size_angstrom)[None, :]
        self._k2 = (y**2 + x**2).astype(np.float32)
        self._transfer = transfer(self._shape, spec.pixel_size_angstrom, spec.voltage_kv, focus)
        self._transfer *= np.exp(-_BLUR * self._k2)
        self._transfer[0, 0] = 0
        self._scales: tuple[float, float] | None = None

    def draw(self, ice: _Scatterers, particles: _Scatterers, frame: int) -> NDArray[np.float32]:
        fading = np.exp(-_FADING * (frame + 0.5) / self._spec.frames * self._spec.dose * self._k2)
        parts = self._transformed(ice, frame), self._transformed(particles, frame) * fading
        if self._scales is None:
            strengths = _ICE * self._spec.strength, _PARTICLES * min(self._spec.strength, 2.0)
            spreads = (float(scipy.fft.irfft2(part, s=self._shape).std()) for part in parts)
            scales = [strength / spread for strength, spread in zip(strengths, spreads, strict=True)]
            self._scales = scales[0], scales[1]
        total = parts[0] * np.float32(self._scales[0]) + parts[1] * np.float32(self._scales[1])
        picture: NDArray[np.float32] = scipy.fft.irfft2(total, s=self._shape, workers=2)
        return picture

    def _transformed(self, scatterers: _Scatterers, frame: int) -> NDArray[np.complex64]:
        image = np.zeros(self._shape, np.float32)
        here = scatterers.displacements[frame]
        before, after = max(frame - 1, 0), min(frame + 1, self._spec.frames - 1)
        speed = (scatterers.displacements[after] - scatterers.displacements[before]) / (after - before)
        moments = _PART_OF_FRAME if frame < _FAST_FRAMES else (0.5,)
        for moment in moments:
            moved = here + (moment - 0.5) * speed
            add_scatterers(image, scatterers.y + moved[:, 0], scatterers.x + moved[:, 1], scatterers.heights)
        image /= len(moments)
        transform: NDArray[np.complex64] = scipy.fft.rfft2(image, workers=2)
        return transform * self._transfer


def _gain(spec: MovieSpec, rng: np.random.Generator) -> NDArray[np.float32]:
    pattern = 1 + _GAIN_SPREAD * rng.standard_normal((spec.rows, spec.columns), np.float32)
    pattern *= 1 + 0.01 * rng.standard_normal((1, spec.columns), np.float32)
    return np.asarray(np.clip(pattern, 0.7, 1.3), np.float32)
