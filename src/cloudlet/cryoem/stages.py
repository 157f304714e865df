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
from cloudlet.compute import worker_place
from cloudlet.cryoem.acquisition import Acquisition, acquisition_of
from cloudlet.cryoem.correction import Correction, Corrector
from cloudlet.cryoem.formats.motion_star import write_motion_star
from cloudlet.cryoem.formats.movie import look_at_movie
from cloudlet.cryoem.formats.mrc_image import write_image
from cloudlet.cryoem.formats.picture import write_jpeg
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import CtfFit, fit_ctf
from cloudlet.cryoem.numerics.devices import device_named
from cloudlet.cryoem.numerics.pictures import micrograph_picture, spectrum_picture
from cloudlet.cryoem.numerics.spectrum import power_spectrum, tile_size_for
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.products import ProductPaths
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["process_movie"]

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
    acquisition = acquisition_of(path, look_at_movie(path), settings)
    correction = _corrector(settings).correct(path, acquisition, project_folder, watch)
    with watch.stage("write"):
        products = _write_micrographs(project_folder, paths, correction, settings)
    with watch.stage("ctf"):
        ctf = _ctf(correction, acquisition)
    with watch.stage("pictures"):
        images = _write_pictures(project_folder, paths, correction, ctf)
    measurements = {**_conditions(correction, acquisition), **correction.figures, **_ctf_figures(ctf)}
    return Results(measurements, images, products, watch.seconds)


class _Stopwatch:
    """Wall seconds by stage; implements `cloudlet.cryoem.correction.Watch`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, key: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[key] = time.perf_counter() - start


@dataclass(frozen=True)
class _Ctf:
    spectrum: NDArray[np.float32]
    optics: Optics
    fit: CtfFit | None


def _corrector(settings: CryoemSettings) -> Corrector:
    place = worker_place()
    return OwnCorrector(device_named(settings.device, place.threads, place.number), place.threads, settings)


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


def _ctf(correction: Correction, acquisition: Acquisition) -> _Ctf:
    optics = Optics(acquisition.voltage_kv, acquisition.cs_mm, acquisition.amplitude_contrast)
    image, pixel_size = correction.unweighted, correction.pixel_size_angstrom
    spectrum = power_spectrum(image, tile_size_for((image.shape[0], image.shape[1]), pixel_size))
    return _Ctf(spectrum, optics, fit_ctf(spectrum, pixel_size, optics))


def _write_pictures(project_folder: Path, paths: ProductPaths, correction: Correction, ctf: _Ctf) -> dict[str, str]:
    shape, pixel = correction.micrograph.shape, correction.frame_pixel_size_angstrom
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


def _conditions(correction: Correction, acquisition: Acquisition) -> dict[str, float]:
    target = acquisition.target_defocus_um
    return {
        "frames": float(len(acquisition.frame_doses)),
        "dose": acquisition.dose,
        "pixel_size": correction.pixel_size_angstrom,
        "voltage": acquisition.voltage_kv,
        "spherical_aberration": acquisition.cs_mm,
        "amplitude_contrast": acquisition.amplitude_contrast,
        **({} if target is None else {"target_defocus": target}),
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
