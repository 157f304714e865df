"""A run's collection files: what RELION imports to go on from corrected micrographs.

Movies taken with the same pixel size, voltage, aberration and amplitude contrast share an optics group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gemmi import cif

from cloudlet.cryoem.formats.star import StarValue, add_table, write_star
from cloudlet.cryoem.numerics.ctf import Defocus
from cloudlet.openat import FileBeneath

__all__ = ["OPTICS_COLUMNS", "CollectedMicrograph", "OpticsGroup", "write_corrected_star", "write_ctf_star"]

OPTICS_COLUMNS = (
    "OpticsGroupName",
    "OpticsGroup",
    "MicrographOriginalPixelSize",
    "Voltage",
    "SphericalAberration",
    "AmplitudeContrast",
)
"""What RELION wants to know of a group at least."""


@dataclass(frozen=True)
class OpticsGroup:
    """What micrographs of one group have in common."""

    pixel_size_angstrom: float
    """Of the movie's frames."""
    binning: int
    """Pixels of the frames, along each side, that make one of the micrograph."""
    voltage_kv: float
    cs_mm: float
    amplitude_contrast: float

    def row(self, number: int) -> tuple[StarValue, ...]:
        """Return the values of `OPTICS_COLUMNS`."""
        optics = self.pixel_size_angstrom, self.voltage_kv, self.cs_mm, self.amplitude_contrast
        return f"opticsGroup{number}", number, *optics


@dataclass(frozen=True)
class CollectedMicrograph:
    """One row of the collection; paths are relative to the project folder."""

    micrograph: str
    micrograph_unweighted: str | None
    """None where the plain sum was not kept."""
    motion: str
    optics: OpticsGroup
    motion_total_angstrom: float
    motion_first_angstrom: float
    defocus: Defocus | None
    """None where no CTF could be fitted."""
    ctf_score: float
    fit_resolution_angstrom: float


def write_corrected_star(product: FileBeneath, micrographs: Sequence[CollectedMicrograph]) -> None:
    """Write ``corrected_micrographs.star``: every micrograph with its motion.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    columns = ["MicrographName", "MicrographMetadata", "OpticsGroup", *_MOTION_COLUMNS]
    _write(product, micrographs, columns, lambda m, group: (m.micrograph, m.motion, group, *_motion(m)))


def write_ctf_star(product: FileBeneath, micrographs: Sequence[CollectedMicrograph]) -> None:
    """Write ``micrographs_ctf.star``: the micrographs whose CTF could be fitted, with motion and CTF.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    fitted = [m for m in micrographs if m.defocus is not None]
    unweighted = all(m.micrograph_unweighted for m in fitted)
    columns = ["MicrographName", *(["MicrographNameNoDW"] if unweighted else []), "MicrographMetadata", "OpticsGroup"]
    columns += [*_CTF_COLUMNS, *_MOTION_COLUMNS]

    def row(m: CollectedMicrograph, group: int) -> tuple[StarValue, ...]:
        names = (m.micrograph, m.micrograph_unweighted or "") if unweighted else (m.micrograph,)
        return *names, m.motion, group, *_ctf(m), *_motion(m)

    _write(product, fitted, columns, row)


_MOTION_COLUMNS = ("AccumMotionTotal", "AccumMotionEarly", "AccumMotionLate")
_CTF_COLUMNS = ("DefocusU", "DefocusV", "CtfAstigmatism", "DefocusAngle", "CtfFigureOfMerit", "CtfMaxResolution")


def _motion(m: CollectedMicrograph) -> tuple[float, ...]:
    return m.motion_total_angstrom, m.motion_first_angstrom, m.motion_total_angstrom - m.motion_first_angstrom


def _ctf(m: CollectedMicrograph) -> tuple[float, ...]:
    d = m.defocus
    if d is None:
        return ()
    angles = (d.u_angstrom, d.v_angstrom, d.astigmatism_angstrom, d.angle_degrees)
    return *angles, m.ctf_score, m.fit_resolution_angstrom


def _write(
    product: FileBeneath,
    micrographs: Sequence[CollectedMicrograph],
    columns: Sequence[str],
    row: Callable[[CollectedMicrograph, int], tuple[StarValue, ...]],
) -> None:
    groups = {optics: n for n, optics in enumerate(dict.fromkeys(m.optics for m in micrographs), 1)}
    document = cif.Document()
    _add_optics(document, groups)
    add_table(document, "micrographs", columns, [row(m, groups[m.optics]) for m in micrographs])
    write_star(product, document)


def _add_optics(document: cif.Document, groups: dict[OpticsGroup, int]) -> None:
    rows = [(*optics.row(number), optics.pixel_size_angstrom * optics.binning) for optics, number in groups.items()]
    add_table(document, "optics", [*OPTICS_COLUMNS, "MicrographPixelSize"], rows)
