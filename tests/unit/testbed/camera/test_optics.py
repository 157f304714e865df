from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.testbed.models import CameraModel, SpecimenModel
from cloudlet.testbed.optics import envelope, lens, phase, radial_tables, wavelength_angstrom
from cloudlet.testbed.rendering import Specimen, fast_size, rendered, weighted_sum
from cloudlet.testbed.scattering import arriving_fraction, elastic_contrast

MODEL = CameraModel(width=512, height=512)
ON_CARBON = replace(MODEL, specimen=SpecimenModel(carbon_angstrom=100.0))


@pytest.mark.parametrize(("voltage", "picometres"), [(100.0, 3.70), (200.0, 2.51), (300.0, 1.97)])
def test_wavelength_is_that_of_the_textbook(voltage: float, picometres: float) -> None:
    assert 100 * wavelength_angstrom(voltage) == pytest.approx(picometres, abs=0.005)


@given(st.floats(4000, 30000), st.floats(0, 1000), st.floats(0, 180), st.floats(0, 360))
def test_phase_follows_the_defocus_of_each_direction(df: float, astig: float, angle: float, at: float) -> None:
    seen = phase(0.1 * math.cos(math.radians(at)), 0.1 * math.sin(math.radians(at)), lens(MODEL, df, astig, angle))
    along = df + astig / 2 * math.cos(2 * math.radians(at - angle))
    assert seen == pytest.approx(phase(0.1, 0.0, lens(MODEL, along, 0, 0)), rel=1e-9)


def test_phase_without_lens_is_that_of_amplitude_contrast() -> None:
    assert math.sin(phase(0.0, 0.0, lens(MODEL, 12000, 0, 0))) == pytest.approx(0.1)


def test_envelope_begins_at_1_and_only_falls() -> None:
    values = envelope(np.linspace(0, 0.5, 100), MODEL)
    assert values[0] == 1
    assert (np.diff(values) < 0).all()


def noise_spectrum(model: CameraModel, defocus: float, ice: float) -> np.ndarray:
    """Radially averaged power of many draws of ice and carbon, by rings of 1 / (512 x 1.4 Å)."""
    tables, optics = radial_tables(model, ice), lens(model, defocus, 0.0, 0.0)
    unfaded = np.ones((1, tables.k.size))
    empty = np.zeros(model.shape, np.float32)
    radius = np.hypot(np.fft.fftfreq(512)[:, None], np.fft.rfftfreq(512)) * 512
    rings = radius.round().astype(int).ravel()
    power = np.zeros(radius.size)
    for seed in range(4):
        image = rendered(Specimen.of(empty, np.random.default_rng(seed)), model, optics, tables, unfaded)[-1]
        power += np.abs(np.fft.rfft2(image)).ravel() ** 2
    return np.bincount(rings, power) / np.bincount(rings)


@pytest.mark.parametrize("defocus", [8000.0, 15000.0])
def test_noise_spectrum_has_its_zeros_where_theory_has_them(defocus: float) -> None:
    spectrum = noise_spectrum(ON_CARBON, defocus, ice=1.0)
    k = np.arange(1, 200) / (512 * 1.4)
    chi = np.array([phase(at, 0.0, lens(MODEL, defocus, 0.0, 0.0)) for at in k])
    zeros = [int(i) + 1 for i in np.flatnonzero(np.diff(np.floor(chi / math.pi)))]
    assert len(zeros) >= 5
    for ring in zeros[:5]:
        near = spectrum[ring - 3 : ring + 5]
        assert abs(int(near.argmin()) - 3) <= 1
        assert near.min() < 0.25 * spectrum[ring - 12 : ring + 12].max()


@pytest.mark.parametrize("thickness", [400.0, 800.0, 1600.0])
def test_rings_vanish_at_the_node_that_the_thickness_of_the_ice_sets(thickness: float) -> None:
    tables = radial_tables(replace(MODEL, specimen=SpecimenModel(carbon_angstrom=0.0)), thickness)
    node = 1 / math.sqrt(wavelength_angstrom(200.0) * thickness)
    ringing = np.interp([0.97 * node, 1.03 * node], tables.k, tables.noise_ringing)
    assert ringing[0] > 0 > ringing[1]


@given(st.floats(10, 5000))
def test_ice_takes_electrons_and_contrast(thickness: float) -> None:
    unscattered = math.exp(-thickness / 3000)
    assert arriving_fraction(thickness) == pytest.approx((1 + unscattered) / 2)
    assert elastic_contrast(thickness) == pytest.approx(2 * unscattered / (1 + unscattered))


def test_white_noise_has_variance_1_per_pixel() -> None:
    specimen = Specimen.of(np.zeros((200, 240), np.float32), np.random.default_rng(1))
    image = np.fft.irfft2(specimen.surroundings, s=specimen.shape)
    assert specimen.shape == (200, 240)
    assert image.var() == pytest.approx(1, abs=4 * math.sqrt(2 / image.size))


@given(st.integers(64, 3000))
def test_fast_size_is_even_and_little_larger(pixels: int) -> None:
    size = fast_size(pixels)
    assert size % 2 == 0
    assert pixels <= size <= 1.125 * pixels


def test_weighted_sum_is_numpys() -> None:
    images = np.random.default_rng(0).standard_normal((3, 20, 30)).astype(np.float32)
    weights = np.array([0.5, -1.0, 2.0], np.float32)
    assert weighted_sum(images, weights) == pytest.approx(np.tensordot(weights, images, 1), abs=1e-5)
