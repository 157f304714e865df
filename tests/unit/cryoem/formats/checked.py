"""Decoders with every access checked: compiled with numba's own bounds checks, words byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

__all__ = ["checked", "load_checked", "store_checked"]


def checked(function: Callable[..., Any]) -> Callable[..., int]:
    """Compile so that an index outside of an array raises; negative ones, which would count from the end, too."""
    compiled: Callable[..., int] = numba.njit(boundscheck=True)(function)
    return compiled


@numba.njit(boundscheck=True)
def load_checked(array, place):  # type: ignore[no-untyped-def]
    """Return eight bytes as a little-endian number."""
    if place < 0:
        raise IndexError
    word = np.uint64(0)
    for number in range(8):
        word |= np.uint64(array[place + number]) << np.uint64(8 * number)
    return word


@numba.njit(boundscheck=True)
def store_checked(array, place, word):  # type: ignore[no-untyped-def]
    """Write a number over eight bytes, little-endian."""
    if place < 0:
        raise IndexError
    for number in range(8):
        array[place + number] = (word >> np.uint64(8 * number)) & np.uint64(255)
