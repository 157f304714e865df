"""What is reported of every movie and image, whatever its format: frames, counts, and what is understood of it."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.formats.movie import MovieFile
from cloudlet.cryoem.formats.outline import AS_STORED
from cloudlet.cryoem.formats.readers import FrameFile, Reader, reader_of
from cloudlet.cryoem.inspection.report import Report
from cloudlet.cryoem.metadata import metadata_sources
from cloudlet.errors import CloudletError

__all__ = ["add_frames"]

_LARGEST_FRAME = 1 << 30
"""Bytes of a frame that is still decoded to be looked at."""


def add_frames(report: Report, path: Path, file: BinaryIO, contents: FrameFile, reader: Reader) -> None:
    """Add frames, counts of the first one and metadata.

    Parameters
    ----------
    report
        What is added to.
    path, file
        The file.
    contents
        The same as its content has it read, whatever it is called.
    reader
        Of that format.
    """
    try:
        movie = MovieFile(path, file, contents)
        outline = movie.outline
        report.add("size", f"{outline.columns} × {outline.rows} pixels of {outline.dtype}")
        report.add("raw frames" if outline.raw_frames is not None else "frames", outline.frames)
        report.depart(outline.is_cut, f"It ends in the middle of frame {outline.frames + 1}.")
        if outline.frames and outline.rows * outline.columns * outline.dtype.itemsize <= _LARGEST_FRAME:
            image = np.empty((outline.rows, outline.columns), outline.dtype)
            contents.decoder(AS_STORED)(0, image)
            _add_counts(report, image, outline.frames)
        if reader_of(path) is reader and outline.frames > 1:
            _add_metadata(report, movie)
    except CloudletError as cause:
        report.problem = f"{cause.message} {cause.remedy}"


def _add_counts(report: Report, image: NDArray[np.generic], frames: int) -> None:
    finite = np.isfinite(image)
    values = image[finite]
    report.depart(not finite.all(), f"{np.count_nonzero(~finite)} pixels of the first frame are no numbers.")
    if not values.size:
        return
    report.add("first frame", f"{values.min():g} to {values.max():g}, {values.mean(dtype=np.float64):.4g} in the mean")
    report.depart(values.min() == values.max(), "All pixels of the first frame are the same.")
    if frames == 1:
        report.add("pixels of 0", np.count_nonzero(values == 0))


def _add_metadata(report: Report, movie: MovieFile) -> None:
    """Add what each source says, the most trusted first."""
    for source in metadata_sources(movie):
        said = {
            "pixel size": source.pixel_size_angstrom and f"{source.pixel_size_angstrom:g} Å",
            "voltage": source.voltage_kv and f"{source.voltage_kv:g} kV",
            "dose": source.doses and f"{sum(source.doses):.4g} e/Å²",
            "target defocus": source.target_defocus_um and f"{source.target_defocus_um:g} µm",
            "gain reference": source.gain_name,
            "defects": source.defects_name,
        }
        words = ", ".join(f"{name} {value}" for name, value in said.items() if value)
        report.add(f"by {source.source}", words or "nothing that is used")
