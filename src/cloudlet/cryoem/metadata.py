"""What the files beside a movie, and the movie itself, say of how it was taken: one kind of answer from all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cloudlet.cryoem.errors import MovieTruncated
from cloudlet.cryoem.formats.epu_xml import epu_path, read_epu
from cloudlet.cryoem.formats.mdoc import MovieMetadata, mdoc_path, movie_metadata, read_mdoc
from cloudlet.cryoem.formats.movie import MovieFile
from cloudlet.cryoem.formats.outline import MovieOutline

__all__ = ["SourceMetadata", "metadata_sources", "sidecar_sources"]


@dataclass(frozen=True)
class SourceMetadata:
    """What one source says; None where it does not."""

    source: str
    """In words, for people."""
    pixel_size_angstrom: float | None = None
    """Of the frames, of the camera's pixels for an EER movie."""
    voltage_kv: float | None = None
    doses: tuple[float, ...] | None = None
    """Of each frame, e/A^2; of each raw frame of an EER movie."""
    target_defocus_um: float | None = None
    gain_name: str | None = None
    defects_name: str | None = None
    is_super_resolution: bool | None = None


def metadata_sources(movie: MovieFile) -> list[SourceMetadata]:
    """Return what is said of a movie, the most trusted first: SerialEM's mdoc, EPU's XML, the file itself.

    Raises
    ------
    MovieTruncated
        The movie has another number of frames than its mdoc says.
    MetadataUnreadable
        A file is there but cannot be understood.
    """
    return [*sidecar_sources(movie), *_known(_itself(movie))]


def sidecar_sources(movie: MovieFile) -> list[SourceMetadata]:
    """Return what the files beside a movie say; raises as `metadata_sources`."""
    return _known(_mdoc(movie.path, movie.outline), _epu(movie.path, movie.outline))


def _known(*sources: SourceMetadata | None) -> list[SourceMetadata]:
    return [one for one in sources if one is not None]


def _mdoc(movie: Path, outline: MovieOutline) -> SourceMetadata | None:
    path = mdoc_path(movie)
    try:
        metadata = movie_metadata(read_mdoc(path), movie.name)
    except FileNotFoundError:
        return None
    if metadata is None:
        return None  # the section for this movie is not written yet
    _check_frames(movie, outline.frames, metadata)
    return SourceMetadata(
        source=path.name,
        pixel_size_angstrom=metadata.pixel_size_angstrom(outline.rows, outline.columns),
        voltage_kv=metadata.voltage_kv,
        doses=_spread(metadata.frame_doses, outline.frames),
        target_defocus_um=metadata.target_defocus_um,
        gain_name=metadata.gain_name,
        defects_name=metadata.defects_name,
        is_super_resolution=metadata.view_binning == 0.5,
    )


def _epu(movie: Path, outline: MovieOutline) -> SourceMetadata | None:
    path = epu_path(movie)
    try:
        found = read_epu(path)
    except FileNotFoundError:
        return None
    return SourceMetadata(
        source=path.name,
        pixel_size_angstrom=found.frame_pixel_size_angstrom(outline.rows, outline.columns),
        voltage_kv=found.voltage_kv,
        doses=None if found.total_dose is None else (found.total_dose / outline.frames,) * outline.frames,
        target_defocus_um=found.target_defocus_um,
        gain_name=found.gain_name if outline.raw_frames is not None else None,
        is_super_resolution=found.is_super_resolution(outline.rows, outline.columns),
    )


def _itself(movie: MovieFile) -> SourceMetadata | None:
    found, frames = movie.metadata, movie.outline.frames
    if found is None:
        return None
    pixel, dose = found.pixel_size_angstrom, found.total_dose_per_pixel
    return SourceMetadata(
        source=f"{movie.path.name} itself",
        pixel_size_angstrom=pixel,
        voltage_kv=found.voltage_kv,
        doses=None if pixel is None or dose is None else (dose / pixel**2 / frames,) * frames,
    )


def _check_frames(movie: Path, frames: int, metadata: MovieMetadata) -> None:
    if metadata.frames is not None and metadata.frames != frames:
        raise MovieTruncated(
            f"{movie.name} holds {frames} of the {metadata.frames} frames its metadata announces.",
            "Copy the file again if it was copied, or leave the movie out.",
        )


def _spread(doses: tuple[float, ...] | None, frames: int) -> tuple[float, ...] | None:
    """Return doses for so many frames; those of another number are levelled out."""
    if doses is None or len(doses) == frames:
        return doses
    return (sum(doses) / frames,) * frames
