"""The gain reference and the defects of a movie, once its counts are there to be compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import GainUnrelated, MovieUnreadable
from cloudlet.cryoem.formats.defects import read_defects
from cloudlet.cryoem.formats.gain import read_gain
from cloudlet.cryoem.numerics.frames import Defects, find_defects
from cloudlet.cryoem.numerics.gain_orientation import GainMatch, Orientation, Verdict, match_gain, oriented
from cloudlet.cryoem.settings import CryoemSettings, GainOperation, GainTurn

__all__ = ["Calibration", "calibrated"]


@dataclass(frozen=True)
class Calibration:
    """What turns counts into corrected frames."""

    gain: NDArray[np.float32] | None
    """What counts are multiplied by, as the frames lie; None where they are corrected already."""
    defects: Defects
    match: GainMatch | None
    """How the gain reference fits; None where there is none."""


def calibrated(
    path: Path,
    total: NDArray[np.float32],
    gain: Path | None,
    settings: CryoemSettings,
    listed: Path | None = None,
) -> Calibration:
    """Find orientation and use of the gain reference, and the defects.

    Parameters
    ----------
    path
        Of the movie.
    total
        Sum of its raw frames, shape (rows, columns).
    gain
        The reference's file; None where the frames are corrected already.
    settings
        Of the run: they may say the orientation.
    listed
        The file of defects that are known; None where none are.

    Raises
    ------
    GainMissing, GainUnreadable, GainWrongSize, GainUnrelated, DefectsUnusable
        A reference cannot be used.
    MovieUnreadable
        The frames hold what is no number, or nothing at all.
    """
    if not np.isfinite(total).all():
        raise MovieUnreadable(
            f"The frames of {path.name} hold values that are no numbers.",
            "Copy the file again, or leave the movie out.",
        )
    if not total.any():
        raise MovieUnreadable(
            f"All frames of {path.name} are empty.", "Look whether the beam was on and the valves open."
        )
    shape = total.shape[0], total.shape[1]
    known = None if listed is None else _defects.read(listed, shape)
    if gain is None:
        return Calibration(None, find_defects(total, None, known), None)
    stored = _gains.read(gain, shape)
    match = match_gain(total, stored, _candidates(settings))
    if match is None:
        raise GainUnrelated(
            f"The gain reference {gain.name} does not have the shape of the frames in the orientation that is set.",
            "Correct gain_turn in the settings, or leave it to be found.",
        )
    turned = oriented(stored, _chosen(path, gain, match, settings))
    return Calibration(turned, find_defects(total * turned, turned, known), match)


T = TypeVar("T")


class _Last(Generic[T]):
    """What was read last, for as long as the file is the same: it belongs to a whole session."""

    def __init__(self, read: Callable[[Path, tuple[int, int]], T]) -> None:
        self._read = read
        self._kept: tuple[object, T] | None = None

    def read(self, path: Path, shape: tuple[int, int]) -> T:
        before = _identity(path)
        if self._kept is not None and before is not None and self._kept[0] == (path, shape, before):
            return self._kept[1]
        content = self._read(path, shape)  # which says what is wrong
        if before is not None and _identity(path) == before:  # else nobody knows of which file it is
            self._kept = (path, shape, before), content
        return content


def _identity(path: Path) -> object:
    """Return what tells a file from another one, or from itself after a change; None where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


_gains, _defects = _Last(read_gain), _Last(read_defects)


def _chosen(path: Path, gain: Path, match: GainMatch, settings: CryoemSettings) -> Orientation:
    is_stated = settings.gain_turn is not GainTurn.FOUND and settings.gain_operation is not GainOperation.FOUND
    if is_stated or match.verdict in {Verdict.CLEAR, Verdict.INVISIBLE}:
        return match.orientation
    if match.verdict is Verdict.AMBIGUOUS:
        raise GainUnrelated(
            f"The gain reference {gain.name} fits {path.name} in two orientations alike.",
            "Say the right one: gain_turn and gain_operation in the settings.",
        )
    raise GainUnrelated(
        f"The pattern of the gain reference {gain.name} is not in the counts of {path.name}: it is another session's "
        "or camera mode's, or the movie is gain-corrected already.",
        "Name the right reference, or none; to use this one all the same, set gain_turn and gain_operation.",
    )


_TURNS = {
    GainTurn.NONE: (0, False),
    GainTurn.QUARTER: (1, False),
    GainTurn.HALF: (2, False),
    GainTurn.THREE_QUARTERS: (3, False),
    GainTurn.FLIPPED: (0, True),
    GainTurn.QUARTER_FLIPPED: (1, True),
    GainTurn.HALF_FLIPPED: (2, True),
    GainTurn.THREE_QUARTERS_FLIPPED: (3, True),
}


def _candidates(settings: CryoemSettings) -> list[Orientation]:
    """Return the orientations that the settings leave open, the likeliest first."""
    turns = list(_TURNS.values()) if settings.gain_turn is GainTurn.FOUND else [_TURNS[settings.gain_turn]]
    divided = {
        GainOperation.FOUND: [False, True],
        GainOperation.MULTIPLY: [False],
        GainOperation.DIVIDE: [True],
    }[settings.gain_operation]
    return [Orientation(turn, is_flipped, is_divided) for is_divided in divided for turn, is_flipped in turns]
