"""Every kernel gives what its plain counterpart in `cloudlet.cryoem.numerics.reference` gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudlet.cryoem.numerics import reference
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.cpu.gathering import gather
from cloudlet.cryoem.numerics.cpu.thon import match_rings
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.device import TILE, Layout, RadialTable, Window
from cloudlet.cryoem.numerics.frames import Defects
from cloudlet.cryoem.numerics.threads import Threads

SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from([np.uint8, np.int8, np.uint16, np.int16, np.float32])
NONE = np.zeros(0, np.intp)


@settings(deadline=None)
@given(SEEDS, KINDS, st.integers(1, 6), st.booleans(), st.integers(1, 3))
def test_frames_are_summed_and_binned(seed: int, kind: type, factor: int, has_gain: bool, threads: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(3, (rng.integers(2, 7), rng.integers(12, 50), rng.integers(12, 50))).astype(kind)
    gain = rng.uniform(0.5, 2, counts.shape[1:]).astype(np.float32) if has_gain else None
    stack = CpuDevice(threads).stack(Layout(*counts.shape, counts.dtype, factor))
    for number, frame in enumerate(counts):
        stack.buffer(number)[:] = frame
    np.testing.assert_allclose(stack.total(), counts.sum(axis=0, dtype=np.float64), rtol=1e-6)
    means = stack.calibrate(gain, Defects(NONE, NONE, NONE, NONE))
    expected = reference.binned_frames(counts, gain, factor)
    np.testing.assert_allclose(stack._binned, expected, rtol=1e-5)
    np.testing.assert_allclose(means, expected.mean(axis=(1, 2)) / factor**2, rtol=1e-5)


def test_a_stand_in_gives_its_counts_and_its_gain() -> None:
    counts = np.full((2, 8, 8), 3, np.uint8)
    counts[:, 2, 3] = 200
    gain = np.full((8, 8), 2, np.float32)
    gain[2, 3] = 0
    stack = CpuDevice().stack(Layout(2, 8, 8, counts.dtype, 2))
    for number, frame in enumerate(counts):
        stack.buffer(number)[:] = frame
    defects = Defects(np.array([2]), np.array([3]), np.array([1]), np.array([3]))
    np.testing.assert_allclose(stack.calibrate(gain, defects), 6)
    np.testing.assert_allclose(stack._binned, 24)
    assert gain[2, 3] == 0, "the caller's own array is left as it was"


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(1, 3))
def test_moved_sums_and_their_slopes(seed: int, threads: int) -> None:
    rng = np.random.default_rng(seed)
    frames = rng.normal(5, 2, (4, 40, 48)).astype(np.float32)
    stack = CpuDevice(threads).stack(Layout(*frames.shape, frames.dtype, 1))
    for number, frame in enumerate(frames):
        stack.buffer(number)[:] = frame
    stack.calibrate(None, Defects(NONE, NONE, NONE, NONE))
    amplitudes = RadialTable(rng.uniform(0.2, 1, (4, 64)).astype(np.float32), 0.4 / 63)
    spectra = stack.spectra([Window(0, 0, 40, 48), Window(0, 0, 40, 48)], 0.4, amplitudes)
    shifts = rng.normal(0, 2, (2, 4, 2))
    match = spectra.match(shifts)
    weight = rng.uniform(0, 1, 60)
    rings = spectra.rings
    slopes = match.gradients(weight)
    for number in range(2):
        transforms = spectra.real[number].astype(complex) + 1j * spectra.imaginary[number]
        total = reference.moved_sum(transforms, spectra.rows, spectra.columns, shifts[number])
        powers = np.bincount(rings.number.ravel(), (rings.share * np.abs(total) ** 2).ravel(), 60)
        np.testing.assert_allclose(match.power_of_sum[number], powers, rtol=1e-3)
        expected = reference.power_slopes(
            transforms, spectra.rows, spectra.columns, shifts[number], rings.spread(weight).astype(float)
        )
        np.testing.assert_allclose(slopes[number], expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())


@settings(deadline=None, max_examples=30)
@given(SEEDS, KINDS, st.booleans(), st.sampled_from([(64, 64), (70, 131), (129, 65), (30, 20)]))
def test_displaced_frames_are_summed(seed: int, kind: type, has_gain: bool, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(3, (4, *shape)).astype(kind)
    gain = rng.uniform(0.5, 2, shape).astype(np.float32) if has_gain else None
    tiles = [-(-size // side) for size, side in zip(shape, TILE, strict=True)]
    displacements = rng.normal(0, 20, (4, *tiles, 2)).astype(np.float32)
    shares = rng.normal(0, 1, (3, 4)).astype(np.float32)
    shares[:, 2] = 0
    sums = gather(counts, gain, displacements, shares, Threads(2))
    expected = reference.gathered(counts, gain, displacements, shares.astype(float))
    for number, image in enumerate(expected):
        np.testing.assert_allclose(sums.image(number), image, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_displacement_that_is_no_number_is_refused(value: float) -> None:
    displacements = np.full((2, 1, 1, 2), value, np.float32)
    with pytest.raises(ValueError, match="finite"):
        gather(np.ones((2, 64, 64), np.uint8), None, displacements, np.ones((1, 2), np.float32), Threads(1))


@settings(deadline=None)
@given(SEEDS, st.floats(3_000, 40_000), st.floats(-900, 900), st.floats(-900, 900))
def test_rings_are_matched_and_the_slopes_are_those_of_the_match(
    seed: int, mean: float, along: float, across: float
) -> None:
    rng = np.random.default_rng(seed)
    optics, size = Optics(300, 2.7, 0.1, phase_shift=0.3), 500
    rings, weight, angle = rng.normal(0, 1, size), rng.uniform(0, 1, size), rng.uniform(0, np.pi, size)
    k2 = rng.uniform(1e-3, 0.1, size)

    def match(vector: tuple[float, float, float]) -> float:
        return reference.ring_match(rings, weight, k2, angle, optics, vector)

    product, square, *slopes = match_rings(
        rings,
        weight,
        k2,
        np.cos(2 * angle),
        np.sin(2 * angle),
        optics.focus_factor,
        optics.aberration_factor,
        optics.phase_offset,
        mean,
        along,
        across,
    )
    assert product / np.sqrt(square) == pytest.approx(match((mean, along, across)), abs=1e-3)
    gradient = (np.array(slopes[:3]) - np.array(slopes[3:]) * product / square) / np.sqrt(square)
    for axis in range(3):
        step = np.eye(3)[axis]
        ahead, behind = (tuple(np.array([mean, along, across]) + sign * step) for sign in (1, -1))
        assert gradient[axis] == pytest.approx((match(ahead) - match(behind)) / 2, abs=2e-3 * size**0.5)
