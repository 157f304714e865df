import numpy as np

from cloudlet.cryoem.numerics.dose import critical_dose, weight
from cloudlet.cryoem.numerics.fourier import shifted
from cloudlet.cryoem.numerics.sums import aligned_sums

DOSES = np.full(6, 2.5)


def test_frames_are_moved_back_before_they_are_summed() -> None:
    rng = np.random.default_rng(3)
    image = rng.standard_normal((64, 80)).astype(np.float32)
    motion = np.array([(0.0, 0.0), (1.5, -2.25), (3.0, 0.5), (4.25, 1.0), (5.0, 1.5), (5.5, 2.0)])
    frames = [shifted(image, shift) for shift in motion]
    sums = aligned_sums(frames, motion, DOSES, 1.4, 200)
    smooth = np.fft.rfft2(sums.unweighted - 6 * image)[:30, :38]  # away from Nyquist, where a shift loses the phase
    assert np.abs(smooth).max() < 1e-2


def test_the_weighted_sum_of_noise_has_the_noise_of_one_frame() -> None:
    rng = np.random.default_rng(4)
    frames = rng.standard_normal((6, 256, 256)).astype(np.float32)
    sums = aligned_sums(frames, np.zeros((6, 2)), DOSES, 1.4, 200)
    assert abs(sums.weighted.var() - 1) < 0.02
    assert abs(sums.unweighted.var() - 6) < 0.12


def test_a_wave_is_weighted_by_the_dose_curve() -> None:
    wave = np.cos(2 * np.pi * 20 * np.arange(128) / 128)[None, :] * np.ones((128, 1))
    frames = [wave.astype(np.float32)] * 6
    sums = aligned_sums(frames, np.zeros((6, 2)), DOSES, 1.4, 200)
    critical = critical_dose(np.array([20 / (128 * 1.4)], np.float32), 200)
    shares = np.array([weight(critical, dose)[0] for dose in np.cumsum(DOSES)])
    np.testing.assert_allclose(sums.weighted, wave * shares.sum() / np.sqrt((shares**2).sum()), atol=1e-4)


def test_the_mean_of_the_weighted_sum_is_the_sum_over_the_root_of_the_number_of_frames() -> None:
    frames = np.full((6, 64, 64), 3.0, np.float32)
    assert np.isclose(aligned_sums(frames, np.zeros((6, 2)), DOSES, 1.4, 200).weighted.mean(), 18 / np.sqrt(6))
