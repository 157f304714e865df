"""Particles as RELION 3.1 keeps them: a table of optics and one of particles, for each micrograph and for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from gemmi import cif

from cloudlet.cryoem.errors import ParticlesLost
from cloudlet.cryoem.formats.collection_star import OPTICS_COLUMNS, OpticsGroup
from cloudlet.cryoem.formats.star import add_table, write_star
from cloudlet.cryoem.numerics.ctf import Defocus
from cloudlet.openat import FileBeneath, read_beneath

__all__ = ["Particle", "ParticleStack", "join_particle_stars", "write_particle_star"]

_OPTICS = [*OPTICS_COLUMNS, "ImagePixelSize", "ImageSize", "ImageDimensionality"]
_OF_GROUP = 2
"""Columns that name a group; the others say what it is."""
_PLACES = ["CoordinateX", "CoordinateY", "AutopickFigureOfMerit", "ImageName", "MicrographName", "OpticsGroup"]
_PARTICLES = [*_PLACES, "DefocusU", "DefocusV", "DefocusAngle", "PhaseShift"]
_GROUP = _PARTICLES.index("OpticsGroup")

_MOST_BYTES = 256 << 20
"""Of one micrograph's particles; a million of them take less."""


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


def write_particle_star(product: FileBeneath, stack: ParticleStack) -> None:
    """Write the particles of one micrograph.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    document = cif.Document()
    add_table(document, "optics", _OPTICS, [(*stack.optics.row(1), stack.pixel_size_angstrom, stack.side, 2)])
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
    add_table(document, "particles", _PARTICLES, rows)
    write_star(product, document)


def join_particle_stars(product: FileBeneath, stars: Sequence[FileBeneath]) -> None:
    """Write the particles of many micrographs into one file; those with the same optics share a group.

    Parameters
    ----------
    product
        The file to be written.
    stars
        What `write_particle_star` has written.

    Raises
    ------
    ParticlesLost
        One of them is gone, is a link or is no longer what it was.
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    groups: dict[tuple[str, ...], str] = {}
    columns: list[list[str]] = [[] for _ in _PARTICLES]
    for star in stars:
        group, particles = _read(star)
        particles[_GROUP] = [groups.setdefault(group, str(len(groups) + 1))] * len(particles[_GROUP])
        for column, values in zip(columns, particles, strict=True):
            column.extend(values)
    names = [f"opticsGroup{number}" for number in groups.values()]
    optics = [names, list(groups.values()), *map(list, zip(*groups, strict=True))]
    document = cif.Document()
    # values are handed on as they are spelt, so that nothing is rounded or quoted twice
    document.add_new_block("optics").init_loop("_rln", _OPTICS).set_all_values(optics)
    document.add_new_block("particles").init_loop("_rln", _PARTICLES).set_all_values(columns)
    write_star(product, document)


def _read(star: FileBeneath) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return what is said of the optics, and the columns of particles."""
    try:
        document = cif.read_string(read_beneath(star, _MOST_BYTES).decode())
    except (OSError, ValueError) as cause:
        raise _lost(star) from cause
    found = []
    for block, names in (("optics", _OPTICS), ("particles", _PARTICLES)):
        table = document.find_block(block)
        columns = [list(table.find_loop(f"_rln{name}")) for name in names] if table else []
        if len({len(column) for column in columns}) != 1 or not columns[0]:
            raise _lost(star)
        found.append(columns)
    optics, particles = found
    return tuple(column[0] for column in optics[_OF_GROUP:]), particles


def _lost(star: FileBeneath) -> ParticlesLost:
    path = PurePath(str(star))
    return ParticlesLost(
        f"{path.name}, which lists the particles of a micrograph, is gone or is no longer what was written.",
        f"Put it back into {path.parent}, or process the movie again.",
    )
