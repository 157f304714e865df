"""The known structure: an outer-membrane barrel of pseudo-atoms, like TolC, with exact C3 symmetry.

Per subunit four long helices make a tapered, left-twisting tunnel, four strands a short barrel on top of it, and
three short helices a belt around its middle. It is 142 Å long and 73 Å across; positions are in Å, z is the axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Atoms", "barrel"]

Floats = NDArray[np.float64]
Path = Callable[[Floats], Floats]
"""Distance along an axis in Å, shape (n,), to points in Å, shape (n, 3)."""

SUBUNITS = 3
SIDE_CHAIN_SEED = 3
SIDE_CHAIN_ATOMS = 5
"""Side chains have none to this many atoms beyond the first."""

SIDE_CHAIN_START_ANGSTROM = 3.3
SIDE_CHAIN_STEP_ANGSTROM = 1.15
SIDE_CHAIN_SPREAD_ANGSTROM = 0.5
SIDE_CHAIN_SCATTERING = 3.2
REFERENCE_DIRECTION = (0.31, 0.52, 0.79)
"""Any direction that no axis of the structure follows; it fixes where a chain's residues start to turn."""


@dataclass(frozen=True)
class Atoms:
    """Pseudo-atoms with their hydrogens folded in."""

    positions_angstrom: NDArray[np.float32]
    """Shape (n, 3) in the order x, y, z."""

    scattering_angstrom: NDArray[np.float32]
    """Electron scattering length at zero angle of each, shape (n,)."""


@dataclass(frozen=True)
class Fold:
    """How residues follow an axis."""

    rise_angstrom: float
    turn_degrees: float
    backbone: tuple[tuple[float, float, float, float], ...]
    """Radius in Å, phase in rad, offset along the axis in Å and scattering in Å of N, CA, C, O and CB."""


HELIX = Fold(
    1.5,
    100.0,
    (
        (1.55, -0.49, -0.9, 2.7),
        (2.28, 0, 0, 3.0),
        (1.66, 0.46, 1.1, 2.5),
        (2.0, 0.55, 2.2, 2.0),
        (3.3, -0.12, -0.2, 3.2),
    ),
)
STRAND = Fold(
    3.3,
    180.0,
    ((0.5, -0.4, -1.2, 2.7), (0.9, 0, 0, 3.0), (0.5, 0.4, 1.2, 2.5), (1.1, 1.5, 1.5, 2.0), (2.4, 0, 0, 3.2)),
)


@dataclass(frozen=True)
class Chain:
    """One helix or strand of a subunit."""

    fold: Fold
    residues: int
    path: Path


def around(radius: Floats | float, angle: Floats, z: Floats) -> Floats:
    """Return cylinder coordinates (Å, rad, Å) as points, shape (n, 3)."""
    return np.stack(np.broadcast_arrays(radius * np.cos(angle), radius * np.sin(angle), z), axis=1)


def tunnel_helix(index: int) -> Chain:
    """Return one of a subunit's four long helices, which close the tunnel towards its far end."""
    wobble = (0.0, 1.2, 0.0, -1.0)[index]

    def path(along: Floats) -> Floats:
        z = along - 100.0
        narrowing = 9.0 * np.clip((-z - 62.0) / 38.0, 0.0, 1.0) ** 2
        return around(17.5 + wobble - narrowing, np.deg2rad(30.0 * index) - 0.0075 * z, z)

    return Chain(HELIX, 67, path)


def barrel_strand(index: int) -> Chain:
    """Return one of a subunit's four strands."""

    def path(along: Floats) -> Floats:
        return around(16.0, np.deg2rad(30.0 * index) + 0.6 * along / 16.0, 0.8 * along + 2.0)

    return Chain(STRAND, 15, path)


def belt_helix(index: int) -> Chain:
    """Return one of a subunit's three short helices around the tunnel."""

    def path(along: Floats) -> Floats:
        angle = np.deg2rad(20.0 + 38.0 * index) + along / 60.0
        return around(28.5 + 1.5 * index, angle, 0.85 * along + 9.0 * index - 52.0)

    return Chain(HELIX, 20, path)


def axis_frame(path: Path, along: Floats) -> tuple[Floats, Floats, Floats]:
    """Return tangent, normal and binormal of an axis, each of shape (n, 3) and length 1."""
    tangent = path(along + 0.5) - path(along - 0.5)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.cross(tangent, REFERENCE_DIRECTION)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return tangent, normal, np.cross(tangent, normal)


def build(chain: Chain, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return positions, shape (n, 3), and scattering lengths, shape (n,), of one chain's atoms."""
    along = np.arange(chain.residues, dtype=np.float64) * chain.fold.rise_angstrom
    axis = chain.path(along)
    tangent, normal, binormal = axis_frame(chain.path, along)
    turn = np.deg2rad(chain.fold.turn_degrees) * np.arange(chain.residues)

    def outwards(phase: float) -> Floats:
        return np.asarray(np.cos(turn + phase)[:, None] * normal + np.sin(turn + phase)[:, None] * binormal)

    positions, scattering = [], []
    for radius, phase, offset, length in chain.fold.backbone:
        positions.append(axis + offset * tangent + radius * outwards(phase))
        scattering.append(np.full(chain.residues, length))
    lengths = rng.integers(0, SIDE_CHAIN_ATOMS + 1, chain.residues)
    for step in range(1, SIDE_CHAIN_ATOMS + 1):
        reach = SIDE_CHAIN_START_ANGSTROM + SIDE_CHAIN_STEP_ANGSTROM * step
        spread = rng.normal(0.0, SIDE_CHAIN_SPREAD_ANGSTROM, (chain.residues, 3))
        present = lengths >= step
        positions.append((axis + reach * outwards(0.0) + spread)[present])
        scattering.append(np.full(int(present.sum()), SIDE_CHAIN_SCATTERING))
    return np.concatenate(positions), np.concatenate(scattering)


def turned(positions: Floats, degrees: float) -> Floats:
    """Return positions turned about z."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.asarray(positions @ np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]))


@cache
def barrel() -> Atoms:
    """Return the whole barrel, centred along z; the same atoms at every call. Do not change the arrays."""
    rng = np.random.default_rng(SIDE_CHAIN_SEED)
    chains = [make(index) for index in range(4) for make in (tunnel_helix, barrel_strand)]
    chains += [belt_helix(index) for index in range(3)]
    parts = [build(chain, rng) for chain in chains]
    subunit = np.concatenate([positions for positions, _ in parts])
    scattering = np.concatenate([lengths for _, lengths in parts])
    whole = np.concatenate([turned(subunit, 360.0 / SUBUNITS * index) for index in range(SUBUNITS)])
    whole[:, 2] -= (whole[:, 2].min() + whole[:, 2].max()) / 2
    return Atoms(whole.astype(np.float32), np.tile(scattering, SUBUNITS).astype(np.float32))
