"""Figures of a path, whichever program has found it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.acquisition import Acquisition

__all__ = ["path_figures"]

FIRST_DOSE = 5.0
"""Electrons per square angstrom that count as the beginning of a movie."""


def path_figures(motion: NDArray[np.float64], acquisition: Acquisition) -> dict[str, float]:
    """Return the length of a path, whole and at the beginning.

    Parameters
    ----------
    motion
        In pixels of the frames, shape (frames, 2).
    acquisition
        Of the movie.
    """
    steps = np.hypot(*np.diff(motion, axis=0).T)
    path = acquisition.pixel_size_angstrom * np.concatenate([[0.0], np.cumsum(steps)])
    doses = np.array(acquisition.frame_doses)
    first = float(np.interp(FIRST_DOSE, np.cumsum(doses) - doses / 2, path))
    return {"motion_total": float(path[-1]), "motion_first": first}
