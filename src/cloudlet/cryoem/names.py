"""What a file in the raw folder is, told from its name alone."""

from __future__ import annotations

import re
from pathlib import PurePath

__all__ = ["is_movie_name"]

_SUFFIXES = frozenset({".tif", ".tiff", ".mrc", ".mrcs"})

_REFERENCE = re.compile(r"gain|defect|^dark|ref(erence)?[_.\-]", re.IGNORECASE)
"""SerialEM's CountRef_... and SuperRef_..., others' gain references, defect maps and dark images."""


def is_movie_name(name: str) -> bool:
    """Tell whether a file may be a movie: its suffix fits, it is not hidden, and it is not called a reference."""
    path = PurePath(name)
    return path.suffix.lower() in _SUFFIXES and not name.startswith(".") and not _REFERENCE.search(path.name)
