"""One micrograph's particles as RELION 3.1 keeps them: a table of optics and one of particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gemmi import cif

from cloudlet.cryoem.formats.collection_star import OPTICS_COLUMNS, OpticsGroup
from cloudlet.cryoem.formats.star import add_table, write_star
from cloudlet.cryoem.numerics.ctf import Defocus

__all__ = ["Particle", "ParticleStack", "write_particle_star"]


@dataclass(frozen=True)
class Particle:
    """One particle; its place is in pixels of the micrograph, row 0 at the bottom."""

    row: float
    column: float
    score: float
    defocus: Defocus


@dataclass(frozen=True)
class ParticleStack:
    """Particles of one micrograph, in the order of their images; paths are relative to the project folder."""

    stack: str
    micrograph: str
    optics: OpticsGroup
    """Of the micrograph."""
    pixel_size_angstrom: float
    """Of the particles' images."""
    side: int
    phase_shift_degrees: float
    particles: Sequence[Particle]


def write_particle_star(path: Path, stack: ParticleStack) -> None:
    """Write the particles of one micrograph.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    document = cif.Document()
    columns = [*OPTICS_COLUMNS, "ImagePixelSize", "ImageSize", "ImageDimensionality"]
    add_table(document, "optics", columns, [(*stack.optics.row(1), stack.pixel_size_angstrom, stack.side, 2)])
    columns = ["CoordinateX", "CoordinateY", "AutopickFigureOfMerit", "ImageName", "MicrographName", "OpticsGroup"]
    columns += ["DefocusU", "DefocusV", "DefocusAngle", "PhaseShift"]
    rows = [
        (
            particle.column,
            particle.row,
            particle.score,
            f"{number:06d}@{stack.stack}",
            stack.micrograph,
            1,
            particle.defocus.u_angstrom,
            particle.defocus.v_angstrom,
            particle.defocus.angle_degrees,
            stack.phase_shift_degrees,
        )
        for number, particle in enumerate(stack.particles, 1)
    ]
    add_table(document, "particles", columns, rows)
    write_star(path, document)
