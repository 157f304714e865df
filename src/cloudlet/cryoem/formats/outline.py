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
    item_bytes: int
    """Of one pixel once it is decoded."""

    @property
    def size_bytes(self) -> int:
        """Return what all frames take in memory."""
        return self.frames * self.rows * self.columns * self.item_bytes
