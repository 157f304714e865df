"""The whole chain on one graphics card, where there is one: movies an hour, decoding included, and where time goes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from benchmarks.engine.movies import make
from benchmarks.engine.programs import run_engine
from benchmarks.engine.speed import WORK
from benchmarks.report import Row
from cloudlet.cryoem.acquisition import acquisition_of
from cloudlet.cryoem.devices import device_for
from cloudlet.cryoem.formats.movie import look_at_movie
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.stopwatch import Stopwatch

__all__ = ["measure"]

AN_HOUR = 3000.0


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the throughput of one card, and the seconds of each stage of one movie on it."""
    cores = len(os.sched_getaffinity(0))
    device = device_for("auto", cores, 0)
    if device.name == "cpu":
        print("No graphics card is here: its rows are left out.")
        return
    made = make("k3", "drift", 1.0, 101)
    told = {"pixel_size_angstrom": made.spec.pixel_size_angstrom, "voltage_kv": made.spec.voltage_kv}
    settings = CryoemSettings(**told, dose_per_frame=made.dose_per_frame, gain=made.gain)
    corrector = OwnCorrector(device, cores, settings)
    acquisition = acquisition_of(made.path, look_at_movie(made.path), settings)
    for _ in range(3):
        watch = Stopwatch()
        corrector.correct(made.path, acquisition, WORK, watch)
    for stage, seconds in watch.seconds.items():
        yield Row(f"one movie, {stage}", seconds, "s")
    workers = min(cores, 12)
    few, many = workers, workers * (3 if is_quick else 8)
    first = run_engine(made, WORK, movies=few, workers=workers, device=device.name)
    whole = run_engine(made, WORK, movies=many, workers=workers, device=device.name)
    value = 3600 * (many - few) / (whole.wall_seconds - first.wall_seconds)
    yield Row(f"K3 movies an hour, {workers} workers", value, "1/h", f"≥ {AN_HOUR:g}", value >= AN_HOUR)
