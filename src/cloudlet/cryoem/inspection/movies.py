"""What is told of every movie and image, whatever its format: its frames, its counts, and what is understood of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cloudlet.cryoem.formats.movie import look_at_movie
from cloudlet.cryoem.formats.outline import AS_STORED, MovieOutline
from cloudlet.cryoem.formats.raw_file import opened
from cloudlet.cryoem.formats.readers import Reader, reader_of
from cloudlet.cryoem.inspection.report import Report
from cloudlet.cryoem.metadata import told_of
from cloudlet.errors import CloudletError

__all__ = ["add_frames"]

_LARGEST_FRAME = 1 << 30
"""Bytes of a frame that is still decoded to be looked at."""


def add_frames(report: Report, path: Path, named: str) -> None:
    """Add frames, counts of the first one and metadata.

    Parameters
    ----------
    report
        What is added to.
    path
        The file.
    named
        A name that its content would have, for the reader to be found by.
    """
    reader = reader_of(Path(named))
    if reader is None:
        raise ValueError(f"no reader goes by {named}")
    try:
        with opened(path) as file:
            outline = reader.look(path.name, file, AS_STORED)
        report.add("size", f"{outline.columns} × {outline.rows} pixels of {outline.dtype}")
        report.add("raw frames" if outline.raw_frames is not None else "frames", outline.frames)
        report.depart(outline.is_cut, f"It ends in the middle of frame {outline.frames + 1}.")
        if outline.frames and outline.rows * outline.columns * outline.dtype.itemsize <= _LARGEST_FRAME:
            _add_counts(report, path, reader, outline)
        if reader_of(path) is reader and outline.frames > 1:
            _add_metadata(report, path)
    except CloudletError as cause:
        report.problem = f"{cause.message} {cause.remedy}"


def _add_counts(report: Report, path: Path, reader: Reader, outline: MovieOutline) -> None:
    image = np.empty((outline.rows, outline.columns), outline.dtype)
    with opened(path) as file:
        reader.decoder(path.name, file, AS_STORED)(0, image)
    finite = np.isfinite(image)
    values = image[finite]
    report.depart(not finite.all(), f"{np.count_nonzero(~finite)} pixels of the first frame are no numbers.")
    if not values.size:
        return
    report.add("first frame", f"{values.min():g} to {values.max():g}, {values.mean(dtype=np.float64):.4g} in the mean")
    report.depart(values.min() == values.max(), "All pixels of the first frame are the same.")
    if outline.frames == 1:
        report.add("pixels of 0", np.count_nonzero(values == 0))


def _add_metadata(report: Report, path: Path) -> None:
    """Add what each source says, the most trusted first."""
    for told in told_of(path, look_at_movie(path)):
        said = {
            "pixel size": told.pixel_size_angstrom and f"{told.pixel_size_angstrom:g} Å",
            "voltage": told.voltage_kv and f"{told.voltage_kv:g} kV",
            "dose": told.doses and f"{sum(told.doses):.4g} e/Å²",
            "target defocus": told.target_defocus_um and f"{told.target_defocus_um:g} µm",
            "gain reference": told.gain_name,
            "defects": told.defects_name,
        }
        words = ", ".join(f"{name} {value}" for name, value in said.items() if value)
        report.add(f"by {told.source}", words or "nothing that is used")
