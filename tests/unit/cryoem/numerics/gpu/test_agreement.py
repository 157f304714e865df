"""The loops by torch beside those by numba and SciPy: on a graphics card where there is one, otherwise on torch's own
processor, which does the same operations."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from benchmarks.simulator import MovieSpec, write_movie
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cryoem.movies import corrected

from cloudlet.cryoem.correction import Correction
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import fit_ctf
from cloudlet.cryoem.numerics.device import Device, Layout, RadialTable, Stack, Window
from cloudlet.cryoem.numerics.frames import Defects
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra
from cloudlet.cryoem.own_correction import OwnCorrector
from cloudlet.cryoem.settings import CryoemSettings

if not os.environ.get("CLOUDLET_TESTS_COMPLETE"):
    pytest.importorskip("torch", reason="torch is not installed; `make torch` installs it")
import torch

from cloudlet.cryoem.numerics.gpu import TorchDevice

NAME = "cuda:0" if torch.cuda.is_available() else "cpu"
KINDS = ["uint8", "int8", "uint16", "int16", "float32"]
DEFECTS = Defects(*(np.array(values, np.intp) for values in ([3, 40], [5, 2], [4, 41], [5, 3])))


def both(seed: int, kind: str, factor: int, *, has_gain: bool = True) -> tuple[list[Stack], list[np.ndarray]]:
    """Return one movie on either device, calibrated, and the means of its frames."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(20, (5, 90, 130)).astype(kind)
    if kind == "uint16":
        counts[:, 0, 0] = 65_000
    gain = rng.uniform(0.5, 2, (90, 130)).astype(np.float32) if has_gain else None
    stacks, means = [], []
    for device in (CpuDevice(1), TorchDevice(NAME)):
        stack: Stack = device.stack(Layout(5, 90, 130, np.dtype(kind), factor))
        for number, frame in enumerate(counts):
            stack.buffer(number)[:] = frame
            stack.take(number)
        np.testing.assert_allclose(stack.total(), counts.astype(np.float64).sum(axis=0), rtol=1e-6)
        means.append(stack.calibrate(gain, DEFECTS))
        stacks.append(stack)
    return stacks, means


@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(KINDS), factor=st.integers(1, 5), has_gain=st.booleans())
@settings(deadline=None, max_examples=25)
def test_frames_are_taken_calibrated_and_binned(seed: int, kind: str, factor: int, has_gain: bool) -> None:
    stacks, means = both(seed, kind, factor, has_gain=has_gain)
    np.testing.assert_allclose(means[1], means[0], rtol=1e-6)
    rows, columns = stacks[0].layout.binned_shape
    whole = [
        stack.spectra([Window(0, 0, rows, columns)], 0.5, RadialTable(np.ones((5, 2), np.float32), 1.0)).low(0.5)
        for stack in stacks
    ]
    scale = np.abs(whole[0].transforms).max()
    np.testing.assert_allclose(whole[1].transforms, whole[0].transforms, atol=1e-5 * scale)  # means of 32 bits
    np.testing.assert_array_equal(whole[1].rows, whole[0].rows)


@given(seed=st.integers(0, 2**32 - 1), limit=st.floats(0.2, 0.5))
@settings(deadline=None, max_examples=25)
def test_windows_are_matched_and_the_slopes_are_the_same(seed: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    stacks, _ = both(seed, "uint8", 1)
    windows = [Window(0, 0, 60, 70), Window(20, 50, 60, 70)]
    amplitudes = RadialTable(rng.uniform(0.2, 1, (5, 20)).astype(np.float32), limit / 19)
    shifts, weight = rng.normal(0, 2, (2, 5, 2)), rng.uniform(0, 1, 60)
    found = []
    for stack in stacks:
        spectra = stack.spectra(windows, limit, amplitudes)
        match = spectra.match(shifts)
        found.append((spectra.sum_of_powers, match.power_of_sum, match.gradients(weight)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-5 * np.abs(ours).max())


@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(KINDS), furthest=st.floats(0, 200))
@settings(deadline=None, max_examples=25)
def test_displaced_frames_are_summed_filtered_and_made_smaller(seed: int, kind: str, furthest: float) -> None:
    rng = np.random.default_rng(seed)
    stacks, _ = both(seed, kind, 2)
    displacements = rng.uniform(-furthest, furthest, (5, 2, 3, 2)).astype(np.float32)
    shares = rng.uniform(-1, 1, (3, 5)).astype(np.float32)
    shares[:, 2] = 0
    filters = RadialTable(rng.uniform(0, 1, (3, 30)).astype(np.float32), 0.72 / 29)
    filters.values[1] = 0
    low_pass = RadialTable(np.linspace(1, 0, 30, dtype=np.float32)[None], 0.72 / 29)
    found = []
    for stack in stacks:
        sums = stack.gathered(displacements, shares)
        images = [sums.image(number) for number in range(3)]
        (plane,), (half,) = sums.combined([filters], (90, 130)), sums.combined([filters], (45, 65))
        smaller = plane.image(31, 44, low_pass), half.image(45, 65), half.image(31, 44, low_pass)
        found.append([*images, plane.image(90, 130), plane.image(45, 65), *smaller])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5 * np.abs(ours).max() + 1e-6)


def test_a_displacement_that_is_no_number_is_refused() -> None:
    stacks, _ = both(0, "uint8", 1)
    for stack in stacks:
        with pytest.raises(ValueError, match="finite"):
            stack.gathered(np.full((5, 2, 3, 2), np.nan, np.float32), np.ones((1, 5), np.float32))


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CryoemSettings]:
    """A movie of the second simulator, with gain, drift, stretch and rings."""
    spec = MovieSpec(1024, 1024, 12, 1.06, 3.0, motion="smooth", strength=3.0)
    path = write_movie(tmp_path_factory.mktemp("raw"), "a", spec, 7)
    reported = {"pixel_size_angstrom": 1.06, "voltage_kv": 300.0, "dose_per_frame": 50 / 12}
    return path, CryoemSettings(**reported, gain=path.with_name("a-gain.mrc"), keep_halves=True)


def test_a_whole_movie_comes_out_the_same(movie: tuple[Path, CryoemSettings]) -> None:
    path, chosen = movie

    def by(device: Device, threads: int) -> Correction:
        return corrected(path, OwnCorrector(device, threads, chosen), chosen)

    ours, theirs = by(CpuDevice(1), 1), by(TorchDevice(NAME), 2)
    np.testing.assert_allclose(theirs.motion.motion, ours.motion.motion, atol=0.01)
    assert ours.halves is not None
    assert theirs.halves is not None
    for own, other in (
        (ours.micrograph, theirs.micrograph),
        (ours.unweighted, theirs.unweighted),
        (ours.halves[0], theirs.halves[0]),
    ):
        assert np.sqrt(np.mean((own - other) ** 2)) < 1e-4 * own.std()
    defocus = []
    for one in (ours, theirs):
        shape = one.unweighted.shape[0], one.unweighted.shape[1]
        spectra = tile_spectra(one.unweighted, tile_size_for(shape, 1.06))
        fit = fit_ctf(spectra, shape, 1.06, Optics(300, 2.7, 0.1))
        assert fit is not None
        defocus.append(fit.defocus)
    assert defocus[1].u_angstrom == pytest.approx(defocus[0].u_angstrom, abs=1)
    assert defocus[1].v_angstrom == pytest.approx(defocus[0].v_angstrom, abs=1)
