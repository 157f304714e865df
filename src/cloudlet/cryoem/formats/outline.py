"""What a look into a movie tells without decoding a frame."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MovieOutline"]


@dataclass(frozen=True)
class MovieOutline:
    """How many frames there are, and how large they are."""

    frames: int
    """Frames whose bytes are all there."""
    is_cut: bool
    """Whether a further frame is announced whose bytes are not all there."""
    rows: int
    columns: int
