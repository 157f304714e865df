"""What the files beside a movie, and the movie itself, say of how it was taken: one kind of answer from all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cloudlet.cryoem.errors import MovieTruncated
from cloudlet.cryoem.formats.eer_movie import read_eer_metadata
from cloudlet.cryoem.formats.epu_xml import epu_path, read_epu
from cloudlet.cryoem.formats.mdoc import MovieMetadata, mdoc_path, movie_metadata, read_mdoc
from cloudlet.cryoem.formats.movie import translate_os_errors
from cloudlet.cryoem.formats.mrc_header import MrcMetadata, read_mrc_metadata
from cloudlet.cryoem.formats.outline import MovieOutline
from cloudlet.cryoem.formats.raw_file import opened
from cloudlet.cryoem.formats.readers import MRC, reader_of

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


def metadata_sources(movie: Path, outline: MovieOutline) -> list[SourceMetadata]:
    """Return what is said of a movie, the most trusted first: SerialEM's mdoc, EPU's XML, the file itself.

    Parameters
    ----------
    movie
        Its file.
    outline
        With the raw frames of an EER movie for frames.

    Raises
    ------
    MovieTruncated
        The movie has another number of frames than its mdoc says.
    MetadataUnreadable
        A file is there but cannot be understood.
    cloudlet.errors.CloudletError
        The movie itself cannot be read.
    """
    return [*sidecar_sources(movie, outline), *_known(_eer(movie, outline), _mrc(movie))]


def sidecar_sources(movie: Path, outline: MovieOutline) -> list[SourceMetadata]:
    """Return what the files beside a movie say, without a look into the movie; raises as `metadata_sources`."""
    return _known(_mdoc(movie, outline), _epu(movie, outline))


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


def _eer(movie: Path, outline: MovieOutline) -> SourceMetadata | None:
    if outline.raw_frames is None:
        return None
    with translate_os_errors(movie), opened(movie) as file:
        found = read_eer_metadata(movie.name, file)
    pixel, dose = found.pixel_size_angstrom, found.total_dose_per_pixel
    doses = None if pixel is None or dose is None else (dose / pixel**2 / outline.frames,) * outline.frames
    return SourceMetadata(f"{movie.name} itself", pixel_size_angstrom=pixel, doses=doses)


def _mrc(movie: Path) -> SourceMetadata | None:
    if reader_of(movie) is not MRC:
        return None
    with translate_os_errors(movie), opened(movie) as file:
        found = read_mrc_metadata(movie.name, file)
    if found == MrcMetadata():
        return None
    pixel, voltage = found.pixel_size_angstrom, found.voltage_kv
    return SourceMetadata(f"{movie.name} itself", pixel_size_angstrom=pixel, voltage_kv=voltage)


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
