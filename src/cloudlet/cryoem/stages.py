"""What is done with one movie, stage after stage; runs in a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.analytics import Results
from cloudlet.compute import worker_place
from cloudlet.cryoem.acquisition import Acquisition, acquisition_of
from cloudlet.cryoem.correction import Correction, Corrector
from cloudlet.cryoem.devices import device_for
from cloudlet.cryoem.external.relion_motion import RelionCorrector
from cloudlet.cryoem.formats.motion_star import write_motion_star
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.formats.mrc_image import write_image
from cloudlet.cryoem.formats.picture import write_jpeg
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import CtfFit, CtfSearch, fit_ctf
from cloudlet.cryoem.numerics.pictures import micrograph_picture, spectrum_picture
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.particles import particles_of, write_particles
from cloudlet.cryoem.products import ProductPaths
from cloudlet.cryoem.settings import CryoemSettings, MotionProgram
from cloudlet.cryoem.stopwatch import Stopwatch

__all__ = ["process_movie"]

_MICROGRAPH_SIDE, _MICROGRAPH_LOW_PASS = 2048, 10.0
_PHASE_SHIFTS = tuple(np.radians(np.arange(0, 180, 7.5)))
_THUMBNAIL_SIDE, _THUMBNAIL_LOW_PASS = 320, 20.0
"""Pixels and angstrom."""


def process_movie(path: Path, project_folder: Path, settings: CryoemSettings) -> Results:
    """Correct and measure one movie, and write its products into the project folder.

    Raises
    ------
    cloudlet.errors.CloudletError
        The movie, its metadata or its gain reference cannot be used, or a product cannot be written.
    """
    watch, paths = Stopwatch(), ProductPaths(path)
    with open_movie(path) as movie:
        acquisition = acquisition_of(movie, settings)
        correction = _corrector(settings).correct(movie, acquisition, project_folder, watch)
    with watch.stage("write"):
        products = _write_micrographs(project_folder, paths, correction, settings)
    with watch.stage("ctf"):
        ctf = _ctf(correction, acquisition, settings)
    with watch.stage("particles"):
        counted, stacks = _particles(project_folder, paths, correction, ctf, settings)
    with watch.stage("pictures"):
        images = _write_pictures(project_folder, paths, correction, ctf)
    measured = {**_conditions(acquisition), **correction.figures, **_ctf_figures(ctf, settings), **counted}
    return Results(measured, images, {**products, **stacks}, watch.seconds)


@dataclass(frozen=True)
class _Ctf:
    spectrum: NDArray[np.float32]
    optics: Optics
    fit: CtfFit | None


def _corrector(settings: CryoemSettings) -> Corrector:
    place = worker_place()
    if settings.motion_program is MotionProgram.RELION:
        return RelionCorrector(place.threads, settings)
    return OwnCorrector(device_for(settings.device, place.threads, place.number), place.threads, settings)


def _write_micrographs(
    project_folder: Path, paths: ProductPaths, correction: Correction, settings: CryoemSettings
) -> dict[str, str]:
    """Write what the settings ask for, and return which products there are."""
    images = {"micrograph": correction.micrograph}
    if settings.keep_unweighted:
        images["micrograph_unweighted"] = correction.unweighted
    if correction.halves is not None:
        images["micrograph_odd"], images["micrograph_even"] = correction.halves
    for key, image in images.items():
        target = paths.target(project_folder, paths.products[key])
        write_image(target, image, correction.pixel_size_angstrom, half_precision=settings.half_precision)
    write_motion_star(paths.target(project_folder, paths.products["motion"]), correction.motion)
    return {key: paths.products[key] for key in (*images, "motion")}


def _ctf(correction: Correction, acquisition: Acquisition, settings: CryoemSettings) -> _Ctf:
    optics = Optics(acquisition.voltage_kv, acquisition.cs_mm, acquisition.amplitude_contrast)
    image, pixel_size = correction.unweighted, correction.pixel_size_angstrom
    shape = image.shape[0], image.shape[1]
    search = CtfSearch(phase_shifts=_PHASE_SHIFTS) if settings.fits_phase_shift else CtfSearch()
    spectra = tile_spectra(image, tile_size_for(shape, pixel_size))
    fit = fit_ctf(spectra, shape, pixel_size, optics, search)
    shift = 0.0 if fit is None else fit.phase_shift
    return _Ctf(spectra.whole, replace(optics, phase_shift=shift), fit)


def _particles(
    project_folder: Path, paths: ProductPaths, correction: Correction, ctf: _Ctf, settings: CryoemSettings
) -> tuple[dict[str, float], dict[str, str]]:
    """Return figures and products; none without a CTF, whose rings would be taken for particles."""
    found = None if ctf.fit is None else particles_of(correction, ctf.fit, ctf.optics, settings)
    if ctf.fit is None or found is None:
        return {}, {}
    return found.figures, write_particles(project_folder, paths, correction, ctf.fit, ctf.optics, found, settings)


def _write_pictures(project_folder: Path, paths: ProductPaths, correction: Correction, ctf: _Ctf) -> dict[str, str]:
    shape, pixel = correction.micrograph.shape, correction.pixel_size_angstrom
    pictures = {
        key: micrograph_picture(correction.plane, (shape[0], shape[1]), pixel, low_pass, side)
        for key, low_pass, side in (
            ("micrograph", _MICROGRAPH_LOW_PASS, _MICROGRAPH_SIDE),
            ("thumbnail", _THUMBNAIL_LOW_PASS, _THUMBNAIL_SIDE),
        )
    }
    if ctf.fit is not None:
        pictures["power_spectrum"] = spectrum_picture(
            ctf.spectrum, ctf.fit.background, correction.pixel_size_angstrom, ctf.optics, ctf.fit.defocus
        )
    for key, picture in pictures.items():
        write_jpeg(paths.target(project_folder, paths.images[key]), picture)
    return {key: paths.images[key] for key in pictures}


def _conditions(acquisition: Acquisition) -> dict[str, float]:
    target = acquisition.target_defocus_um
    return {
        "frames": float(len(acquisition.frame_doses)),
        "dose": acquisition.dose,
        "pixel_size": acquisition.pixel_size_angstrom,
        "binning": float(acquisition.binning),
        "voltage": acquisition.voltage_kv,
        "spherical_aberration": acquisition.cs_mm,
        "amplitude_contrast": acquisition.amplitude_contrast,
        **({} if target is None else {"target_defocus": target}),
    }


def _ctf_figures(ctf: _Ctf, settings: CryoemSettings) -> dict[str, float]:
    if ctf.fit is None:
        return {}
    defocus, thickness = ctf.fit.defocus, ctf.fit.thickness_angstrom
    return {
        "fit_resolution": ctf.fit.resolution_angstrom,
        "defocus": defocus.mean_angstrom / 1e4,
        "defocus_u": defocus.u_angstrom / 1e4,
        "defocus_v": defocus.v_angstrom / 1e4,
        "astigmatism": defocus.astigmatism_angstrom,
        "astigmatism_angle": defocus.angle_degrees,
        "ctf_score": ctf.fit.score,
        "ctf_repeatability": ctf.fit.repeatability_angstrom,
        "defocus_spread": ctf.fit.local.spread_angstrom,
        "tilt": ctf.fit.local.tilt_degrees,
        **_optional("phase_shift", np.degrees(ctf.fit.phase_shift) if settings.fits_phase_shift else None),
        **_optional("ice_ring", ctf.fit.ice_ring),
        **_optional("thickness", None if thickness is None else thickness / 10),
    }


def _optional(key: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {key: float(value)}
