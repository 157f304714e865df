"""What is done with one movie, stage after stage; runs in a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.analytics import Results
from cloudlet.cryoem.acquisition import Acquisition, acquisition_of
from cloudlet.cryoem.errors import MovieUnreadable
from cloudlet.cryoem.formats.gain import read_gain
from cloudlet.cryoem.formats.motion_star import MovieMotion, write_motion_star
from cloudlet.cryoem.formats.movie import Movie, read_movie
from cloudlet.cryoem.formats.mrc_image import write_image
from cloudlet.cryoem.formats.picture import write_jpeg
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import CtfFit, fit_ctf
from cloudlet.cryoem.numerics.frames import Defects, binned, corrected, find_defects
from cloudlet.cryoem.numerics.motion import binning_for, estimate_motion, path_length
from cloudlet.cryoem.numerics.pictures import micrograph_picture, spectrum_picture
from cloudlet.cryoem.numerics.spectrum import power_spectrum, tile_size_for
from cloudlet.cryoem.numerics.sums import Sums, aligned_sums
from cloudlet.cryoem.products import ProductPaths
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["process_movie"]

FIRST_DOSE = 5.0
"""Electrons per square angstrom that count as the beginning of a movie."""

_MICROGRAPH_SIDE, _MICROGRAPH_LOW_PASS = 2048, 10.0
_THUMBNAIL_SIDE, _THUMBNAIL_LOW_PASS = 320, 20.0
"""Pixels and angstrom."""


def process_movie(path: Path, project_folder: Path, settings: CryoemSettings) -> Results:
    """Correct and measure one movie, and write its products into the project folder.

    Raises
    ------
    cloudlet.errors.CloudletError
        The movie, its metadata or its gain reference cannot be used, or a product cannot be written.
    """
    watch, paths = _Stopwatch(), ProductPaths(path)
    with watch.stage("read"):
        movie = read_movie(path)
        acquisition = acquisition_of(path, (len(movie), *movie.shape), settings)
    with watch.stage("gain"):
        frames = _corrected_frames(path, movie, acquisition)
    with watch.stage("motion"):
        motion = _motion(frames, acquisition)
    with watch.stage("sums"):
        sums = _sums(frames, motion, acquisition)
        _write_sums(project_folder, paths, sums, acquisition)
        motion_path = paths.target(project_folder, paths.products["motion"])
        write_motion_star(motion_path, _movie_motion(path, frames, motion, acquisition))
    with watch.stage("ctf"):
        ctf = _ctf(sums, acquisition)
    with watch.stage("pictures"):
        images = _write_pictures(project_folder, paths, sums, ctf, acquisition)
    measurements = {
        **_conditions(frames, acquisition),
        **_motion_figures(motion, acquisition),
        **_ctf_figures(ctf),
    }
    return Results(measurements, images, paths.products, watch.seconds)


class _Stopwatch:
    """Wall seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, key: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[key] = time.perf_counter() - start


@dataclass(frozen=True)
class _Frames:
    """A movie whose frames are corrected each time they are asked for: memory holds the counts alone."""

    movie: Movie
    gain: NDArray[np.float32] | None
    defects: Defects
    mean_counts: float
    """Per pixel and frame, corrected."""

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (corrected(frame, self.gain, self.defects) for frame in self.movie.frames)


@dataclass(frozen=True)
class _Ctf:
    spectrum: NDArray[np.float32]
    optics: Optics
    fit: CtfFit | None


def _corrected_frames(path: Path, movie: Movie, acquisition: Acquisition) -> _Frames:
    gain = read_gain(acquisition.gain, movie.shape) if acquisition.gain else None
    total = corrected(movie.frames.sum(axis=0, dtype=np.float32), gain)
    defects = find_defects(total, gain)
    mean = float(corrected(total, None, defects).mean(dtype=np.float64)) / len(movie)
    if not np.isfinite(mean):
        raise MovieUnreadable(
            f"The frames of {path.name} hold values that are no numbers.",
            "Copy the file again, or leave the movie out.",
        )
    return _Frames(movie, gain, defects, mean)


def _motion(frames: _Frames, acquisition: Acquisition) -> NDArray[np.float64]:
    """Return the motion in pixels of the frames, shape (frames, 2)."""
    factor = binning_for(acquisition.pixel_size_angstrom)
    small = [binned(frame, factor) for frame in frames]
    dose_per_frame = acquisition.dose / len(small)
    return factor * estimate_motion(small, factor * acquisition.pixel_size_angstrom, dose_per_frame)


