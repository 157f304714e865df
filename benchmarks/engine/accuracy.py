"""Motion against the truth: the path beside RELION's, the field by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.movies import Made, make
from benchmarks.engine.programs import path_of, run_relion
from benchmarks.engine.speed import WORK
from benchmarks.report import Row, keep
from benchmarks.simulator import CAMERAS, MovieSpec, simulate_movie
from cloudlet.cryoem.calibration import calibrated
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.numerics.alignment import AlignmentTask, MotionField, align, binning_for
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.device import Layout, Stack
from cloudlet.cryoem.numerics.frames import find_defects
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["measure_field", "measure_gain", "measure_path"]

FIRST, WEAK = 5, 0.4
"""Frames that are told apart; contrast at which RELION's patches fail."""
WEAK_SHARE, STRONG_SHARE = 0.65, 1.0
FIELD_LIMITS = {"k2": 0.10, "k3": 0.20}
HONEST = (0.7, 1.4)
GAIN_ERRORS = (0.0, 0.01, 0.03)
SEEDS = {"weak k3": ("k3", WEAK, 500), "weak k2": ("k2", WEAK, 500), "strong k2": ("k2", 3.0, 200)}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Errors:
    """Squares per axis, pooled: of ours, RELION's, and as predicted."""

    ours: Floats
    relion: Floats
    predicted: Floats


def measure_path(is_quick: bool) -> Iterator[Row]:
    """Yield the errors of the path, pooled over seeds, with a bootstrap interval of the ratio."""
    seeds, everything = 2 if is_quick else 8, []
    device = CpuDevice(2)
    for name, (camera, strength, first) in SEEDS.items():
        errors = [_path_errors(make(camera, "drift", strength, first + n + 1), device) for n in range(seeds)]
        ours, relion = (np.array([getattr(one, of).mean() for one in errors]) for of in ("ours", "relion"))
        everything += [
            {"movies": name, **{of: float(np.sqrt(getattr(one, of).mean())) for of in ("ours", "relion", "predicted")}}
            for one in errors
        ]
        keep("engine-path", everything)
        ratio, low, high = _ratio(ours, relion)
        limit = STRONG_SHARE if strength > 1 else WEAK_SHARE
        predicted = np.sqrt(np.mean([one.predicted.mean() for one in errors]) / ours.mean())
        yield Row(f"{name}, error of the path", float(np.sqrt(ours.mean())), "px")
        yield Row(f"{name}, RELION's", float(np.sqrt(relion.mean())), "px")
        yield Row(f"{name}, ours over RELION's ({low:.2f} to {high:.2f})", ratio, "", f"≤ {limit:g}", ratio <= limit)
        name_of_ratio = f"{name}, predicted over observed"
        # of a strong specimen what is left is no noise: how frames are interpolated, and how fast they move
        yield Row(name_of_ratio, float(predicted), "") if strength > 1 else _honest(name_of_ratio, predicted)


def measure_field(is_quick: bool) -> Iterator[Row]:
    """Yield the errors of the local field, the first frames apart, and how well they and the path's were predicted."""
    seeds, everything = 2 if is_quick else 8, []
    device = CpuDevice(2)
    for camera, motion, first in (("k2", "smooth", 300), ("k3", "rough", 400)):
        squares: dict[str, list[float]] = defaultdict(list)
        for number in range(seeds):
            made = make(camera, motion, 1.0, first + number + 1)
            field = _aligned(made, device)
            error = _field_error(field, made)
            squares["ours"].append(_mean_square(error[FIRST:]))
            squares["early"].append(_mean_square(error[:FIRST]))
            squares["predicted"].append(_mean_square(field.field_error()[FIRST:]))
            squares["path"].append(_mean_square(error.mean(axis=1)))
            squares["path predicted"].append(_mean_square(field.path_error()))
            everything.append(
                {"movies": f"{camera} {motion}", **{of: sqrt(found[-1]) for of, found in squares.items()}}
            )
        keep("engine-field", everything)
        pooled = {of: sqrt(np.mean(found)) for of, found in squares.items()}
        name = f"{camera}, {motion} field"
        yield Row.at_most(name, pooled["ours"], "px", FIELD_LIMITS[camera])
        yield Row(f"{name}, first {FIRST} frames", pooled["early"], "px")
        yield _honest(f"{name}, predicted over observed", pooled["predicted"] / pooled["ours"])
        yield Row(f"{name}, its mean", pooled["path"], "px")
        yield _honest(f"{name}, its mean, predicted over observed", pooled["path predicted"] / pooled["path"])


