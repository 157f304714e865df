from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.testbed.camera.conftest import RIGID, SMALL

from cloudlet.testbed.camera import Camera, count_rate
from cloudlet.testbed.models import CameraModel, Dials, ImpossibleDial, Movie


def test_a_movie_is_the_same_whatever_was_taken_before(camera: Camera, movie: Movie) -> None:
    camera.expose(2, Dials(frames=3, drift=5.0))
    again = Camera(SMALL, seed=11).expose(1, Dials(frames=4))
    assert np.array_equal(again.frames, movie.frames)
    assert again.truth == movie.truth


def test_number_and_seed_each_make_another_movie(camera: Camera, movie: Movie) -> None:
    dials = Dials(frames=4)
    others = [camera.expose(2, dials), Camera(SMALL, seed=12).expose(1, dials), Camera(SMALL, seed=1).expose(11, dials)]
    for other in others:
        assert other.truth.particles != movie.truth.particles
        assert not np.array_equal(other.frames, movie.frames)


def test_frames_have_the_cameras_shape(movie: Movie) -> None:
    assert movie.frames.shape == (4, 224, 256)
    assert movie.frames.dtype == np.uint8


def test_a_dial_leaves_alone_what_it_does_not_concern(camera: Camera, movie: Movie) -> None:
    truth = camera.expose(1, Dials(frames=4, target_defocus_um=2.0, ice=2.0)).truth
    assert truth.particles == movie.truth.particles
    assert truth.shifts_px == movie.truth.shifts_px
    assert truth.defocus_angstrom - movie.truth.defocus_angstrom == pytest.approx(5000)


def test_actual_defocus_scatters_around_the_target_by_the_autofocus_error() -> None:
    tiny = Camera(CameraModel(width=64, height=64), seed=3)
    truths = [tiny.expose(number, Dials(frames=1)).truth for number in range(100)]
    errors = np.array([truth.defocus_angstrom - 15000 for truth in truths])
    assert errors.std() == pytest.approx(300, rel=0.25)
    assert abs(errors.mean()) < 4 * 300 / math.sqrt(100)
    assert all(50 <= truth.astigmatism_angstrom <= 600 for truth in truths)


@pytest.mark.parametrize("ice", [0.5, 1.0, 2.0, 4.0])
def test_ice_lowers_the_counts_by_the_formula(camera: Camera, ice: float) -> None:
    dials = Dials(frames=4, ice=ice)
    expected = 2.5 * 1.4**2 * 0.85 * (1 + math.exp(-400 * ice / 3000)) / 2
    movie = camera.expose(5, dials)
    corrected = movie.frames.mean(axis=0) * camera.gain
    cool = corrected < 20
    assert movie.truth.counts_per_pixel_frame == pytest.approx(expected)
    assert corrected[cool].mean() == pytest.approx(expected, rel=0.01)


def test_doubled_ice_costs_6_percent_of_the_counts() -> None:
    assert count_rate(SMALL, Dials(ice=2.0)) / count_rate(SMALL, Dials()) == pytest.approx(0.94, abs=0.005)


def test_too_high_a_dose_is_refused_with_the_dose_that_is_possible() -> None:
    coarse = replace(SMALL, pixel_size_angstrom=5.0)
    with pytest.raises(ImpossibleDial, match=r"Lower the dose per frame below \d"):
        Camera(coarse, seed=1).expose(1, Dials(dose_per_frame=20.0))


def peak(correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position of the highest peak around zero, by a parabola along each axis, as (y, x)."""
    at = np.unravel_index(correlation.argmax(), correlation.shape)
    found = []
    for axis, size in enumerate(correlation.shape):
        before, top, after = (
            correlation[
                tuple((p + step * (i == axis)) % n for i, (p, n) in enumerate(zip(at, correlation.shape, strict=True)))
            ]
            for step in (-1, 0, 1)
        )
        centred = (at[axis] + size // 2) % size - size // 2
        found.append(centred + 0.5 * (before - after) / (before + after - 2 * top))
    return np.array(found)


def test_every_frame_shows_the_picture_where_the_truth_says() -> None:
    model = replace(RIGID, hot_pixels_per_megapixel=0.0)
    camera = Camera(model, seed=4)
    dials = Dials(drift=3.0, frames=8, dose_per_frame=5.0)
    movie = camera.expose(1, dials)
    _, scene = camera.scene(1, dials)
    unmoved = scene.contrast(0)[scene.margin :, scene.margin :][: SMALL.height, : SMALL.width]
    picture = np.fft.fft2(unmoved)
    for frame, shift in zip(movie.frames, movie.truth.shifts_px, strict=True):
        seen = np.fft.fft2(frame * camera.gain)
        correlation = np.fft.ifft2(seen * picture.conj() * soft(picture.shape)).real
        assert peak(correlation) == pytest.approx(shift, abs=0.3)


STILL = {"burst_angstrom": 0.0, "drift_angstrom_per_dose": 0.0, "jitter_angstrom": 0.0}


def soft(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A low-pass filter that suits a noisy correlation."""
    k2 = np.fft.fftfreq(shape[0])[:, None] ** 2 + np.fft.fftfreq(shape[1]) ** 2
    return np.exp(-k2 / (2 * 0.12**2))


def test_particles_lie_where_the_truth_says() -> None:
    bare = replace(RIGID, specimen=replace(RIGID.specimen, carbon_angstrom=0.0, ice_angstrom=1.0))
    camera = Camera(replace(bare, motion=replace(RIGID.motion, **STILL)), seed=4)
    movie = camera.expose(1, Dials(target_defocus_um=4.0, frames=16, ice=0.1))
    mean = (movie.frames.clip(0, 30) * camera.gain).mean(axis=0)
    smooth = np.fft.ifft2(np.fft.fft2(mean) * soft(mean.shape) ** 30).real
    inside = [p for p in movie.truth.particles if 30 < p.y_px < 194 and 30 < p.x_px < 226]
    at_particles = [smooth[round(p.y_px), round(p.x_px)] for p in inside]
    assert len(at_particles) >= 1
    assert np.mean(at_particles) < smooth.mean() - 2 * smooth.std()
