import numpy as np
import pytest

from cloudlet.cryoem.numerics import reference
from cloudlet.cryoem.numerics.cpu.gathering import gather
from cloudlet.cryoem.numerics.cpu.weighting import CpuHalfPlane
from cloudlet.cryoem.numerics.device import TILE, RadialTable
from cloudlet.cryoem.numerics.interpolation import transfer
from cloudlet.cryoem.numerics.low_rank import LARGEST_ERROR, exact_weights, exposure_weights
from cloudlet.cryoem.numerics.padding import padded_size
from cloudlet.cryoem.numerics.threads import Threads

FRAMES = 24


@pytest.mark.parametrize(
    ("voltage", "pixel", "dose"), [(300, 0.83, 50), (200, 0.83, 50), (100, 1.4, 30), (300, 0.5, 80)]
)
def test_few_sums_give_what_one_transform_a_frame_gives_with_the_error_that_is_expected(
    voltage: float, pixel: float, dose: float
) -> None:
    rng = np.random.default_rng(int(voltage))
    counts = rng.poisson(0.9, (FRAMES, 256, 256)).astype(np.uint8)
    doses, used = np.full(FRAMES, dose / FRAMES), np.ones(FRAMES, bool)
    few = exposure_weights(doses, used, pixel, voltage)
    assert few.expected_error <= LARGEST_ERROR
    at_rest = np.zeros((FRAMES, 256 // TILE[0], 256 // TILE[1], 2), np.float32)
    blurred = (
        gather(counts, None, at_rest, few.shares, Threads(1)).combined([few.filters], (256, 256))[0].image(256, 256)
    )
    radii = np.linspace(0, 0.75, 4000)
    exact = reference.exposure_weighted(
        counts.astype(float), exact_weights(radii / pixel, np.cumsum(doses), used, voltage), radii
    )
    plane = CpuHalfPlane.of(exact.astype(np.float32), Threads(1))
    sharpened = plane._transform / (transfer(np.fft.fftfreq(256))[:, None] * transfer(np.fft.rfftfreq(256))[None, :])
    expected = np.fft.irfft2(sharpened)
    error = (blurred - expected).std() / expected.std()
    # a small image has few frequencies where the weights change fastest: its own error lies within a quarter of what is
    # expected; 1e-5 is what the interpolation of a table of weights adds
    assert 0.75 * few.expected_error < error < 1.25 * few.expected_error + 1e-5


def test_the_first_sum_is_the_plain_one_and_a_dead_frame_is_in_none_but_has_dosed_the_specimen() -> None:
    doses, used = np.full(10, 4.0), np.ones(10, bool)
    used[3] = False
    few = exposure_weights(doses, used, 1.0, 300)
    np.testing.assert_array_equal(few.shares[0], used)
    np.testing.assert_allclose(few.shares[:, 3], 0, atol=1e-6)
    whole = exact_weights(np.array([0.1]), np.cumsum(doses), used, 300)
    assert whole[4, 0] / whole[2, 0] == pytest.approx(
        np.exp(-4.0 * 2 / (2 * (0.24499 * 0.1**-1.6649 + 2.8141))), rel=1e-4
    )


def test_the_mean_is_the_sum_of_the_frames_means_over_the_root_of_their_number() -> None:
    counts = np.full((9, 128, 128), 2, np.uint8)
    few = exposure_weights(np.full(9, 2.0), np.ones(9, bool), 1.0, 300)
    at_rest = np.zeros((9, 2, 2, 2), np.float32)
    image = gather(counts, None, at_rest, few.shares, Threads(1)).combined([few.filters], (128, 128))[0].image(128, 128)
    np.testing.assert_allclose(image, 18 / 3, rtol=1e-4)


def test_the_interpolation_s_blur_is_taken_back() -> None:
    rng = np.random.default_rng(0)
    frequency = np.fft.rfftfreq(256)
    assert np.all(np.abs(transfer(frequency)[frequency < 0.3] - 1) < 0.01)
    counts = rng.poisson(30, (64, 256, 256)).astype(np.uint8)
    displacements = rng.uniform(-1, 1, (64, 4, 4, 2)).astype(np.float32)
    sums = gather(counts, None, displacements, np.ones((1, 64), np.float32), Threads(1))
    image = sums.combined([RadialTable(np.ones((1, 2), np.float32), 1.0)], (256, 256))[0].image(256, 256)
    power = np.abs(np.fft.rfft2(image - image.mean())) ** 2
    radius = np.hypot(np.fft.fftfreq(256)[:, None], frequency[None, :])
    rings = [power[(radius > low) & (radius < low + 0.05)].mean() for low in (0.05, 0.15, 0.25, 0.35)]
    np.testing.assert_allclose(rings, rings[0], rtol=0.06)


@pytest.mark.parametrize("size", [256, 3710, 3838, 4092, 5760, 8184, 11520])
def test_padded_sizes_transform_fast_and_can_be_halved(size: int) -> None:
    padded = padded_size(size)
    assert size <= padded <= 1.05 * size + 8
    rest = padded
    for factor in (2, 3, 5):
        while rest % factor == 0:
            rest //= factor
    assert rest == 1
    assert padded % 8 == 0


def test_super_resolution_is_cropped_in_fourier_space() -> None:
    y, x = np.mgrid[:256, :256]
    fine = 10 + np.cos(2 * np.pi * (3 * y + 5 * x) / 256) + np.cos(2 * np.pi * 100 * x / 256)
    half = CpuHalfPlane.of(fine.astype(np.float32), Threads(1)).image(128, 128)
    expected = 4 * (10 + np.cos(2 * np.pi * (6 * y + 10 * x) / 256))[:128, :128]
    np.testing.assert_allclose(half, expected, atol=1e-3)
