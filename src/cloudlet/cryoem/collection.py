"""From the results of a run to its collection files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cloudlet.analytics import Results
from cloudlet.cryoem.formats.collection_star import (
    CollectedMicrograph,
    OpticsGroup,
    write_corrected_star,
    write_ctf_star,
)
from cloudlet.cryoem.formats.particle_star import join_particle_stars
from cloudlet.cryoem.numerics.ctf import Defocus
from cloudlet.openat import FileBeneath

__all__ = ["collect"]


def collect(project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
    """Write ``corrected_micrographs.star``, ``micrographs_ctf.star`` and, of a run with particles, theirs afresh.

    Raises
    ------
    ParticlesLost
        What was written of a micrograph's particles is no longer there.
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    in_order = [results for _, results in sorted(done, key=lambda named: named[0])]
    micrographs = [_collected(results) for results in in_order]
    write_corrected_star(FileBeneath(project_folder, "corrected_micrographs.star"), micrographs)
    write_ctf_star(FileBeneath(project_folder, "micrographs_ctf.star"), micrographs)
    particles = [
        FileBeneath(project_folder, results.products["particles"])
        for results in in_order
        if "particles" in results.products
    ]
    if particles:
        join_particle_stars(FileBeneath(project_folder, "particles.star"), particles)


def _collected(results: Results) -> CollectedMicrograph:
    measured, products = results.measurements, results.products
    optics = OpticsGroup(
        measured["pixel_size"],
        int(measured["binning"]),
        measured["voltage"],
        measured["spherical_aberration"],
        measured["amplitude_contrast"],
    )
    return CollectedMicrograph(
        micrograph=products["micrograph"],
        micrograph_unweighted=products.get("micrograph_unweighted"),
        motion=products["motion"],
        optics=optics,
        motion_total_angstrom=measured["motion_total"],
        motion_first_angstrom=measured["motion_first"],
        defocus=_defocus(results),
        ctf_score=measured.get("ctf_score", 0.0),
        fit_resolution_angstrom=measured.get("fit_resolution", 0.0),
    )


def _defocus(results: Results) -> Defocus | None:
    measured = results.measurements
    if "defocus" not in measured:
        return None
    return Defocus(measured["defocus_u"] * 1e4, measured["defocus_v"] * 1e4, measured["astigmatism_angle"])
