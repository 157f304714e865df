"""Newton's method on the likelihood of displacements, with the expected curvature in place of the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.alignment.gaussian import Posterior, Prior, posterior_of
from cloudlet.cryoem.numerics.alignment.signal import information_of, signal_of
from cloudlet.cryoem.numerics.device import Spectra

__all__ = ["NewtonSearch"]

Floats = NDArray[np.float64]

_FURTHEST = 0.25
"""Of the finest wave that is looked at: beyond it the likelihood is no parabola, and a step is not to be trusted."""


class NewtonSearch:
    """The displacements of some windows about a path, getting better step by step.

    Parameters
    ----------
    spectra
        Of the windows.
    amplitudes
        Of each frame in each ring, shape (frames, rings).
    path
        In binned pixels, shape (frames, 2).
    displacements
        About the path, to begin with; shape (windows, frames, 2).
    """

    axes: tuple[Posterior, Posterior]
    """What is known after the last step, of displacements along y and x."""

    def __init__(self, spectra: Spectra, amplitudes: Floats, path: Floats, displacements: Floats) -> None:
        self._spectra, self._amplitudes, self._path = spectra, amplitudes, path
        self.displacements = displacements

    def step(self, limit: float, priors: Sequence[Prior]) -> int:
        """Take one step and return which of some priors was the most probable: it is the one that holds.

        Parameters
        ----------
        limit
            Frequencies beyond it are left out, in cycles per binned pixel.
        priors
            The candidates.
        """
        spectra, rings = self._spectra, self._spectra.rings
        match = spectra.match(self._path + self.displacements)
        signal = signal_of(match.power_of_sum, spectra.sum_of_powers, self._amplitudes, rings)
        information = information_of(signal, self._amplitudes, rings, limit)
        slopes = match.gradients(np.where(rings.middle <= limit, signal.gain, 0.0))
        pull = [
            information.windows[:, None] * (self.displacements[..., axis] @ information.frames[axis])
            + slopes[..., axis]
            for axis in (0, 1)
        ]
        found = [
            tuple(posterior_of(pull[axis], information.windows, information.frames[axis], prior) for axis in (0, 1))
            for prior in priors
        ]
        best = int(np.argmax([y.evidence + x.evidence for y, x in found]))
        furthest = _FURTHEST / limit
        y, x = (
            replace(posterior, mean=_near(posterior.mean, self.displacements[..., axis], furthest))
            for axis, posterior in enumerate(found[best])
        )
        self.axes = (y, x)
        self.displacements = np.stack([y.mean, x.mean], axis=-1)
        return best


def _near(wanted: Floats, present: Floats, furthest: float) -> Floats:
    near: Floats = present + np.clip(wanted - present, -furthest, furthest)
    return near
