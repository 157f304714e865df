"""Decoders with every access checked: compiled with numba's own bounds checks, words byte by byte; and hard buffers."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["checked", "guarded", "load_checked", "store_checked"]

_PROT_NONE = 0  # sys/mman.h


def guarded(size: int) -> NDArray[np.uint8]:
    """Return an array of so many bytes, all 0, whose end is the end of memory: one byte beyond it ends the process."""
    page = mmap.PAGESIZE
    whole = -(-max(size, 1) // page) * page
    area = mmap.mmap(-1, whole + page)
    bytes_ = np.frombuffer(area, np.uint8)  # keeps the area until nobody holds the array
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mprotect(ctypes.c_void_p(bytes_.ctypes.data + whole), ctypes.c_size_t(page), _PROT_NONE) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")
    return bytes_[whole - size : whole]


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
