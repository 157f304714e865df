"""Our own correction of a movie: everything stays in memory from the file to the micrograph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cloudlet.cryoem.acquisition import Acquisition
from cloudlet.cryoem.calibration import Calibration, calibrated
from cloudlet.cryoem.correction import Correction, StageTimer, figures_of, motion_of
from cloudlet.cryoem.errors import CardFull, MovieUnreadable
from cloudlet.cryoem.formats.movie import MovieFile
from cloudlet.cryoem.numerics.alignment import AlignmentTask, MotionField, align, binning_for
from cloudlet.cryoem.numerics.alignment.polynomial import fit_polynomial
from cloudlet.cryoem.numerics.device import Device, DeviceFull, Layout, RadialTable, Stack
from cloudlet.cryoem.numerics.low_rank import ExposureWeights, exposure_weights
from cloudlet.cryoem.numerics.threads import Threads
from cloudlet.cryoem.settings import CryoemSettings

__all__ = ["OwnCorrector"]

_FITTING = 0.7
"""RELION's model is handed on where it leaves at most this share of the local motion unsaid."""

_DEAD = 0.05
"""A frame whose mean is below this share of the median holds nothing."""


class OwnCorrector:
    """The engine of this package on one device; implements `cloudlet.cryoem.correction.Corrector`."""

    def __init__(self, device: Device, threads: int, settings: CryoemSettings) -> None:
        self._device, self._threads, self._settings = device, Threads(threads), settings

    def correct(
        self, movie: MovieFile, acquisition: Acquisition, project_folder: Path, timer: StageTimer
    ) -> Correction:
        """Correct one movie; see `cloudlet.cryoem.correction.Corrector`."""
        try:
            return self._corrected(movie, acquisition, timer)
        except DeviceFull as cause:
            raise CardFull(
                f"{movie.path.name} {cause}.", "Leave the card to fewer, then retry, or set device to cpu."
            ) from cause
        finally:
            self._device.rest()

    def _corrected(self, movie: MovieFile, acquisition: Acquisition, timer: StageTimer) -> Correction:
        path = movie.path
        with timer.stage("read"):
            stack = self._decoded(movie, acquisition)
        with timer.stage("gain"):
            calibration = calibrated(path, stack.total(), acquisition.gain, self._settings, acquisition.defects)
            means = stack.calibrate(calibration.gain, calibration.defects)
            used = _used(path, means)
        with timer.stage("motion"):
            doses = np.array(acquisition.frame_doses)
            task = AlignmentTask(
                acquisition.pixel_size_angstrom, acquisition.voltage_kv, doses, acquisition.pre_exposure, used
            )
            field = align(stack, task)
        with timer.stage("sums"):
            weights = exposure_weights(
                doses,
                used,
                acquisition.pixel_size_angstrom,
                acquisition.voltage_kv,
                pre_exposure=acquisition.pre_exposure,
            )
            return self._summed(path, acquisition, stack, calibration, means, field, weights)

    def _decoded(self, movie: MovieFile, acquisition: Acquisition) -> Stack:
        frames = movie.frames(acquisition.fractions)
        outline, binning = frames.outline, binning_for(acquisition.pixel_size_angstrom)
        stack = self._device.stack(Layout(outline.frames, outline.rows, outline.columns, outline.dtype, binning))

        def decode(frame: int) -> None:
            frames.read_frame(frame, stack.buffer(frame))
            stack.take(frame)

        self._threads.each(decode, outline.frames)
        return stack

    def _summed(
        self,
        path: Path,
        acquisition: Acquisition,
        stack: Stack,
        calibration: Calibration,
        means: NDArray[np.float64],
        field: MotionField,
        weights: ExposureWeights,
    ) -> Correction:
        layout, shares = stack.layout, weights.shares
        shape = layout.frames, layout.rows, layout.columns
        if self._settings.keep_halves:
            odd = np.arange(layout.frames) % 2 == 0
            shares = np.concatenate([shares, shares[:1] * odd, shares[:1] * ~odd])
        sums = stack.gathered(field.tiles(), shares)
        rows, columns = layout.rows // acquisition.binning, layout.columns // acquisition.binning
        plain = [0, len(weights.shares), len(weights.shares) + 1] if self._settings.keep_halves else [0]
        tables = [_padded(weights.filters, len(shares))]
        if acquisition.binning > 1 or self._settings.keep_unweighted or self._settings.keep_halves:
            tables += [_only(number, len(shares)) for number in plain]
        plane, *planes = sums.combined(tables, (rows, columns))
        images = [one.image(rows, columns) for one in planes] or [sums.image(number) for number in plain]
        return Correction(
            micrograph=plane.image(rows, columns),
            plane=plane.on_host(self._threads),
            unweighted=images[0],
            halves=(images[1], images[2]) if self._settings.keep_halves else None,
            pixel_size_angstrom=acquisition.pixel_size_angstrom * acquisition.binning,
            motion=motion_of(path, acquisition, calibration, shape, field.path, _local(field)),
            figures=_figures(acquisition, calibration, means, field),
        )


def _used(path: Path, means: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell frames with something in them from dead ones.

    Raises
    ------
    MovieUnreadable
        Fewer than two have.
    """
    used: NDArray[np.bool_] = means > _DEAD * np.median(means)
    if np.count_nonzero(used) < 2:
        raise MovieUnreadable(
            f"Fewer than two frames of {path.name} hold anything.", "Look at the camera; leave the movie out."
        )
    return used


def _padded(filters: RadialTable, count: int) -> RadialTable:
    """Return filters for so many sums; those beyond have none."""
    values = np.zeros((count, filters.values.shape[1]), np.float32)
    values[: len(filters.values)] = filters.values
    return RadialTable(values, filters.step)


def _only(number: int, count: int) -> RadialTable:
    """Return filters that leave one of so many sums as it is, and nothing of the others."""
    values = np.zeros((count, 2), np.float32)
    values[number] = 1
    return RadialTable(values, 1.0)


def _local(field: MotionField) -> NDArray[np.float64] | None:
    """Return the coefficients of RELION's model of the local motion; None where it leaves too much unsaid."""
    model = fit_polynomial(field)
    fits = model is not None and model.residual <= _FITTING * field.field_strength()
    return model.coefficients if model is not None and fits else None


def _figures(
    acquisition: Acquisition, calibration: Calibration, means: NDArray[np.float64], field: MotionField
) -> dict[str, float]:
    pixel = acquisition.pixel_size_angstrom
    return {
        **figures_of(acquisition, calibration, float(np.mean(means)), field.path),
        "dead_frames": float(np.count_nonzero(means <= _DEAD * np.median(means))),
        "motion_local": pixel * field.field_strength(),
        "motion_error": pixel * float(np.sqrt(np.square(field.path_error()).mean())),
    }
