"""The whole chain on one graphics card, where there is one: movies an hour, where time goes, whether it is right."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from benchmarks.engine.movies import Made, make
from benchmarks.engine.programs import run_engine, stage_seconds
from benchmarks.engine.speed import WORK
from benchmarks.report import Row
from cloudlet.cryoem.acquisition import acquisition_of
from cloudlet.cryoem.correction import Correction
from cloudlet.cryoem.devices import device_for
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import fit_ctf
from cloudlet.cryoem.numerics.device import Device
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.stopwatch import Stopwatch

__all__ = ["measure"]

AN_HOUR = 3000.0
SHIFTS, IMAGE, DEFOCUS = 0.01, 1e-4, 1.0
"""How far both devices may be apart: px, a share of the image's deviation, angstrom."""
WORKERS = 12


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield how near the card's results are, the seconds of each stage of one movie, and the throughput."""
    cores = len(os.sched_getaffinity(0))
    device = device_for("auto", cores, 0)
    if device.name == "cpu":
        print("No graphics card is here: its rows are left out.")
        return
    made = make("k3", "drift", 1.0, 101)
    ours, _ = _corrected(made, CpuDevice(cores), cores)
    for _ in range(3):
        theirs, watch = _corrected(made, device, cores)
    yield from _agreement(ours, theirs, made.spec.pixel_size_angstrom)
    for stage, seconds in watch.seconds.items():
        yield Row(f"one movie with {cores} threads, {stage}", seconds, "s")
    workers = min(cores, WORKERS)
    few, many = workers, workers * (3 if is_quick else 8)
    first = run_engine(made, WORK, movies=few, workers=workers, device=device.name)
    whole = run_engine(made, WORK, movies=many, workers=workers, device=device.name)
    for stage, seconds in stage_seconds(WORK / "out").items():
        yield Row(f"one of {workers} at a time, {stage}", seconds, "s")
    value = 3600 * (many - few) / (whole.wall_seconds - first.wall_seconds)
    yield Row(f"K3 movies an hour, {workers} at a time", value, "1/h", f"≥ {AN_HOUR:g}", value >= AN_HOUR)


def _corrected(made: Made, device: Device, threads: int) -> tuple[Correction, Stopwatch]:
    options = {"pixel_size_angstrom": made.spec.pixel_size_angstrom, "voltage_kv": made.spec.voltage_kv}
    settings = CryoemSettings(**options, dose_per_frame=made.dose_per_frame, gain=made.gain)
    watch = Stopwatch()
    with open_movie(made.path) as movie:
        acquisition = acquisition_of(movie, settings)
        return OwnCorrector(device, threads, settings).correct(movie, acquisition, WORK, watch), watch


def _agreement(ours: Correction, theirs: Correction, pixel: float) -> Iterator[Row]:
    shifts = float(np.abs(ours.motion.motion - theirs.motion.motion).max())
    yield Row.at_most("shifts apart from the host's", shifts, "px", SHIFTS)
    image = float(np.std(ours.micrograph - theirs.micrograph) / np.std(ours.micrograph))
    yield Row.at_most("image apart from the host's, relative", image, "", IMAGE)
    yield Row.at_most(
        "defocus apart from the host's", abs(_defocus(ours, pixel) - _defocus(theirs, pixel)), "Å", DEFOCUS
    )


def _defocus(correction: Correction, pixel: float) -> float:
    image = correction.unweighted
    shape = image.shape[0], image.shape[1]
    fit = fit_ctf(tile_spectra(image, tile_size_for(shape, pixel)), shape, pixel, Optics(300, 2.7, 0.1))
    if fit is None:
        raise ValueError("no CTF fits the micrograph of the movie that is measured")
    return fit.defocus.u_angstrom
