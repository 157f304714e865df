"""From sums in real space to a weighted image: transforms, radial filters, the way back."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import HalfPlane, RadialTable
from cloudlet.cryoem.numerics.interpolation import deblurring
from cloudlet.cryoem.numerics.padding import cropped, cropped_size, leading_over, low_pass_image, padded_size
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["CpuHalfPlane", "CpuSums"]

_FAST = {"reassoc", "contract", "nsz", "arcp"}

_ROWS = 64
"""Rows of an image that are transformed at a time, so that what is cropped from them never leaves the cache."""


class CpuSums:
    """Sums of displaced frames, padded; implements `cloudlet.cryoem.numerics.device.Sums`."""

    def __init__(self, padded: NDArray[np.float32], shape: tuple[int, int], threads: Threads) -> None:
        self._padded, self._shape, self._threads = padded, shape, threads

    def image(self, number: int) -> NDArray[np.float32]:
        """Return one of the sums, shape (rows, columns); a view."""
        return self._padded[number, : self._shape[0], : self._shape[1]]

    def combined(self, filters: Sequence[RadialTable], shape: tuple[int, int]) -> list[HalfPlane]:
        """Return the filtered sums of the sums; one transform is held at a time beside the results."""
        rows, columns = self._padded.shape[1], self._padded.shape[2]
        size = cropped_size((rows, columns), self._shape, shape)
        room = np.empty((rows, size[1] // 2 + 1), np.complex64)
        results = [np.zeros((size[0], size[1] // 2 + 1), np.complex64) for _ in filters]
        for number, padded in enumerate(self._padded):
            wanted = [each for each, table in enumerate(filters) if np.any(table.values[number])]
            if not wanted:
                continue
            _fill_margins(padded, self._shape)
            transform = _transform(padded, room, self._threads)
            for each in wanted:
                self._add(transform, filters[each].values[number], filters[each].step, results[each])
        return [CpuHalfPlane(result, size, shape, self._threads) for result in results]

    def _add(
        self,
        transform: NDArray[np.complex64],
        curve: NDArray[np.float32],
        step: float,
        result: NDArray[np.complex64],
    ) -> None:
        rows, columns = self._padded.shape[1:]
        steps = 1 / step / rows, 1 / step / columns
        blur = deblurring(rows), deblurring(columns)

        def add_rows(first: int, last: int) -> None:
            _add_filtered(transform, curve, steps, blur, result, first, last)

        self._threads.slices(add_rows, len(result))


class CpuHalfPlane:
    """The transform of a padded image; implements `cloudlet.cryoem.numerics.device.HalfPlane`."""

    def __init__(
        self,
        transform: NDArray[np.complex64],
        padded: tuple[int, int],
        shape: tuple[int, int],
        threads: Threads,
    ) -> None:
        self._transform, self._padded, self._shape, self._threads = transform, padded, shape, threads

    @classmethod
    def of(cls, image: NDArray[np.float32], threads: Threads) -> CpuHalfPlane:
        """Return the transform of an image that came from elsewhere."""
        padded = np.empty((padded_size(image.shape[0]), padded_size(image.shape[1])), np.float32)
        padded[: image.shape[0], : image.shape[1]] = image
        shape = (image.shape[0], image.shape[1])
        _fill_margins(padded, shape)
        return cls(scipy.fft.rfft2(padded, workers=threads.count), (padded.shape[0], padded.shape[1]), shape, threads)

    def on_host(self, threads: Threads) -> CpuHalfPlane:
        """Return itself."""
        return self

    def image(self, rows: int, columns: int, low_pass: RadialTable | None = None) -> NDArray[np.float32]:
        """Return the image of so many rows and columns, at most those it has."""
        size = cropped_size(self._padded, self._shape, (rows, columns))
        transform = self._transform if size == self._padded else cropped(self._transform, size)
        if low_pass is not None:
            transform = transform * low_pass_image(low_pass, size, self._padded)
        image = scipy.fft.irfft2(transform, s=size, workers=self._threads.count)
        result: NDArray[np.float32] = image[:rows, :columns]
        return np.ascontiguousarray(result)


def _transform(image: NDArray[np.float32], room: NDArray[np.complex64], threads: Threads) -> NDArray[np.complex64]:
    """Return as many columns of ``rfft2`` of an image as there is room for; the others are not transformed."""

    def transform_rows(first: int, last: int) -> None:
        for start in range(first, last, _ROWS):
            lines = slice(start, min(start + _ROWS, last))
            room[lines] = scipy.fft.rfft(image[lines], axis=1)[:, : room.shape[1]]

    threads.slices(transform_rows, len(image))
    transform: NDArray[np.complex64] = scipy.fft.fft(room, axis=0, workers=threads.count, overwrite_x=True)
    return transform


def _fill_margins(padded: NDArray[np.float32], shape: tuple[int, int]) -> None:
    """Lead each edge over to the opposite one, so that padding adds no edge of its own."""
    rows, columns = shape
    extra = padded.shape[1] - columns
    if extra:
        part = leading_over(extra)
        padded[:rows, columns:] = padded[:rows, columns - 1 : columns] * (1 - part) + padded[:rows, :1] * part
    extra = padded.shape[0] - rows
    if extra:
        part = leading_over(extra)[:, None]
        padded[rows:] = padded[rows - 1 : rows] * (1 - part) + padded[:1] * part


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _add_filtered(transform, curve, steps, blur, result, first, last):  # type: ignore[no-untyped-def]
    """Add a transform times a radial curve to rows `first`...`last` of the result, which may be of fewer rows.

    From one coefficient to the next, down and across, the curve goes on by so many `steps`; `blur` is of all
    frequencies, also those that were cropped.
    """
    blur_y, blur_x = blur
    rows, half = result.shape
    last_entry = curve.shape[0] - 2
    for row in range(first, last):
        frequency = row if row < (rows + 1) // 2 else row - rows
        fy = frequency * steps[0]
        squared = np.float32(fy * fy)
        step = np.float32(steps[1])
        height = blur_y[frequency]
        source, target = transform[frequency % transform.shape[0]], result[row]
        for x in range(half):
            along = step * np.float32(x)
            place = np.sqrt(squared + along * along)
            entry = min(np.int32(place), last_entry)
            part = min(place - np.float32(entry), np.float32(1))
            value = (curve[entry] + part * (curve[entry + 1] - curve[entry])) * (height * blur_x[x])
            target[x] += source[x] * value
