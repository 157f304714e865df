"""Sizes that transform fast, and what images are filled up with to reach them."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import RadialTable

__all__ = ["cropped", "cropped_size", "fast_shape", "leading_over", "low_pass_image", "padded_size"]

_MULTIPLE = 8
"""Padded sizes can be halved three times: super-resolution is cropped to a whole number of pixels."""


def fast_shape(shape: tuple[int, int]) -> tuple[int, int]:
    """Return the next sizes that transform fast."""
    return scipy.fft.next_fast_len(shape[0], True), scipy.fft.next_fast_len(shape[1], True)


def padded_size(size: int) -> int:
    """Return the next size that transforms fast and can be halved."""
    padded = size
    while padded % _MULTIPLE or scipy.fft.next_fast_len(padded, True) != padded:
        padded = scipy.fft.next_fast_len(padded + 1, True)
    return padded


def leading_over(extra: int) -> NDArray[np.float32]:
    """Return the shares of the opposite edge in a margin of `extra` pixels, so that padding adds no edge of its own."""
    return ((np.arange(extra) + 1) / (extra + 1)).astype(np.float32)


def cropped_size(padded: tuple[int, int], shape: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """Return the size that a padded transform is cropped to, where an image of `shape` is to have a `wanted` one."""
    rows, columns = (max(2, round(p * w / s)) for p, s, w in zip(padded, shape, wanted, strict=True))
    return rows, columns


def low_pass_image(table: RadialTable, size: tuple[int, int], padded: tuple[int, int]) -> NDArray[np.float32]:
    """Return the table's first function for each coefficient of ``rfft2`` of a `padded` image, cropped to `size`."""
    y, x = np.fft.fftfreq(size[0], 1 / size[0]) / padded[0], np.arange(size[1] // 2 + 1) / padded[1]
    entry, curve = np.hypot(y[:, None], x[None, :]) / table.step, table.values[0]
    image: NDArray[np.float32] = np.interp(entry, np.arange(len(curve)), curve).astype(np.float32)
    return image


def cropped(transforms: NDArray[np.complex64], size: tuple[int, int]) -> NDArray[np.complex64]:
    """Return the low frequencies of ``rfft2`` of images, those of ``rfft2`` of images of a smaller `size`.

    Parameters
    ----------
    transforms
        Shape (..., rows, columns // 2 + 1).
    size
        (rows, columns).
    """
    rows, columns = size[0], size[1] // 2 + 1
    upper = transforms[..., : (rows + 1) // 2, :columns]
    lower = transforms[..., transforms.shape[-2] - rows // 2 :, :columns]
    return np.concatenate([upper, lower], axis=-2)
