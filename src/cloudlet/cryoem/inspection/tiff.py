"""TIFF files, and EER files, which are TIFF files of electron events."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import BinaryIO

import tifffile

from cloudlet.cryoem.formats.eer_movie import EVENT_COMPRESSIONS, EerMovie
from cloudlet.cryoem.formats.raw_file import size_of
from cloudlet.cryoem.formats.readers import READERS
from cloudlet.cryoem.formats.tiff_movie import (
    TiffDirectory,
    TiffMovie,
    compression_name,
    end_of_data,
    read_directory,
)
from cloudlet.cryoem.inspection.movies import add_frames
from cloudlet.cryoem.inspection.report import Report
from cloudlet.cryoem.names import Format
from cloudlet.errors import CloudletError

__all__ = ["inspect_tiff"]

_MOST_TOLD = 3


def inspect_tiff(path: Path, file: BinaryIO) -> Report:
    """Tell pages and frames."""
    report = Report("TIFF file")
    try:
        directory = read_directory(path.name, file)
        pages = directory.pages
        _add_pages(report, pages, size_of(file))
        report.depart(not directory.is_whole, "Its chain of pages leads out of the file: it is not all there.")
        is_eer = any(page.compression in EVENT_COMPRESSIONS for page in pages)
        contents = _eer(report, directory) if is_eer else TiffMovie(directory)
    except CloudletError as cause:
        report.problem = f"{cause.message} {cause.remedy}"
        return report
    report.kind = "EER movie" if is_eer else "TIFF image" if len(pages) == 1 else "TIFF stack"
    add_frames(report, path, file, contents, READERS[Format.EER if is_eer else Format.TIFF])
    return report


def _add_pages(report: Report, pages: list[tifffile.TiffPage], size: int) -> None:
    first = pages[0]
    form = first.parent
    report.add(
        "form", f"{'BigTIFF' if form.is_bigtiff else 'TIFF'}, {'big' if form.byteorder == '>' else 'little'}-endian"
    )
    report.add("pages", len(pages))
    kinds = Counter(compression_name(page) for page in pages)
    report.add("compression", [f"{kind} ({count} pages)" if len(kinds) > 1 else kind for kind, count in kinds.items()])
    report.add("strips a page", f"{len(first.dataoffsets)} of {first.rowsperstrip} rows")
    shapes = Counter((page.shape, str(page.dtype)) for page in pages)
    report.depart(len(shapes) > 1, f"Its pages differ: {len(shapes)} sizes or types.")
    beyond = [number for number, page in enumerate(pages, 1) if end_of_data(page) > size]
    for number in beyond[:_MOST_TOLD]:
        report.depart(True, f"Data of page {number} lie beyond the end of the file.")
    report.depart(len(beyond) > _MOST_TOLD, f"So do those of {len(beyond) - _MOST_TOLD} more pages.")
    empty = sum(not count for page in pages for count in page.databytecounts)
    report.depart(empty > 0, f"{empty} of its strips have no bytes.")
    is_paired = all(len(page.dataoffsets) == len(page.databytecounts) for page in pages)
    report.depart(not is_paired, "Places and sizes of its strips differ in number.")
    report.depart(first.photometric not in {0, 1}, f"Its colours are {first.photometric}, not shades of grey.")
    report.depart(int(first.predictor) != 1, "Its values are differences from their neighbours (predictor).")
    if first.description:
        report.add("description", first.description.splitlines()[0])


def _eer(report: Report, directory: TiffDirectory) -> EerMovie:
    """Return the movie, once it is reported what it says of itself."""
    others = sum(page.compression not in EVENT_COMPRESSIONS for page in directory.pages)
    if others:
        report.add("pages without events", others)
    movie = EerMovie(directory)
    said = movie.metadata()
    report.add_known(
        {
            "exposure": said.exposure_seconds and f"{said.exposure_seconds:g} s",
            "dose": said.total_dose_per_pixel and f"{said.total_dose_per_pixel:g} e/pixel",
            "pixel size": said.pixel_size_angstrom and f"{said.pixel_size_angstrom:g} Å",
        }
    )
    report.depart(said.pixel_size_angstrom is None, "It does not say its pixel size.")
    report.depart(said.total_dose_per_pixel is None, "It does not say its dose.")
    return movie
