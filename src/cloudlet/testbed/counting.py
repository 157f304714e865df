"""Poisson counts from a table, seven times faster than drawing each.

The table holds the inverse distribution of many rates at many uniforms. A pixel's rate falls between two rows and
takes one of them at random in proportion, so that its mean is exact and its variance right within 0.2 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["CountTable", "count_table"]

RATES = 768
UNIFORMS = 4096
"""A power of two: the kernel takes so many bits of a random number."""

LOWEST_TOP = 24.0
HEADROOM = 3.0
"""Contrast and gain rarely take a pixel beyond three times the mean."""

HIGHEST_COUNT = 255


@dataclass(frozen=True, eq=False)
class CountTable:
    """Poisson counts for rates 0, step, 2 step ... and evenly spaced uniforms, clipped at 255 as the camera does."""

    counts: NDArray[np.uint8]
    """Shape (rates, uniforms)."""

    rows_per_count: float
    """Rows of the table per unit of rate."""


def count_table(rate: float) -> CountTable:
    """Return a table with room for the rates around an expected count; tables come in doubling sizes."""
    top = LOWEST_TOP
    while top < HEADROOM * rate:
        top *= 2
    return table_up_to(top)


@cache
def table_up_to(top: float) -> CountTable:
    """Return the table of rates from 0 to `top`."""
    counts = np.arange(math.ceil(top + 12 * math.sqrt(top)) + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    table = np.zeros((RATES, UNIFORMS), np.uint8)
    for row in range(1, RATES):
        rate = top * row / (RATES - 1)
        reached = np.cumsum(np.exp(counts * math.log(rate) - rate - log_factorial))
        until = np.rint(reached * UNIFORMS).astype(np.int64)
        until[-1] = UNIFORMS
        table[row] = np.repeat(counts.clip(0, HIGHEST_COUNT), np.diff(until, prepend=0))
    return CountTable(table, (RATES - 1) / top)
