"""Metadata and lists: SerialEM's mdoc, EPU's XML, SerialEM's defects."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from cloudlet.cryoem.errors import MetadataUnreadable
from cloudlet.cryoem.formats.defects import parse_defects
from cloudlet.cryoem.formats.epu_xml import epu_of
from cloudlet.cryoem.formats.mdoc import MovieMetadata, mdoc_text, movie_metadata, parse_mdoc
from cloudlet.cryoem.inspection.report import Report
from cloudlet.errors import CloudletError

__all__ = ["inspect_defects", "inspect_epu", "inspect_mdoc"]

_LARGEST = 4 << 20
_UNKNOWN_AS_ZERO = ("ExposureDose", "FrameDosesAndNumber", "PixelSpacing", "Voltage", "Binning")


def inspect_mdoc(path: Path, file: BinaryIO) -> Report:
    """Tell sections, and what they say of the movie that the file is called after."""
    report = Report("SerialEM metadata (mdoc)")
    try:
        text = mdoc_text(path.name, file)
        mdoc = parse_mdoc(text)
        kinds = [section.kind for section in mdoc.sections]
        report.add("sections", [f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)] or "none")
        report.depart(not kinds, "It has no section yet.")
        movie = path.with_suffix("")
        report.depart(not movie.is_file(), f"{movie.name} is not beside it.")
        found = movie_metadata(mdoc, movie.name)
        if found is None:
            report.depart(bool(kinds), f"None of its sections is for {movie.name}.")
        else:
            _add_metadata(report, found)
        values = [mdoc.header, *(section.values for section in mdoc.sections)]
    except CloudletError as cause:
        report.problem = f"{cause.message} {cause.remedy}"
        return report
    for key in _UNKNOWN_AS_ZERO:
        zeros = sum(_is_zero(section[key]) for section in values if key in section)
        report.depart(zeros > 0, f"{key} is 0 in {zeros} places, which is read as unknown.")
    _add_lines(report, text)
    return report


def inspect_epu(path: Path, file: BinaryIO) -> Report:
    """Tell what EPU says of a movie."""
    report = Report("EPU metadata (XML)")
    try:
        found = epu_of(path, file)
    except MetadataUnreadable as cause:
        report.problem = cause.message
        return report
    facts = {
        "voltage": found.voltage_kv and f"{found.voltage_kv:g} kV",
        "pixel size": found.pixel_size_angstrom and f"{found.pixel_size_angstrom:g} Å",
        "dose": found.total_dose and f"{found.total_dose:.4g} e/Å²",
        "target defocus": found.target_defocus_um and f"{found.target_defocus_um:g} µm",
    }
    report.add_known({**facts, "gain reference": found.gain_name})
    for name, value in facts.items():
        report.depart(not value, f"It does not say the {name}.")
    return report


def inspect_defects(path: Path, file: BinaryIO) -> Report:
    """Tell how much of the camera is bad."""
    report = Report("SerialEM's list of defects")
    text = file.read(_LARGEST).decode("utf-8", "replace")
    try:
        mask = parse_defects(text)
    except ValueError as cause:
        report.problem = f"It cannot be used: {cause}."
        return report
    report.add("camera", f"{mask.shape[1]} × {mask.shape[0]} pixels")
    report.add("bad pixels", f"{np.count_nonzero(mask):,} ({100 * mask.mean():.2g} %)")
    report.add("bad columns", np.count_nonzero(mask.all(axis=0)))
    report.add("bad rows", np.count_nonzero(mask.all(axis=1)))
    return report


def _add_metadata(report: Report, found: MovieMetadata) -> None:
    facts = {
        "frames": found.frames,
        "voltage": found.voltage_kv and f"{found.voltage_kv:g} kV",
        "dose": found.frame_doses and f"{sum(found.frame_doses):.4g} e/Å² in {len(found.frame_doses)} frames",
        "pixel size of the view": found.view_pixel_size_angstrom and f"{found.view_pixel_size_angstrom:g} Å",
        "binning of the view": found.view_binning and f"{found.view_binning:g}",
        "target defocus": found.target_defocus_um and f"{found.target_defocus_um:g} µm",
        "gain reference": found.gain_name,
        "defects": found.defects_name,
    }
    report.add_known(facts)
    for name in ("voltage", "dose", "pixel size of the view"):
        report.depart(not facts[name], f"It does not say the {name}.")


def _add_lines(report: Report, text: str) -> None:
    lines = text.splitlines()
    odd = [number for number, line in enumerate(lines, 1) if line.strip() and "=" not in line]
    report.depart(bool(odd), f"Line {odd[0] if odd else 0} and {len(odd) - 1} more are neither entries nor sections.")


def _is_zero(text: str) -> bool:
    try:
        return float(text.split()[0]) == 0 if text.split() else False
    except ValueError:
        return False
