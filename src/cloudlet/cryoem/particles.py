"""From a corrected micrograph to its particles: picked, cut out and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cloudlet.cryoem.correction import Correction
from cloudlet.cryoem.formats.collection_star import OpticsGroup
from cloudlet.cryoem.formats.mrc_image import write_stack
from cloudlet.cryoem.formats.particle_star import Particle, ParticleStack, write_particle_star
from cloudlet.cryoem.numerics.ctf import Defocus, Optics
from cloudlet.cryoem.numerics.ctf_fit import CtfFit
from cloudlet.cryoem.numerics.extraction import extract, fits
from cloudlet.cryoem.numerics.picking import Picks, pick_micrograph
from cloudlet.cryoem.products import ProductPaths
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["Particles", "particles_of", "write_particles"]

_BOX = 2.0
"""Diameters."""


@dataclass(frozen=True)
class Particles:
    """What was found in one micrograph; places in its pixels."""

    picks: Picks
    box: int
    """Pixels of the micrograph."""
    side: int
    """Pixels of the images."""
    diameter_angstrom: float

    @property
    def figures(self) -> dict[str, float]:
        """What the declaration calls particles, confidence and contamination."""
        confidence = self.picks.confidence
        return {
            "particles": float(len(self.picks)),
            "contamination": 100 * self.picks.masked,
            **({} if confidence is None else {"picking_confidence": 100 * confidence}),
        }


def particles_of(correction: Correction, fit: CtfFit, optics: Optics, settings: CryoemSettings) -> Particles | None:
    """Find particles whose box lies within the micrograph; None where the settings want none."""
    diameter, pixel = settings.particle_diameter, correction.pixel_size_angstrom
    if diameter is None:
        return None
    shape = correction.micrograph.shape[0], correction.micrograph.shape[1]
    picks = pick_micrograph(correction.plane, shape, pixel, diameter, optics, fit.defocus.mean_angstrom)
    box_angstrom = settings.particle_box or _BOX * diameter
    box = _even(box_angstrom / pixel)
    side = min(box, _even(box_angstrom / (settings.particle_pixel_size or pixel)))
    return Particles(picks.chosen(fits(shape, picks.rows, picks.columns, box)), box, side, diameter)


def write_particles(
    project_folder: Path,
    paths: ProductPaths,
    correction: Correction,
    fit: CtfFit,
    optics: Optics,
    found: Particles,
    settings: CryoemSettings,
) -> dict[str, str]:
    """Write stack and STAR file, and return which products there are: none where there are no particles."""
    picks, pixel = found.picks, correction.pixel_size_angstrom
    if not len(picks):
        return {}
    micrograph = correction.micrograph
    stack = extract(micrograph, picks.rows, picks.columns, found.box, found.side, found.diameter_angstrom / pixel)
    image_pixel = pixel * found.box / found.side
    keys = ("particle_stack", "particles")
    stack_path, star_path = (paths.target(project_folder, paths.products[key]) for key in keys)
    write_stack(stack_path, stack, image_pixel, half_precision=settings.half_precision)
    y, x = ((at - 0.5 * size) * pixel for at, size in zip((picks.rows, picks.columns), micrograph.shape, strict=True))
    astigmatism, angle = 0.5 * fit.defocus.astigmatism_angstrom, fit.defocus.angle_degrees
    defocus = [Defocus(mean + astigmatism, mean - astigmatism, angle) for mean in fit.local.at(y, x)]
    particles = [
        Particle(float(row), float(column), float(score), focus)
        for row, column, score, focus in zip(picks.rows, picks.columns, picks.scores, defocus, strict=True)
    ]
    motion = correction.motion
    group = OpticsGroup(
        motion.pixel_size_angstrom, motion.binning, optics.voltage_kv, optics.cs_mm, optics.amplitude_contrast
    )
    write_particle_star(
        star_path,
        ParticleStack(
            stack=paths.products["particle_stack"],
            micrograph=paths.products["micrograph"],
            optics=group,
            pixel_size_angstrom=image_pixel,
            side=found.side,
            phase_shift_degrees=float(np.degrees(optics.phase_shift)),
            particles=particles,
        ),
    )
    return {key: paths.products[key] for key in keys}


def _even(size: float) -> int:
    return max(2, 2 * round(size / 2))
