"""What a file is, by its name alone: one table of suffixes for all who ask."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

__all__ = ["MOVIE_SUFFIXES", "SUFFIXES", "Format", "Suffix", "Use", "is_movie_name", "movie_stem", "suffix_of"]


class Format(enum.Enum):
    """How the bytes of a file are laid out."""

    TIFF = "TIFF"
    MRC = "MRC"
    EER = "EER"
    STAR = "STAR"
    MDOC = "mdoc"
    EPU_XML = "EPU's XML"
    DEFECTS = "SerialEM's list of defects"


class Use(enum.Enum):
    """What a file of such a name is read for."""

    FRAMES = "movies, and single images beside them: gain references, maps of defects"
    EER_GAIN = "gain references of EER movies, which hold what counts are divided by"
    METADATA = "what describes movies, and is found beside them by their names or by other files"
    INSPECTION = "nothing but ``cloudlet inspect``"


@dataclass(frozen=True)
class Suffix:
    """What a suffix says of a file."""

    format: Format
    use: Use


SUFFIXES: Mapping[str, Suffix] = {
    ".tif": Suffix(Format.TIFF, Use.FRAMES),
    ".tiff": Suffix(Format.TIFF, Use.FRAMES),
    ".mrc": Suffix(Format.MRC, Use.FRAMES),
    ".mrcs": Suffix(Format.MRC, Use.FRAMES),
    ".mrc.gz": Suffix(Format.MRC, Use.FRAMES),
    ".mrc.bz2": Suffix(Format.MRC, Use.FRAMES),
    ".mrcs.gz": Suffix(Format.MRC, Use.FRAMES),
    ".mrcs.bz2": Suffix(Format.MRC, Use.FRAMES),
    ".eer": Suffix(Format.EER, Use.FRAMES),
    ".gain": Suffix(Format.TIFF, Use.EER_GAIN),
    ".map": Suffix(Format.MRC, Use.INSPECTION),
    ".st": Suffix(Format.MRC, Use.INSPECTION),
    ".gz": Suffix(Format.MRC, Use.INSPECTION),
    ".bz2": Suffix(Format.MRC, Use.INSPECTION),
    ".star": Suffix(Format.STAR, Use.INSPECTION),
    ".mdoc": Suffix(Format.MDOC, Use.METADATA),
    ".idoc": Suffix(Format.MDOC, Use.INSPECTION),
    ".xml": Suffix(Format.EPU_XML, Use.METADATA),
    ".txt": Suffix(Format.DEFECTS, Use.METADATA),
}
"""In lower case; where several fit a name, the longest counts."""

MOVIE_SUFFIXES = ".tif, .tiff, .mrc, .mrcs (also .gz and .bz2 of these two) or .eer"
"""What movies are called, as a sentence lists it."""

_SUFFIX = re.compile(rf"({'|'.join(map(re.escape, sorted(SUFFIXES, key=len, reverse=True)))})\Z", re.IGNORECASE)

_REFERENCE = re.compile(r"gain|defect|^dark|ref(erence)?[_.\-]", re.IGNORECASE)
"""SerialEM's CountRef_... and SuperRef_..., others' gain references, defect maps and dark images."""


def suffix_of(name: str) -> Suffix | None:
    """Return what the suffix of a file's name says, None where it is not known."""
    found = _SUFFIX.search(name)
    return SUFFIXES[found[1].lower()] if found else None


def is_movie_name(name: str) -> bool:
    """Return whether a file may be a movie: its suffix fits, it is not hidden, and it is not called a reference."""
    name = PurePath(name).name
    return _holds_frames(name) and not name.startswith(".") and not _REFERENCE.search(name)


def movie_stem(name: str) -> str:
    """Return a movie's name without its suffix: ``a`` for ``a.tif`` and for ``a.mrc.bz2``."""
    base = PurePath(name).name
    return _SUFFIX.sub("", base) if _holds_frames(base) else PurePath(base).stem


def _holds_frames(name: str) -> bool:
    suffix = suffix_of(name)
    return suffix is not None and suffix.use is Use.FRAMES
