"""The kernel of the CTF fit: how well modelled rings match measured ones, and how that changes."""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["match_rings"]

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_TURN = 0.15915494309189535


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def match_rings(rings, weight, k2, cosine, sine, focus, aberration, offset, mean, along, across):  # type: ignore[no-untyped-def]
    """Return the weighted sums that score and gradient are made of, over points at squared frequencies k2.

    With ``phase = 2 chi`` of the defocus ``mean + along cosine + across sine``, the model is ``m = -cos(phase)`` and
    its slope ``d = sin(phase) d phase / d defocus``. The sums are of ``rings m``, ``m m``, and of ``d rings`` and
    ``d m`` times 1, cosine and sine: eight numbers.
    """
    s0, s1, s2, s3, s4, s5, s6, s7 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(rings.shape[0]):
        k = k2[i]
        c, s = cosine[i], sine[i]
        turns = 2 * _TURN * (k * (focus * (mean + along * c + across * s) + aberration * k) + offset)
        # sine and cosine by their series over half a turn to either side: both end below 2e-5
        x = (turns - np.rint(turns)) * 6.283185307179586
        q = x * x
        cos = 1 / 40320 + q * (-1 / 3628800 + q * (1 / 479001600 - q / 87178291200))
        cos = 1 + q * (-1 / 2 + q * (1 / 24 + q * (-1 / 720 + q * cos)))
        sin = 1 / 362880 + q * (-1 / 39916800 + q / 6227020800)
        sin = x * (1 + q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * sin))))
        w = weight[i]
        slope = w * sin * 2 * focus * k
        a, b = slope * rings[i], -slope * cos
        s0 -= w * rings[i] * cos
        s1 += w * cos * cos
        s2 += a
        s3 += a * c
        s4 += a * s
        s5 += b
        s6 += b * c
        s7 += b * s
    return s0, s1, s2, s3, s4, s5, s6, s7
