"""SerialEM's metadata: ``NAME.tif.mdoc`` beside each movie.

Lines are ``Key = value``, sections begin with ``[Kind = index]``. What is used here, and how far it can be trusted:

- 0 often means unknown, for doses above all: it is read as not given;
- ``PixelSpacing`` is that of the view on the operator's screen. It is that of the frames where ``Binning`` is 1, or
  0.5 as super-resolution modes have it, and where ``UncroppedSize``, if there with a binning of 1, is the size of the
  frames. Anything else (a view binned by 8 with frames in full) leaves the pixel size unknown;
- ``FrameDosesAndNumber`` holds pairs of dose per frame and number of frames;
- ``TargetDefocus`` is negative for underfocus, in micrometres.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import BinaryIO

from cloudlet.cryoem.errors import MetadataUnreadable
from cloudlet.cryoem.formats.raw_file import NotARegularFile, opened

__all__ = [
    "Mdoc",
    "MdocSection",
    "MovieMetadata",
    "mdoc_path",
    "mdoc_text",
    "movie_metadata",
    "parse_mdoc",
    "read_mdoc",
]

_LARGEST_BYTES = 4 << 20
"""A tilt series of a hundred images has 70 kB; larger than this it is no mdoc."""

_LONGEST_LINE = 100_000
"""Characters; ten thousand pairs of dose and number are shorter."""

_SHOWN_CHARACTERS = 60

_MOST_FRAMES = 100_000
_LARGEST_NUMBER = 1e9


@dataclass(frozen=True)
class MdocSection:
    """One section of an mdoc file."""

    kind: str
    """``FrameSet`` for a movie, ``ZValue`` for an image of a series."""
    values: Mapping[str, str]


@dataclass(frozen=True)
class Mdoc:
    """An mdoc file as it stands."""

    header: Mapping[str, str]
    sections: tuple[MdocSection, ...]


@dataclass(frozen=True)
class MovieMetadata:
    """What an mdoc file says of one movie; None where it does not say."""

    voltage_kv: float | None = None
    target_defocus_um: float | None = None
    """Underfocus is positive here."""
    frame_doses: tuple[float, ...] | None = None
    """Electrons per square angstrom of each frame."""
    frames: int | None = None
    gain_name: str | None = None
    """Base name of the gain reference."""
    defects_name: str | None = None
    """Base name of the camera's defects."""
    view_pixel_size_angstrom: float | None = None
    view_binning: float | None = None
    view_size: tuple[int, int] | None = None
    """Columns and rows that the view would have uncropped."""

    def pixel_size_angstrom(self, rows: int, columns: int) -> float | None:
        """Return the pixel size of frames of this size, None where the view's cannot be theirs."""
        if self.view_binning not in {1.0, 0.5}:
            return None
        if self.view_binning == 1.0 and self.view_size and sorted(self.view_size) != sorted((rows, columns)):
            return None
        return self.view_pixel_size_angstrom


def mdoc_path(movie: Path) -> Path:
    """Return where a movie's mdoc is: ``NAME.tif.mdoc``, or ``NAME.mdoc`` if only that is there."""
    full, short = movie.with_name(movie.name + ".mdoc"), movie.with_suffix(".mdoc")
    return short if os.path.lexists(short) and not os.path.lexists(full) else full


def read_mdoc(path: Path) -> Mdoc:
    """Read an mdoc file.

    Raises
    ------
    FileNotFoundError
        There is none.
    MetadataUnreadable
        It cannot be read, is no regular file, or far too large.
    """
    try:
        with opened(path) as file:
            return parse_mdoc(mdoc_text(path.name, file))
    except FileNotFoundError:
        raise
    except NotARegularFile as cause:
        raise MetadataUnreadable(
            f"{path.name} is a link, a folder or a device, not a file of its own.",
            "Put the file itself beside the movie; links are not followed.",
        ) from cause
    except OSError as cause:
        raise MetadataUnreadable(
            f"{path.name} cannot be read: {cause.strerror}.", "Check its permissions, then retry."
        ) from cause


def mdoc_text(name: str, file: BinaryIO) -> str:
    """Return the text of an open mdoc file.

    Raises
    ------
    MetadataUnreadable
        It is far too large.
    OSError
        It cannot be read.
    """
    raw = file.read(_LARGEST_BYTES + 1)
    if len(raw) > _LARGEST_BYTES:
        raise MetadataUnreadable(f"{name} is too large to be metadata.", "Move it out of the raw folder.")
    return raw.decode("latin-1")


