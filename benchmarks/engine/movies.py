"""The movies that are measured, made once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.report import FOLDER
from benchmarks.simulator import CAMERAS, MicrographSpec, MovieSpec, Truth, simulate_micrograph, write_movie
from benchmarks.simulator.eer import encode_events, write_eer

__all__ = ["Made", "make", "make_eer"]

MOVIES = FOLDER / "movies"
EER_RATE, EER_RAW_FRAMES = 0.03, 1148
"""Events per pixel and raw frame; as many as make 50 e/A^2 of pixels of 0.83 A."""


@dataclass(frozen=True)
class Made:
    """A movie on disk, and what it was made by."""

    path: Path
    spec: MovieSpec

    @property
    def gain(self) -> Path:
        """Its gain reference; EER movies have none."""
        return self.path.with_name(f"{self.path.stem}-gain.mrc").absolute()

    @property
    def options(self) -> list[str]:
        """What the command line is told of it."""
        known = [f"--pixel-size={self.spec.pixel_size_angstrom}", f"--voltage={self.spec.voltage_kv}"]
        if self.path.suffix == ".eer":
            fraction = f"eer_fraction_dose={self.dose_per_frame}"
            return [*known, f"--dose-per-frame={self.spec.dose / EER_RAW_FRAMES}", "--set", fraction]
        known += [f"--dose-per-frame={self.dose_per_frame}", f"--gain={self.gain}"]
        return known if self.spec != CAMERAS["superres"] else [*known, "--set", "binning=2"]

    @property
    def dose_per_frame(self) -> float:
        """Electrons per square angstrom."""
        return self.spec.dose / self.spec.frames

    def truth(self) -> Truth:
        """How its specimen had moved."""
        with np.load(self.path.with_suffix(".npz")) as kept:
            shape = kept["shape"]
            return Truth(kept["path"], kept["growth"], kept["maps"], (int(shape[0]), int(shape[1])))


def make(camera: str, motion: str, strength: float, seed: int) -> Made:
    """Return a movie, made now or earlier."""
    spec = replace(CAMERAS[camera], motion=motion, strength=strength)  # type: ignore[arg-type]
    name = f"{camera}-{motion}-{strength:g}-{seed}"
    return Made(write_movie(MOVIES, name, spec, seed).absolute(), spec)


def make_eer() -> Made:
    """Return an EER movie of still ice, made now or earlier; it is for speed alone."""
    spec = replace(CAMERAS["k3"], rows=4096, columns=4096)
    path = (MOVIES / "eer-speed.eer").absolute()
    if not path.exists():
        focus = (15_150.0, 14_850.0, 30.0)
        ice = MicrographSpec(
            spec.rows, spec.columns, spec.pixel_size_angstrom, spec.voltage_kv, focus, 300.0, spec.dose
        )
        image = simulate_micrograph(ice, 7).image
        rates = (EER_RATE * image / image.mean()).astype(np.float32).ravel()
        rng = np.random.default_rng(7)
        frames = []
        for _ in range(EER_RAW_FRAMES):
            pixels = np.flatnonzero(rng.random(rates.size, np.float32) < rates)
            frames.append(encode_events(pixels, rng.integers(0, 16, len(pixels)), rates.size))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_eer(path, frames, (spec.rows, spec.columns))
    return Made(path, spec)
