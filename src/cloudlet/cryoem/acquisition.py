"""How a movie was taken, joined from its metadata and the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloudlet.cryoem.errors import AcquisitionUnknown
from cloudlet.cryoem.formats.epu_xml import epu_path
from cloudlet.cryoem.formats.mdoc import mdoc_path
from cloudlet.cryoem.formats.movie import MovieFile
from cloudlet.cryoem.formats.outline import AS_STORED, Fractions
from cloudlet.cryoem.metadata import SourceMetadata, metadata_sources
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["Acquisition", "acquisition_of"]


@dataclass(frozen=True)
class Acquisition:
    """All that the measurements need to know beside the frames."""

    pixel_size_angstrom: float
    voltage_kv: float
    cs_mm: float
    amplitude_contrast: float
    frame_doses: tuple[float, ...]
    """Electrons per square angstrom of each frame."""
    target_defocus_um: float | None
    """Underfocus is positive; None where nobody said."""
    gain: Path | None
    """None where the frames are corrected already."""
    defects: Path | None = None
    """None where nobody lists any."""
    fractions: Fractions = AS_STORED
    """How EER events become frames."""
    is_eer: bool = False
    binning: int = 1
    """Pixels of the frames, along each side, to one of the micrograph."""
    pre_exposure: float = 0.0
    """Electrons per square angstrom before the first frame."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Who said pixel size, voltage and dose."""

    @property
    def dose(self) -> float:
        """Electrons per square angstrom of the whole movie."""
        return sum(self.frame_doses)


def acquisition_of(movie: MovieFile, settings: CryoemSettings) -> Acquisition:
    """Join settings and metadata; settings win where both say something.

    Parameters
    ----------
    movie
        It is not decoded.
    settings
        Of the run.

    Raises
    ------
    AcquisitionUnknown
        Neither says what is needed; the sentence names everything that is missing.
    MovieTruncated
        The movie has another number of frames than its metadata says.
    MetadataUnreadable
        A file of metadata is there but cannot be understood.
    """
    path, outline = movie.path, movie.outline
    sources = [_by_settings(settings, outline.frames), *metadata_sources(movie)]
    pixel_size, voltage, doses = (
        _first(sources, "pixel_size_angstrom"),
        _first(sources, "voltage_kv"),
        _first(sources, "doses"),
    )
    if pixel_size is None or voltage is None or doses is None:
        raise _unknown(path, pixel_size, voltage, doses)
    fractions = AS_STORED
    if outline.raw_frames is not None:
        fractions = Fractions(_grouping(doses, settings.eer_fraction_dose), settings.eer_upsampling)
        pixel_size /= fractions.upsampling
    finer = 2 if _first(sources, "is_super_resolution") else fractions.upsampling
    return Acquisition(
        pixel_size_angstrom=pixel_size,
        voltage_kv=voltage,
        cs_mm=settings.cs_mm,
        amplitude_contrast=settings.amplitude_contrast,
        frame_doses=_summed(doses, fractions.frames),
        target_defocus_um=_first(sources, "target_defocus_um"),
        gain=_reference(path, settings.gain, _first(sources, "gain_name")),
        defects=_defects(path, settings, _first(sources, "defects_name")),
        fractions=fractions,
        is_eer=outline.raw_frames is not None,
        binning=settings.binning or finer,
        pre_exposure=settings.pre_exposure,
        sources={name: _source(sources, key) for name, key in _SOURCES.items()},
    )


_SOURCES = {"pixel size": "pixel_size_angstrom", "voltage": "voltage_kv", "dose": "doses"}


def _by_settings(settings: CryoemSettings, frames: int) -> SourceMetadata:
    dose = settings.dose_per_frame
    return SourceMetadata(
        source="the settings",
        pixel_size_angstrom=settings.pixel_size_angstrom,
        voltage_kv=settings.voltage_kv,
        doses=None if dose is None else (dose,) * frames,
    )


def _first(sources: Sequence[SourceMetadata], key: str) -> Any:
    return next((getattr(one, key) for one in sources if getattr(one, key) is not None), None)


def _source(sources: Sequence[SourceMetadata], key: str) -> str:
    return next(one.source for one in sources if getattr(one, key) is not None)


def _reference(movie: Path, chosen: Path | None, name: str | None) -> Path | None:
    """Return the file to be read; a link is followed where the settings name it, who writes those is trusted."""
    if chosen is not None:
        return chosen.resolve()
    return movie.with_name(name) if name else None


def _defects(movie: Path, settings: CryoemSettings, name: str | None) -> Path | None:
    """Return the file to be read; one that the metadata name may have been left behind, hot pixels are found anyway."""
    path = _reference(movie, settings.defects, name)
    return path if settings.defects is not None or (path is not None and os.path.lexists(path)) else None


def _grouping(doses: tuple[float, ...], fraction_dose: float) -> int:
    """Return how many raw frames come nearest to the dose of a fraction, at least two fractions in all."""
    wanted = round(fraction_dose * len(doses) / sum(doses))
    return max(1, min(wanted, len(doses) // 2))


def _summed(doses: tuple[float, ...], grouping: int) -> tuple[float, ...]:
    return tuple(sum(doses[first : first + grouping]) for first in range(0, len(doses), grouping))


def _unknown(
    movie: Path, pixel_size: float | None, voltage: float | None, doses: tuple[float, ...] | None
) -> AcquisitionUnknown:
    needed = {
        "pixel size": (pixel_size, "pixel_size_angstrom (--pixel-size)", "PixelSpacing with a Binning of 1 or 0.5"),
        "voltage": (voltage, "voltage_kv (--voltage)", "Voltage"),
        "dose per frame": (doses, "dose_per_frame (--dose-per-frame)", "FrameDosesAndNumber"),
    }
    missing = {name: ways for name, (value, *ways) in needed.items() if value is None}
    settings = ", ".join(setting for setting, _ in missing.values())
    keys = ", ".join(key for _, key in missing.values())
    return AcquisitionUnknown(
        f"Nobody says the {' nor the '.join(missing)} of {movie.name}.",
        f"Set {settings}, or let {mdoc_path(movie).name} say it ({keys}), or EPU's {epu_path(movie).name}; then retry.",
    )