def parse_mdoc(text: str) -> Mdoc:
    """Take the text of an mdoc file apart; lines that are far too long, or neither entry nor section, are left out."""
    header: dict[str, str] = {}
    sections: list[MdocSection] = []
    current = header
    for line in map(str.strip, text.splitlines()):
        key, equals, value = line.partition("=")
        if not equals or not key or len(line) > _LONGEST_LINE:
            continue
        if kind := _section_kind(line):
            current = {}
            sections.append(MdocSection(kind, current))
        elif "[" not in key:
            current[key.strip()] = value.strip()
    return Mdoc(header, tuple(sections))


def _section_kind(line: str) -> str | None:
    """Return ``FrameSet`` of ``[FrameSet = 0]``; None where it is no section, as the titles ``[T = ...]`` are none."""
    if not (line.startswith("[") and line.endswith("]")) or "]" in line[:-1]:
        return None
    kind = line[1:].partition("=")[0].strip()
    is_word = kind.replace("_", "0").isalnum()
    return kind if is_word and kind != "T" else None


def movie_metadata(mdoc: Mdoc, movie_name: str) -> MovieMetadata | None:
    """Return what `mdoc` says of the movie, None where it has no section for it (yet).

    That section is the one whose ``SubFramePath`` ends in the movie's name, or the file's only ``FrameSet``.

    Raises
    ------
    MetadataUnreadable
        A value that should be a number is none.
    """
    section = _section_of(mdoc, movie_name)
    if section is None:
        return None
    values = {**mdoc.header, **section.values}
    doses = _frame_doses(values)
    defocus = _number(values, "TargetDefocus")
    return MovieMetadata(
        voltage_kv=_positive(values, "Voltage"),
        target_defocus_um=None if defocus is None else -defocus,
        frame_doses=doses,
        frames=_count(values) or (len(doses) if doses else None),
        gain_name=_base_name(values.get("GainReference", "")) or None,
        defects_name=_base_name(values.get("DefectFile", "")) or None,
        view_pixel_size_angstrom=_positive(values, "PixelSpacing"),
        view_binning=_positive(values, "Binning"),
        view_size=_view_size(values),
    )


def _section_of(mdoc: Mdoc, movie_name: str) -> MdocSection | None:
    frame_sets = [section for section in mdoc.sections if section.kind == "FrameSet"]
    named = [s for s in mdoc.sections if _base_name(s.values.get("SubFramePath", "")) == movie_name]
    if named:
        return named[0]
    return frame_sets[0] if len(frame_sets) == 1 else None


def _frame_doses(values: Mapping[str, str]) -> tuple[float, ...] | None:
    pairs = _numbers(values, "FrameDosesAndNumber") or []
    counts = pairs[1::2]
    if any(count < 0 for count in counts) or sum(counts) > _MOST_FRAMES:
        return None
    doses = [dose for dose, count in zip(pairs[::2], pairs[1::2], strict=False) for _ in range(int(count))]
    if doses and min(doses) > 0:
        return tuple(doses)
    total, frames = _positive(values, "ExposureDose"), _count(values)
    return (total / frames,) * frames if total and frames and frames <= _MOST_FRAMES else None


def _count(values: Mapping[str, str]) -> int | None:
    count = _positive(values, "NumSubFrames")
    return int(count) if count else None


def _view_size(values: Mapping[str, str]) -> tuple[int, int] | None:
    """``UncroppedSize`` is negative where the image was not cropped by the camera."""
    numbers = _numbers(values, "UncroppedSize")
    return (abs(int(numbers[0])), abs(int(numbers[1]))) if numbers and len(numbers) == 2 else None


def _base_name(path: str) -> str:
    return PureWindowsPath(path.strip()).name  # takes both kinds of slash


def _positive(values: Mapping[str, str], key: str) -> float | None:
    number = _number(values, key)
    return number if number is not None and number > 0 else None


def _number(values: Mapping[str, str], key: str) -> float | None:
    numbers = _numbers(values, key)
    return numbers[0] if numbers else None


def _numbers(values: Mapping[str, str], key: str) -> list[float] | None:
    if key not in values:
        return None
    try:
        numbers = [float(word) for word in values[key].split()]
    except ValueError as cause:
        raise _not_a_number(key, values[key]) from cause
    if not all(math.isfinite(number) and abs(number) < _LARGEST_NUMBER for number in numbers):
        raise _not_a_number(key, values[key])
    return numbers


def _not_a_number(key: str, value: str) -> MetadataUnreadable:
    return MetadataUnreadable(
        f"The metadata says {key} = {value[:_SHOWN_CHARACTERS]!r}, which is no number.",
        "Mend the mdoc file, then retry.",
    )
