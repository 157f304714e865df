"""Which way a gain reference lies on the frames, found from the counts themselves.

A pixel that counts too little has a gain above 1: the fine structure of the summed raw counts is that of one over the
gain, under the noise of counting. Both are freed of everything coarse, and correlated. For a wrong orientation, or a
reference that has nothing to do with the camera, the correlation coefficient r of n pixels is chance, of standard
deviation 1 / sqrt(n); for the right one it is minus the spread of the gain over that of the counts. References that
counts have to be divided by correlate with the opposite sign.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

__all__ = ["GainMatch", "Orientation", "Verdict", "match_gain", "oriented"]

MARGIN = 6.0
"""Standard deviations by which the right orientation must exceed every other."""
VISIBLE = 12.0
"""Standard deviations at which the right one must be expected to show, to be looked for at all."""

_SHARE = 0.5
"""Of the expected correlation that must be there: another session's reference has columns in common, not pixels."""
_COARSE = 9
"""Pixels, along each side, whose mean is taken off."""
_LARGEST_SIDE = 1024
"""Of the square in the middle that is compared."""
_OUTLIER = 8.0


@dataclass(frozen=True)
class Orientation:
    """How the stored reference becomes the one for the frames: turned, then perhaps mirrored top to bottom."""

    quarter_turns: int
    """Counter-clockwise as the picture is seen with row 0 at the bottom, 0...3."""
    is_flipped: bool
    is_divided: bool
    """Whether counts are divided by it."""


class Verdict(Enum):
    """What the comparison says."""

    CLEAR = "clear"
    """One orientation fits, and none of the others."""
    INVISIBLE = "invisible"
    """The reference is so flat, or the counts so few, that the right one could not be seen."""
    AMBIGUOUS = "ambiguous"
    """Two fit alike."""
    UNRELATED = "unrelated"
    """None fits, although the right one would show."""


@dataclass(frozen=True)
class GainMatch:
    """The result of a comparison."""

    verdict: Verdict
    orientation: Orientation
    """The best one; where none can be seen, the first of those that are possible."""
    significance: float
    """Of the best one, in standard deviations of chance."""
    margin: float
    """By which it exceeds the next, in the same unit."""
    expected: float
    """What the right one would have."""


def match_gain(
    total: NDArray[np.float32], gain: NDArray[np.float32], candidates: list[Orientation] | None = None
) -> GainMatch | None:
    """Compare a reference in all orientations with the sum of the raw frames.

    Parameters
    ----------
    total
        Raw counts summed over the frames, shape (rows, columns).
    gain
        The reference as stored, of that shape or turned by a quarter; 0 marks defects.
    candidates
        Orientations that are possible, the likeliest first; None for all.

    Returns
    -------
    GainMatch or None
        None where no candidate gives the reference the shape of the frames.
    """
    possible = [one for one in candidates or _ALL if _shape(gain.shape, one) == total.shape]
    if not possible:
        return None
    counts, pattern = _fine(_middle(total, np.zeros(total.shape, bool))), _fine(_middle(gain, gain == 0))
    spread, noise = float(pattern.std()), float(counts.std())
    size = np.sqrt(counts.size)
    if spread == 0 or noise == 0:
        return GainMatch(Verdict.INVISIBLE, possible[0], 0.0, 0.0, 0.0)
    scale = size / (counts.size * spread * noise)
    agreements = {
        (one.quarter_turns, one.is_flipped): float(np.vdot(counts, _turned(pattern, one))) * scale for one in possible
    }
    scores = sorted(
        ((agreements[one.quarter_turns, one.is_flipped] * (1 if one.is_divided else -1), one) for one in possible),
        key=lambda scored: -scored[0],
    )
    best, orientation = scores[0]
    margin = best - scores[1][0] if len(scores) > 1 else best
    expected = size * min(1.0, spread / noise)
    verdict = _verdict(best, margin, expected)
    return GainMatch(verdict, possible[0] if verdict is Verdict.INVISIBLE else orientation, best, margin, expected)


def oriented(gain: NDArray[np.float32], orientation: Orientation) -> NDArray[np.float32]:
    """Return the reference as counts are to be multiplied by it; 0 stays 0."""
    turned = _turned(gain, orientation)
    if orientation.is_divided:
        turned = np.divide(1, turned, out=np.zeros_like(turned), where=turned != 0)
    return np.ascontiguousarray(turned)


_ALL = [
    Orientation(turns, flipped, divided) for divided in (False, True) for flipped in (False, True) for turns in range(4)
]


def _verdict(best: float, margin: float, expected: float) -> Verdict:
    if expected < VISIBLE:
        return Verdict.INVISIBLE
    if best < _SHARE * expected:
        return Verdict.UNRELATED
    return Verdict.CLEAR if margin >= MARGIN else Verdict.AMBIGUOUS


def _turned(image: NDArray[np.float32], orientation: Orientation) -> NDArray[np.float32]:
    # rows grow upwards, so that what numpy calls a turn one way is one the other way to the eye
    turned = np.rot90(image, -orientation.quarter_turns)
    return turned[::-1] if orientation.is_flipped else turned


def _shape(shape: tuple[int, ...], orientation: Orientation) -> tuple[int, ...]:
    return shape[::-1] if orientation.quarter_turns % 2 else shape


def _middle(image: NDArray[np.float32], bad: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the square in the middle, which turns and mirrors within itself; bad pixels take the mean."""
    side = min(_LARGEST_SIDE, *image.shape)
    starts = [(size - side) // 2 for size in image.shape]
    part = tuple(slice(start, start + side) for start in starts)
    square = image[part].astype(np.float32)
    good = ~bad[part]
    square[~good] = square[good].mean() if good.any() else 0
    return square


def _fine(square: NDArray[np.float32]) -> NDArray[np.float32]:
    coarse = uniform_filter(square, _COARSE)
    fine = square / np.maximum(coarse, 1e-6) - 1
    fine -= fine.mean()
    limit = _OUTLIER * float(np.median(np.abs(fine[::3, ::3]))) * 1.4826 + 1e-12
    clipped: NDArray[np.float32] = np.clip(fine, -limit, limit)
    return clipped