def _sums(frames: _Frames, motion: NDArray[np.float64], acquisition: Acquisition) -> Sums:
    doses = np.array(acquisition.frame_doses)
    return aligned_sums(frames, motion, doses, acquisition.pixel_size_angstrom, acquisition.voltage_kv)


def _ctf(sums: Sums, acquisition: Acquisition) -> _Ctf:
    optics = Optics(acquisition.voltage_kv, acquisition.cs_mm, acquisition.amplitude_contrast)
    image, pixel_size = sums.unweighted, acquisition.pixel_size_angstrom
    spectrum = power_spectrum(image, tile_size_for((image.shape[0], image.shape[1]), pixel_size))
    return _Ctf(spectrum, optics, fit_ctf(spectrum, pixel_size, optics))


def _write_sums(project_folder: Path, paths: ProductPaths, sums: Sums, acquisition: Acquisition) -> None:
    pixel_size = acquisition.pixel_size_angstrom
    for key, image in (("micrograph", sums.weighted), ("micrograph_unweighted", sums.unweighted)):
        write_image(paths.target(project_folder, paths.products[key]), image, pixel_size)


def _movie_motion(path: Path, frames: _Frames, motion: NDArray[np.float64], acquisition: Acquisition) -> MovieMotion:
    return MovieMotion(
        movie_name=str(path),
        shape=(len(frames.movie), *frames.movie.shape),
        gain_name=str(acquisition.gain) if acquisition.gain else None,
        pixel_size_angstrom=acquisition.pixel_size_angstrom,
        dose_per_frame=acquisition.dose / len(motion),
        voltage_kv=acquisition.voltage_kv,
        motion=motion,
    )


def _write_pictures(
    project_folder: Path, paths: ProductPaths, sums: Sums, ctf: _Ctf, acquisition: Acquisition
) -> dict[str, str]:
    pixel_size = acquisition.pixel_size_angstrom
    pictures = {
        "micrograph": micrograph_picture(sums.weighted, pixel_size, _MICROGRAPH_LOW_PASS, _MICROGRAPH_SIDE),
        "thumbnail": micrograph_picture(sums.weighted, pixel_size, _THUMBNAIL_LOW_PASS, _THUMBNAIL_SIDE),
    }
    if ctf.fit is not None:
        pictures["power_spectrum"] = spectrum_picture(
            ctf.spectrum, ctf.fit.background, pixel_size, ctf.optics, ctf.fit.defocus
        )
    for key, picture in pictures.items():
        write_jpeg(paths.target(project_folder, paths.images[key]), picture)
    return {key: paths.images[key] for key in pictures}


def _conditions(frames: _Frames, acquisition: Acquisition) -> dict[str, float]:
    target = acquisition.target_defocus_um
    return {
        "counts": frames.mean_counts,
        "hot_pixels": float(len(frames.defects)),
        "frames": float(len(frames.movie)),
        "dose": acquisition.dose,
        "pixel_size": acquisition.pixel_size_angstrom,
        "voltage": acquisition.voltage_kv,
        "spherical_aberration": acquisition.cs_mm,
        "amplitude_contrast": acquisition.amplitude_contrast,
        **({} if target is None else {"target_defocus": target}),
    }


def _motion_figures(motion: NDArray[np.float64], acquisition: Acquisition) -> dict[str, float]:
    path = path_length(motion) * acquisition.pixel_size_angstrom
    doses = np.array(acquisition.frame_doses)
    at_middle = np.cumsum(doses) - doses / 2
    return {
        "motion_total": float(path[-1]),
        "motion_first": float(np.interp(FIRST_DOSE, at_middle, path)),
    }


def _ctf_figures(ctf: _Ctf) -> dict[str, float]:
    if ctf.fit is None:
        return {}
    defocus = ctf.fit.defocus
    return {
        "fit_resolution": ctf.fit.resolution_angstrom,
        "defocus": defocus.mean_angstrom / 1e4,
        "defocus_u": defocus.u_angstrom / 1e4,
        "defocus_v": defocus.v_angstrom / 1e4,
        "astigmatism": defocus.astigmatism_angstrom,
        "astigmatism_angle": defocus.angle_degrees,
        "ctf_score": ctf.fit.score,
    }
