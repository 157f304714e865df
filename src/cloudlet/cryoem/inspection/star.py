"""STAR files: blocks and tables, and what RELION would stumble over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

from gemmi import cif

from cloudlet.cryoem.inspection.report import Report

__all__ = ["inspect_star"]

_LARGEST = 512 << 20
_MOST_TOLD = 20

_NEEDED = {
    "optics": ("rlnOpticsGroup", "rlnOpticsGroupName"),
    "micrographs": ("rlnMicrographName", "rlnOpticsGroup"),
    "movies": ("rlnMicrographMovieName", "rlnOpticsGroup"),
    "particles": ("rlnImageName", "rlnOpticsGroup"),
    "general": ("rlnImageSizeX", "rlnImageSizeY", "rlnImageSizeZ", "rlnMicrographMovieName"),
    "global_shift": ("rlnMicrographFrameNumber", "rlnMicrographShiftX", "rlnMicrographShiftY"),
    "local_motion_model": ("rlnMotionModelCoeffsIdx", "rlnMotionModelCoeff"),
    "hot_pixels": ("rlnCoordinateX", "rlnCoordinateY"),
}
"""Columns that RELION 3.1 asks for in blocks of these names."""

_COEFFICIENTS = 36


def inspect_star(path: Path, file: BinaryIO) -> Report:
    """Tell blocks and tables."""
    report = Report("STAR file")
    raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        report.problem = "It is too large to be looked into."
        return report
    try:
        document = cif.read_string(raw)
    except (ValueError, RuntimeError) as cause:
        report.problem = f"It is not STAR: {cause}."
        return report
    report.add("blocks", len(document))
    for block in list(document)[:_MOST_TOLD]:
        _add_block(report, block)
    is_ended = raw.rstrip(b" \t").endswith(b"\n\n") or not _ends_in_table(document)
    report.depart(not is_ended, "No blank line follows its last table: RELION 3.1 takes that table for empty.")
    return report


def _add_block(report: Report, block: cif.Block) -> None:
    loops = [item.loop for item in block if item.loop is not None]
    keys = [cast("Sequence[str]", item.pair)[0] for item in block if item.pair is not None]
    words = [f"{len(keys)} values"] if keys else []
    words += [f"{loop.length()} rows of {loop.width()} columns" for loop in loops]
    report.add(f"data_{block.name}", words or "nothing")
    present = {tag.lstrip("_") for loop in loops for tag in loop.tags} | {key.lstrip("_") for key in keys}
    for name in _NEEDED.get(block.name, ()):
        report.depart(name not in present, f"data_{block.name} has no {name}.")
    for loop in loops:
        report.depart(loop.length() == 0, f"A table of data_{block.name} is empty.")
        report.depart(len(set(loop.tags)) < len(loop.tags), f"A table of data_{block.name} has a column twice.")
        if block.name == "local_motion_model":
            count = loop.length()
            report.depart(
                count != _COEFFICIENTS, f"The local motion model has {count} coefficients, not {_COEFFICIENTS}."
            )


def _ends_in_table(document: cif.Document) -> bool:
    if not len(document):
        return False
    items = list(document[len(document) - 1])
    return bool(items) and items[-1].loop is not None
