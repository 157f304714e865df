"""Pixels that a camera's makers or keepers know to be bad: a map of them, or SerialEM's text.

The text has a keyword and numbers on each line. Columns and rows count from 0 and from the top left corner of the
frames, as do the x and y of ``BadPixels``; ``PartialBadColumn`` and ``PartialBadRow`` give the first one, how many
there are, and where along them they begin and end; ``UsableArea`` gives the first and last good ones: top, left,
bottom, right. Where the camera is half as large as the frames, these are of super-resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.errors import DefectsUnusable
from cloudlet.cryoem.formats.raw_file import opened, refusing
from cloudlet.cryoem.formats.readers import reader_of
from cloudlet.cryoem.formats.single_image import read_single_image

__all__ = ["parse_defects", "read_defects"]

Mask = NDArray[np.bool_]

_LARGEST_TEXT = 1 << 20
_MOST = 0.1
"""Of all pixels: more are no defects but the wrong file."""
_LARGEST_SIDE = 32_768

_IGNORED = frozenset({"RotationAndFlip", "WasScaled", "K2Type", "FalconType", "NumToAvgSuperRes"})
"""They say how the text came about, or how others fill defects."""


def read_defects(path: Path, shape: tuple[int, int]) -> Mask:
    """Return which pixels of frames of `shape` (rows, columns) are bad, row 0 at the bottom of the picture.

    A file called as an image is a map, where everything but 0 is bad, of the frames' size or half of it; its rows lie
    as those of movies do. Any other file is SerialEM's text.

    Raises
    ------
    DefectsUnusable
        It is not there, cannot be read or understood, belongs to another size, or leaves too little of the camera.
    """
    reader = reader_of(path)
    try:
        with refusing(path, _unusable), opened(path) as file:
            if reader is None:
                raw = file.read(_LARGEST_TEXT + 1)
                if len(raw) > _LARGEST_TEXT:
                    raise ValueError("it is too large for a text")
                mask = parse_defects(raw.decode("utf-8", "replace"))
            else:
                mask = read_single_image(path.name, file, reader, lambda size: _check_size(path, size, shape)) != 0
    except FileNotFoundError as cause:
        raise _unusable(path, f"it is not in {path.parent}") from cause
    return _of_frames(path, mask, shape)


def parse_defects(text: str) -> Mask:
    """Take SerialEM's text apart and return the map of the camera, row 0 at the bottom.

    Raises
    ------
    ValueError
        With the line that makes no sense, or what is missing.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    entries = [(number, words[0], words[1:]) for number, words in lines if words and not words[0].startswith("#")]
    sizes = {word: values for _, word, values in entries if word in {"CameraSizeX", "CameraSizeY"}}
    if len(sizes) < 2:
        raise ValueError("it does not say CameraSizeX and CameraSizeY")
    columns, rows = (_size(sizes[f"CameraSize{axis}"]) for axis in "XY")
    mask = np.zeros((rows, columns), bool)  # from the top, until all are in it
    for number, word, values in entries:
        if word in sizes or word in _IGNORED:
            continue
        if word not in _MARKS:
            raise ValueError(f"line {number} begins with {word[:40]!r}, which is not known")
        try:
            _MARKS[word](mask, [int(value) for value in values])
        except (ValueError, IndexError) as cause:
            raise ValueError(f"line {number} makes no sense after {word}") from cause
    return mask[::-1].copy()


def _size(values: Sequence[str]) -> int:
    size = int(values[0]) if len(values) == 1 and values[0].isdecimal() else 0
    if not 0 < size <= _LARGEST_SIDE:
        raise ValueError("its camera has no size that there is")
    return size


def _mark_columns(mask: Mask, values: Sequence[int]) -> None:
    for column in values:
        mask[:, _within(column, mask.shape[1])] = True


def _mark_rows(mask: Mask, values: Sequence[int]) -> None:
    _mark_columns(mask.T, values)


def _mark_pixels(mask: Mask, values: Sequence[int]) -> None:
    for x, y in zip(values[::2], values[1::2], strict=True):
        mask[_within(y, mask.shape[0]), _within(x, mask.shape[1])] = True


def _mark_part(mask: Mask, values: Sequence[int]) -> None:
    """Mark columns from the first, so many, between two rows."""
    first, count, begin, end = values
    last = first + count - 1
    if count < 1 or begin > end:
        raise ValueError("it ends before it begins")
    rows, columns = mask.shape
    mask[_within(begin, rows) : _within(end, rows) + 1, _within(first, columns) : _within(last, columns) + 1] = True


def _mark_part_of_rows(mask: Mask, values: Sequence[int]) -> None:
    _mark_part(mask.T, values)


def _mark_outside(mask: Mask, values: Sequence[int]) -> None:
    top, left, bottom, right = values
    rows, columns = mask.shape
    if not any(values):
        return  # nobody has said
    inside = np.zeros_like(mask)
    last_row, last_column = _within(bottom or rows - 1, rows), _within(right or columns - 1, columns)
    inside[_within(top, rows) : last_row + 1, _within(left, columns) : last_column + 1] = True
    mask |= ~inside


_MARKS: dict[str, Callable[[Mask, Sequence[int]], None]] = {
    "BadColumns": _mark_columns,
    "BadRows": _mark_rows,
    "BadPixels": _mark_pixels,
    "PartialBadColumn": _mark_part,
    "PartialBadRow": _mark_part_of_rows,
    "UsableArea": _mark_outside,
}


def _within(place: int, size: int) -> int:
    if not 0 <= place < size:
        raise IndexError("it lies outside of the camera")
    return place


def _of_frames(path: Path, mask: Mask, shape: tuple[int, int]) -> Mask:
    _check_size(path, (mask.shape[0], mask.shape[1]), shape)
    if mask.shape != shape:
        mask = np.repeat(np.repeat(mask, 2, axis=0), 2, axis=1)
    if mask.mean() > _MOST:
        raise _unusable(path, f"it calls {100 * mask.mean():.0f} % of the camera bad")
    return mask


def _check_size(path: Path, size: tuple[int, int], shape: tuple[int, int]) -> None:
    """Refuse a map that is neither of the frames' pixels nor of a camera whose pixels they halve."""
    if shape not in {size, (2 * size[0], 2 * size[1])}:
        raise _unusable(path, f"it is for {size[1]} × {size[0]} pixels, the frames are {shape[1]} × {shape[0]}")


def _unusable(path: Path, why: str) -> DefectsUnusable:
    return DefectsUnusable(
        f"The defects {path.name} cannot be used: {why}.",
        "Copy the file again from the camera, or name another: defects in the settings.",
    )
