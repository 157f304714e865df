"""How a movie was taken, joined from its metadata and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cloudlet.cryoem.errors import AcquisitionUnknown, MovieTruncated
from cloudlet.cryoem.formats.mdoc import MovieMetadata, mdoc_path, movie_metadata, read_mdoc
from cloudlet.cryoem.formats.outline import AS_STORED, Fractions, MovieOutline
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["Acquisition", "acquisition_of", "check_frames", "metadata_of"]


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
    fractions: Fractions = AS_STORED
    """How EER events become frames."""
    is_eer: bool = False
    binning: int = 1
    """Pixels of the frames, along each side, to one of the micrograph."""
    pre_exposure: float = 0.0
    """Electrons per square angstrom before the first frame."""

    @property
    def dose(self) -> float:
        """Electrons per square angstrom of the whole movie."""
        return sum(self.frame_doses)


def metadata_of(movie: Path) -> MovieMetadata | None:
    """Return what the movie's mdoc says, None where there is no mdoc, or it has no section for the movie yet.

    Raises
    ------
    MetadataUnreadable
        It is there but cannot be understood.
    """
    try:
        return movie_metadata(read_mdoc(mdoc_path(movie)), movie.name)
    except FileNotFoundError:
        return None


def acquisition_of(movie: Path, outline: MovieOutline, settings: CryoemSettings) -> Acquisition:
    """Join settings and metadata; settings win where both say something.

    Parameters
    ----------
    movie
        Its file.
    outline
        Of the movie, with the raw frames of an EER movie for frames.
    settings
        Of the run.

    Raises
    ------
    AcquisitionUnknown
        Neither says what is needed; the sentence names everything that is missing.
    MovieTruncated
        The movie has another number of frames than its metadata says.
    MetadataUnreadable
        The mdoc cannot be understood.
    """
    metadata = metadata_of(movie) or MovieMetadata()
    check_frames(movie, outline.frames, metadata)
    pixel_size = settings.pixel_size_angstrom or metadata.pixel_size_angstrom(outline.rows, outline.columns)
    voltage = settings.voltage_kv or metadata.voltage_kv
    doses = _doses(outline.frames, settings, metadata)
    if pixel_size is None or voltage is None or doses is None:
        raise _unknown(movie, pixel_size, voltage, doses)
    fractions = AS_STORED
    if outline.raw_frames is not None:
        fractions = Fractions(_grouping(doses, settings.eer_fraction_dose), settings.eer_upsampling)
        pixel_size /= fractions.upsampling
    return Acquisition(
        pixel_size_angstrom=pixel_size,
        voltage_kv=voltage,
        cs_mm=settings.cs_mm,
        amplitude_contrast=settings.amplitude_contrast,
        frame_doses=_summed(doses, fractions.frames),
        target_defocus_um=metadata.target_defocus_um,
        gain=_gain(movie, settings, metadata),
        fractions=fractions,
        is_eer=outline.raw_frames is not None,
        binning=settings.binning or (2 if metadata.view_binning == 0.5 else fractions.upsampling),
        pre_exposure=settings.pre_exposure,
    )


def check_frames(movie: Path, frames: int, metadata: MovieMetadata) -> None:
    """Compare the number of frames that are there with the metadata's, where that gives one.

    Raises
    ------
    MovieTruncated
        They differ.
    """
    if metadata.frames is not None and metadata.frames != frames:
        raise MovieTruncated(
            f"{movie.name} holds {frames} of the {metadata.frames} frames its metadata announces.",
            "Copy the file again if it was copied, or leave the movie out.",
        )


def _gain(movie: Path, settings: CryoemSettings, metadata: MovieMetadata) -> Path | None:
    """Return the file to be read; a link is followed where the settings name it, who writes those is trusted."""
    if settings.gain is not None:
        return settings.gain.resolve()
    return movie.with_name(metadata.gain_name) if metadata.gain_name else None


def _doses(frames: int, settings: CryoemSettings, metadata: MovieMetadata) -> tuple[float, ...] | None:
    if settings.dose_per_frame is not None:
        return (settings.dose_per_frame,) * frames
    doses = metadata.frame_doses
    if doses is not None and len(doses) != frames:
        return (sum(doses) / len(doses),) * frames
    return doses


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
        f"Set {settings}, or let {mdoc_path(movie).name} say it: {keys}; then retry.",
    )
