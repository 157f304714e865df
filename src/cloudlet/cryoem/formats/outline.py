"""What a look into a movie tells without decoding a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["AS_STORED", "FileMetadata", "Fractions", "MovieOutline"]


@dataclass(frozen=True)
class Fractions:
    """How the events of an EER movie become frames; other movies have frames of their own."""

    frames: int = 1
    """Raw frames to one fraction; what is left over is a last, shorter one."""
    upsampling: int = 1
    """Pixels along each side that one of the camera's is divided into: 1, 2 or 4."""


AS_STORED = Fractions()


@dataclass(frozen=True)
class MovieOutline:
    """How many frames there are, and how large they are."""

    frames: int
    """Frames whose bytes are all there; fractions of an EER movie, once it is said how they are made."""
    is_cut: bool
    """Whether a further frame is announced whose bytes are not all there."""
    rows: int
    columns: int
    dtype: np.dtype[Any]
    """Of one pixel once it is decoded, in the machine's byte order."""
    raw_frames: tuple[int, ...] | None = None
    """How many raw frames of an EER movie each frame holds; None for other movies."""

    @property
    def size_bytes(self) -> int:
        """Return what all frames take in memory."""
        return self.frames * self.rows * self.columns * self.dtype.itemsize


@dataclass(frozen=True)
class FileMetadata:
    """What a file of frames says of how it was taken; None where it does not."""

    voltage_kv: float | None = None
    pixel_size_angstrom: float | None = None
    """Of the camera's pixels for an EER movie."""
    exposure_seconds: float | None = None
    total_dose_per_pixel: float | None = None
    """Electrons per pixel of the camera over the whole movie."""
