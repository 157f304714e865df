"""What a file in the raw folder is, told from its name alone."""

from __future__ import annotations

import re
from pathlib import PurePath

__all__ = ["SUFFIXES_TOLD", "is_movie_name", "movie_stem"]

_SUFFIX = re.compile(r"\.(tiff?|mrcs?(\.(gz|bz2))?|eer)\Z", re.IGNORECASE)

SUFFIXES_TOLD = ".tif, .tiff, .mrc, .mrcs (also .gz and .bz2 of these two) or .eer"
"""The same for a sentence."""

_REFERENCE = re.compile(r"gain|defect|^dark|ref(erence)?[_.\-]", re.IGNORECASE)
"""SerialEM's CountRef_... and SuperRef_..., others' gain references, defect maps and dark images."""


def is_movie_name(name: str) -> bool:
    """Tell whether a file may be a movie: its suffix fits, it is not hidden, and it is not called a reference."""
    name = PurePath(name).name
    return _SUFFIX.search(name) is not None and not name.startswith(".") and not _REFERENCE.search(name)


def movie_stem(name: str) -> str:
    """Return a movie's name without its suffix: ``a`` for ``a.tif`` and for ``a.mrc.bz2``."""
    base = PurePath(name).name
    return _SUFFIX.sub("", base) if _SUFFIX.search(base) else PurePath(base).stem
