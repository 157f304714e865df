"""Kernels over transforms in planar form: moving frames back by a phase, summing them, and the slope of the power.

A shift is a phase that factors into one of the row and one of the column, ``exp(2 pi i fy sy) exp(2 pi i fx sx)``:
both are handed in as tables, so that nothing trigonometric stands in a loop. Readable counterparts are in
`cloudlet.cryoem.numerics.reference`.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = ["add_slopes", "crop_transform", "fade", "ring_powers", "sum_moved"]

_FAST = {"reassoc", "contract", "nsz", "arcp"}


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def fade(image, window_y, window_x, faded):  # type: ignore[no-untyped-def]
    """Write an image (rows, columns) less its mean, times both windows, into `faded`."""
    rows, columns = image.shape
    total = 0.0
    for row in range(rows):
        part = np.float32(0)
        line = image[row]
        for x in range(columns):
            part += line[x]
        total += part
    mean = np.float32(total / (rows * columns))
    for row in range(rows):
        line, result, height = image[row], faded[row], window_y[row]
        for x in range(columns):
            result[x] = (line[x] - mean) * (height * window_x[x])


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def crop_transform(transform, entry, amplitude, real, imaginary):  # type: ignore[no-untyped-def]
    """Copy the low frequencies of one ``rfft2`` into planar arrays, times an amplitude looked up by its entry.

    Entries are (rows, columns) as the planar arrays; they index the amplitudes (entries,).
    """
    rows, columns = real.shape
    upper = rows - rows // 2
    skipped = transform.shape[0] - rows
    for row in range(rows):
        source = transform[row if row < upper else row + skipped]
        places, u, v = entry[row], real[row], imaginary[row]
        for x in range(columns):
            scale = amplitude[places[x]]
            u[x] = source[x].real * scale
            v[x] = source[x].imag * scale


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def sum_moved(real, imaginary, phase_y, phase_x, sum_real, sum_imaginary, first, last):  # type: ignore[no-untyped-def]
    """Sum rows `first`...`last` of the frames of one window, each moved back by its phases.

    Transforms are (frames, rows, columns), phases (2, frames, rows or columns) with real and imaginary parts.
    """
    frames, _, columns = real.shape
    for row in range(first, last):
        u, v = sum_real[row], sum_imaginary[row]
        for x in range(columns):
            u[x] = 0
            v[x] = 0
        for frame in range(frames):
            a, b = real[frame, row], imaginary[frame, row]
            c, s = phase_x[0, frame], phase_x[1, frame]
            p, q = phase_y[0, frame, row], phase_y[1, frame, row]
            for x in range(columns):
                cosine, sine = c[x] * p - s[x] * q, s[x] * p + c[x] * q
                u[x] += a[x] * cosine - b[x] * sine
                v[x] += a[x] * sine + b[x] * cosine


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def add_slopes(  # type: ignore[no-untyped-def]
    real, imaginary, phase_y, phase_x, sum_real, sum_imaginary, weight, frequency_y, frequency_x, slopes, first, last
):
    """Add to slopes (frames, 2) what rows `first`...`last` contribute to ``d sum(weight |R|^2) / d shift``.

    With ``R`` the sum and ``G`` a moved frame that is ``-4 pi sum(weight f Im(conj(R) G))``; the frame's own part of
    ``R`` gives nothing.
    """
    frames, _, columns = real.shape
    height = last - first
    u = np.empty((height, columns), np.float32)
    v = np.empty((height, columns), np.float32)
    for row in range(height):
        for x in range(columns):
            u[row, x] = weight[first + row, x] * sum_real[first + row, x]
            v[row, x] = weight[first + row, x] * sum_imaginary[first + row, x]
    plain = np.empty((2, columns), np.float32)
    rising = np.empty((2, columns), np.float32)
    for frame in range(frames):
        for x in range(columns):
            plain[0, x] = plain[1, x] = rising[0, x] = rising[1, x] = 0
        for row in range(height):
            a, b = real[frame, first + row], imaginary[frame, first + row]
            p, q = phase_y[0, frame, first + row], phase_y[1, frame, first + row]
            f = frequency_y[first + row]
            r, i = u[row], v[row]
            for x in range(columns):
                # conj(R) F times the row's phase; the column's phase follows once for all rows
                re, im = r[x] * a[x] + i[x] * b[x], r[x] * b[x] - i[x] * a[x]
                turned_re, turned_im = re * p - im * q, re * q + im * p
                plain[0, x] += turned_re
                plain[1, x] += turned_im
                rising[0, x] += f * turned_re
                rising[1, x] += f * turned_im
        slope_y = np.float32(0)
        slope_x = np.float32(0)
        for x in range(columns):
            c, s = phase_x[0, frame, x], phase_x[1, frame, x]
            slope_y += rising[0, x] * s + rising[1, x] * c
            slope_x += frequency_x[x] * (plain[0, x] * s + plain[1, x] * c)
        slopes[frame, 0] -= 4 * np.pi * slope_y
        slopes[frame, 1] -= 4 * np.pi * slope_x


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def ring_powers(real, imaginary, number, share, powers):  # type: ignore[no-untyped-def]
    """Add ``share sum over frames |F|^2`` of transforms (frames, rows, columns) to the ring of each coefficient."""
    frames, rows, columns = real.shape
    line = np.empty(columns, np.float32)
    for row in range(rows):
        for x in range(columns):
            line[x] = 0
        for frame in range(frames):
            u, v = real[frame, row], imaginary[frame, row]
            for x in range(columns):
                line[x] += u[x] * u[x] + v[x] * v[x]
        for x in range(columns):
            powers[number[row, x]] += share[row, x] * line[x]
