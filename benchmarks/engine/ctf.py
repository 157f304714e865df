"""The CTF fit against simulated micrographs and two real ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import mrcfile
import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.movies import make
from benchmarks.engine.programs import decode_seconds
from benchmarks.report import Row, keep
from benchmarks.simulator import MicrographSpec, simulate_micrograph
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import CtfFit, fit_ctf
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra

__all__ = ["measure", "measure_krios"]

SIDE = 3072
ASTIGMATIC = 120.0
KRIOS = Path(__file__).parents[3] / "shared" / "data" / "krios"
FALCON, K2 = ("epu2.9_example.mrc", 0.66655), ("fei-extended.mrc", 0.85378)


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the errors over simulated micrographs, and what a fit costs."""
    rng = np.random.default_rng(11)
    errors = []
    for seed in range(20 if is_quick else 100):
        mean, half = rng.uniform(5_000, 32_000), rng.uniform(20, 300)
        defocus = mean + half, mean - half, rng.uniform(-90, 90)
        pixel = 0.83 if seed % 2 else 1.06
        spec = MicrographSpec(SIDE, SIDE, pixel, 300.0, defocus, rng.uniform(100, 600), rng.uniform(30, 60))
        found = _fit(simulate_micrograph(spec, seed).image, pixel, 0.1).defocus
        turned = (found.angle_degrees - defocus[2] + 90) % 180 - 90
        errors.append((found.mean_angstrom - mean, found.astigmatism_angstrom - 2 * half, turned, 2 * half))
    keep(
        "engine-ctf",
        [dict(zip(("defocus", "astigmatism", "angle", "size"), map(float, one), strict=True)) for one in errors],
    )
    focus, astigmatism, angle, size = np.abs(np.array(errors)).T
    yield Row.at_most("defocus, median error", float(np.median(focus)), "Å", 10)
    yield Row.at_most("defocus, 95 %", float(np.percentile(focus, 95)), "Å", 30)
    yield Row.at_most("astigmatism, median error", float(np.median(astigmatism)), "Å", 10)
    yield Row.at_most("angle, median error", float(np.median(angle[size > ASTIGMATIC])), "°", 1)
    image = rng.poisson(30, (4092, 5760)).astype(np.float32)
    seconds = min(_timed(image) for _ in range(3))
    yield Row.at_most("cost on K3", seconds / decode_seconds(make("k3", "drift", 1.0, 101)), "decodes", 0.4)


def measure_krios(is_quick: bool) -> Iterator[Row]:
    """Yield what two real micrographs say of themselves; nothing where the shared folder is not there."""
    if not KRIOS.is_dir():
        print("The two Krios micrographs are left out: the shared folder is not here.")
        return
    falcon, k2 = (_fit(mrcfile.read(KRIOS / name).astype(np.float32), pixel, 0.07) for name, pixel in (FALCON, K2))
    yield Row("Falcon, defocus", falcon.defocus.mean_angstrom, "Å")
    yield Row.at_most("Falcon, halves differ by", falcon.repeatability_angstrom, "Å", 50)
    yield Row("K2, defocus", k2.defocus.mean_angstrom, "Å")
    yield Row("K2, halves differ by", k2.repeatability_angstrom, "Å", "said to be uncertain", not k2.is_certain)


def _fit(image: NDArray[np.float32], pixel: float, amplitude: float) -> CtfFit:
    shape = image.shape[0], image.shape[1]
    fit = fit_ctf(tile_spectra(image, tile_size_for(shape, pixel)), shape, pixel, Optics(300, 2.7, amplitude))
    if fit is None:
        raise ValueError("a micrograph without power")
    return fit


def _timed(image: NDArray[np.float32]) -> float:
    begin = time.process_time()
    _fit(image, 0.83, 0.1)
    return time.process_time() - begin
