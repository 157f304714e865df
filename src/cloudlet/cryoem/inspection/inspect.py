"""Which kind of file it is, found by what it holds, and the inspection that fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cloudlet.cryoem.errors import FileUnreadable
from cloudlet.cryoem.formats.raw_file import NotARegularFile, opened, size_of
from cloudlet.cryoem.formats.tiff_chain import is_tiff
from cloudlet.cryoem.inspection.mrc import inspect_mrc
from cloudlet.cryoem.inspection.report import Report
from cloudlet.cryoem.inspection.star import inspect_star
from cloudlet.cryoem.inspection.texts import inspect_defects, inspect_epu, inspect_mdoc
from cloudlet.cryoem.inspection.tiff import inspect_tiff
from cloudlet.cryoem.names import Format, suffix_of

__all__ = ["inspected"]

_START = 4096
_COMPRESSED = (b"\x1f\x8b", b"BZh")
_MAP_PLACE = 208

_Inspection = Callable[[Path, BinaryIO], Report]
"""Called with the path of a file and the file itself, wherever that stands."""

_INSPECTIONS: dict[Format, _Inspection] = {
    Format.TIFF: inspect_tiff,
    Format.EER: inspect_tiff,
    Format.MRC: inspect_mrc,
    Format.STAR: inspect_star,
    Format.MDOC: inspect_mdoc,
    Format.EPU_XML: inspect_epu,
    Format.DEFECTS: inspect_defects,
}


def inspected(path: Path) -> Report:
    """Look into a file; a link that is named here is followed.

    Raises
    ------
    FileUnreadable
        It is not there, no regular file, cannot be read, or holds nothing that is known here.
    """
    path = path.resolve()
    try:
        with opened(path) as file:
            return _report(path, file)
    except NotARegularFile as cause:
        raise _unreadable(path, "it is a folder or a device") from cause
    except OSError as cause:
        raise _unreadable(path, cause.strerror or str(cause)) from cause


def _report(path: Path, file: BinaryIO) -> Report:
    start, size, named = file.read(_START), size_of(file), _named(path)
    if size == 0:
        raise _unreadable(path, "it is empty")
    inspect = inspect_tiff if is_tiff(file) else _by_content(path, start) or named
    if inspect is None:
        raise _unreadable(path, "it holds no movie, image, metadata or table that is known here")
    file.seek(0)
    report = inspect(path, file)
    report.facts.insert(0, ("bytes", f"{size:,}"))
    report.depart(inspect is not named, f"It is called {path.name}, which says something else.")
    return report


def _named(path: Path) -> _Inspection | None:
    suffix = suffix_of(path.name)
    return _INSPECTIONS[suffix.format] if suffix else None


def _by_content(path: Path, start: bytes) -> _Inspection | None:
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[_MAP_PLACE : _MAP_PLACE + 3] == b"MAP" or (start.startswith(_COMPRESSED) and ".mrc" in path.name.lower()):
        return inspect_mrc
    if text.startswith(b"<"):
        return inspect_epu
    words = {line.split()[0] for line in text.splitlines() if line.split()}
    if any(word.startswith(b"data_") for word in words):
        return inspect_star
    if b"CameraSizeX" in words:
        return inspect_defects
    if any(text.lstrip().startswith(b"[") or b" = " in line for line in text.splitlines()):
        return inspect_mdoc
    return None


def _unreadable(path: Path, why: str) -> FileUnreadable:
    return FileUnreadable(f"{path.name} cannot be inspected: {why}.", "Name another file, or copy it again.")