def measure_gain(is_quick: bool) -> Iterator[Row]:
    """Yield the errors of the path where the gain reference leaves a pattern that stands still."""
    device = CpuDevice(2)
    for wrong in GAIN_ERRORS:
        spec = replace(CAMERAS["small"], strength=0.5, gain_error=wrong)
        errors = []
        for seed in range(2 if is_quick else 8):
            counts, gain, truth = simulate_movie(spec, 600 + seed)
            errors.append(_squares(_aligned_counts(counts, gain, spec, device).path, truth.path).mean())
        yield Row(f"gain reference {100 * wrong:g} % off, error of the path", float(np.sqrt(np.mean(errors))), "px")


def _aligned_counts(
    counts: NDArray[np.uint8], gain: NDArray[np.float32], spec: MovieSpec, device: CpuDevice
) -> MotionField:
    stack = device.stack(Layout(*counts.shape, counts.dtype, binning_for(spec.pixel_size_angstrom)))
    for number, frame in enumerate(counts):
        stack.buffer(number)[:] = frame
    stack.calibrate(gain, find_defects(stack.total() * gain, gain))
    return _field_of(stack, spec)


def _path_errors(made: Made, device: CpuDevice) -> _Errors:
    field = _aligned(made, device)
    run_relion(made, WORK / "relion", threads=2)
    relion = path_of(WORK / "relion" / "MC" / "movie.star")
    truth = made.truth().path
    return _Errors(_squares(field.path, truth), _squares(relion, truth), np.square(field.path_error()))


def _aligned(made: Made, device: CpuDevice) -> MotionField:
    with open_movie(made.path) as movie:
        frames = movie.frames()
        outline, pixel = frames.outline, made.spec.pixel_size_angstrom
        layout = Layout(outline.frames, outline.rows, outline.columns, outline.dtype, binning_for(pixel))
        stack = device.stack(layout)
        device.threads.each(lambda frame: frames.read_frame(frame, stack.buffer(frame)), outline.frames)
    calibration = calibrated(made.path, stack.total(), made.gain, CryoemSettings())
    stack.calibrate(calibration.gain, calibration.defects)
    return _field_of(stack, made.spec)


def _field_of(stack: Stack, spec: MovieSpec) -> MotionField:
    doses, used = np.full(spec.frames, spec.dose / spec.frames), np.ones(spec.frames, bool)
    return align(stack, AlignmentTask(spec.pixel_size_angstrom, spec.voltage_kv, doses, 0.0, used))


def _mean_square(errors: Floats) -> float:
    return float(np.square(errors).mean())


def _squares(found: Floats, truth: Floats) -> Floats:
    error = found - truth
    squares: Floats = np.square(error - error.mean(axis=0))
    return squares


def _field_error(field: MotionField, made: Made) -> Floats:
    truth = made.truth()
    y, x = (
        p.ravel() for p in np.meshgrid(*[np.linspace(0.03, 0.97, 15) * size for size in truth.shape], indexing="ij")
    )
    error = field.at(y, x) - truth.at(y, x)
    centred: Floats = error - error.mean(axis=0)
    return centred


def _ratio(ours: Floats, relion: Floats) -> tuple[float, float, float]:
    """Return the ratio of pooled rms errors, and the 90 % bootstrap interval over movies."""
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(ours), (2000, len(ours)))
    ratios = np.sqrt(ours[draws].mean(axis=1) / relion[draws].mean(axis=1))
    low, high = np.percentile(ratios, [5, 95])
    return float(np.sqrt(ours.mean() / relion.mean())), float(low), float(high)


def _honest(name: str, value: float) -> Row:
    return Row(name, float(value), "", f"{HONEST[0]:g} to {HONEST[1]:g}", bool(HONEST[0] <= value <= HONEST[1]))
