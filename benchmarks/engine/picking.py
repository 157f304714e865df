"""Particles of 200 kDa that are found in simulated fields, what is found where there are none, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.engine.movies import make
from benchmarks.engine.programs import decode_seconds
from benchmarks.report import Row
from benchmarks.simulator import FieldSpec, simulate_field
from cloudlet.cryoem.numerics.cpu.weighting import CpuHalfPlane
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.picking import pick_micrograph
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["measure"]

NEAR = 0.3
"""Diameters that a pick may be off."""
OPTICS = Optics(300.0, 2.7, 0.1)
WRONG = 1.2
"""Times the true diameter, as somebody may well give it."""


@dataclass(frozen=True)
class _Found:
    true: int
    hit: int
    picks: int
    right: int
    confidence: float
    seconds: float


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield precision and recall over fields of 1 to 2.5 um, false picks on others, and the cost of one."""
    count, rng = (4 if is_quick else 16), np.random.default_rng(23)
    specs = [FieldSpec(int(rng.integers(80, 300)), rng.uniform(10_000, 25_000)) for _ in range(count)]
    cost = float("inf")
    for factor, name in ((1.0, "200 kDa"), (WRONG, f"200 kDa, diameter {WRONG:g} times too large")):
        found = [_found(spec, 1000 + number, factor) for number, spec in enumerate(specs)]
        right, picks = sum(one.right for one in found), sum(one.picks for one in found)
        hit, true = sum(one.hit for one in found), sum(one.true for one in found)
        is_judged = factor == 1.0
        cost = min(one.seconds for one in found) if is_judged else cost
        yield _share(f"{name}, precision", right / max(1, picks), is_judged)
        yield _share(f"{name}, recall", hit / true, is_judged)
        yield Row(f"{name}, lowest confidence", min(one.confidence for one in found), "")
    empty = [_found(FieldSpec(0, rng.uniform(10_000, 25_000)), 2000 + n, 1.0) for n in range(2 if is_quick else 8)]
    yield Row.at_most("empty fields, most false picks", max(one.picks for one in empty), "", 0.9)
    dirty = [FieldSpec(0, rng.uniform(10_000, 25_000), crystals=12, has_carbon=n % 2 == 0) for n in range(len(empty))]
    false = [_found(spec, 3000 + n, 1.0).picks for n, spec in enumerate(dirty)]
    yield Row("fields of crystals and film alone, false picks in the mean", float(np.mean(false)), "")
    mixed = [
        _found(FieldSpec(150, rng.uniform(10_000, 25_000), crystals=8, has_carbon=n % 2 == 0), 4000 + n, 1.0)
        for n in range(len(empty))
    ]
    precision = sum(one.right for one in mixed) / max(1, sum(one.picks for one in mixed))
    yield _share("particles between crystals and film, precision", precision, True)
    yield Row.at_most(
        "cost on K3, with the right diameter", cost / decode_seconds(make("k3", "drift", 1.0, 101)), "decodes", 0.05
    )


def _found(spec: FieldSpec, seed: int, factor: float) -> _Found:
    field = simulate_field(spec, seed)
    plane = CpuHalfPlane.of(field.image, Threads(1))
    begin = time.process_time()
    diameter = factor * field.diameter_angstrom
    shape, pixel = (spec.rows, spec.columns), spec.pixel_size_angstrom
    picks = pick_micrograph(plane, shape, pixel, diameter, OPTICS, spec.defocus_angstrom)
    seconds = time.process_time() - begin
    near, margin = (share * field.diameter_angstrom / pixel for share in (NEAR, 0.6 * factor))
    true, places = np.stack([field.rows, field.columns], 1), np.stack([picks.rows, picks.columns], 1)
    inner = ((true > margin) & (true < np.array(shape) - margin)).all(axis=1)
    hit = _near(places, true[inner], near)
    confidence = 0.0 if picks.confidence is None else picks.confidence
    return _Found(int(inner.sum()), hit, len(picks), _near(true, places, near), confidence, seconds)


def _near(these: np.ndarray, those: np.ndarray, distance: float) -> int:
    """Count those that have one of these near by."""
    if not len(these) or not len(those):
        return 0
    return int(np.count_nonzero(cKDTree(these).query(those)[0] < distance))


def _share(name: str, value: float, is_judged: bool) -> Row:
    return Row(name, value, "", "> 0.85" if is_judged else "", value > 0.85 if is_judged else None)
