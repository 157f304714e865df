"""The movies that are measured, made once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.report import FOLDER
from benchmarks.simulator import CAMERAS, MovieSpec, Truth, write_movie

__all__ = ["Made", "make"]

MOVIES = FOLDER / "movies"


@dataclass(frozen=True)
class Made:
    """A movie on disk, and what it was made by."""

    path: Path
    spec: MovieSpec

    @property
    def gain(self) -> Path:
        """Its gain reference."""
        return self.path.with_name(f"{self.path.stem}-gain.mrc").absolute()

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
