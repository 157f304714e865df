import numpy as np

from cloudlet.cryoem.numerics.cpu.weighting import CpuHalfPlane
from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf
from cloudlet.cryoem.numerics.pictures import micrograph_picture, spectrum_picture
from cloudlet.cryoem.numerics.threads import Threads

OPTICS = Optics(200, 2.7, 0.1)


def picture(image: np.ndarray, longest_side: int) -> np.ndarray:
    plane = CpuHalfPlane.of(image, Threads(1))
    return micrograph_picture(plane, (image.shape[0], image.shape[1]), 1.4, 10, longest_side)


def test_a_picture_is_made_smaller_but_never_larger() -> None:
    image = np.random.default_rng(0).standard_normal((300, 400)).astype(np.float32)
    assert picture(image, 200).shape == (150, 200)
    assert picture(image, 2000).shape == (300, 400)


def test_what_is_bright_at_the_bottom_stays_at_row_zero() -> None:
    image = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
    image[:40, :60] += 20
    small = picture(image, 64)
    assert small[2:8, 2:12].mean() > 200
    assert small[-8:].mean() < 100


def test_a_constant_image_does_no_harm() -> None:
    assert picture(np.ones((256, 256), np.float32), 64).shape == (64, 64)


def test_measured_and_fitted_halves_of_a_theoretical_spectrum_continue_each_other() -> None:
    defocus = Defocus(9_500, 8_500, 30.0)
    spectrum = 2 + np.square(ctf(256, 1.4, OPTICS, defocus))
    picture = spectrum_picture(spectrum, np.ones(128), 1.4, OPTICS, defocus).astype(float)
    reach = picture.shape[0] // 2
    assert picture.shape == (2 * reach, 2 * reach)
    measured, fitted = picture[1:, reach + 1 :], picture[1:, reach - 1 : 0 : -1][::-1]
    inner = slice(reach // 3, -reach // 3)
    assert np.corrcoef(measured[inner, :60].ravel(), fitted[inner, :60].ravel())[0, 1] > 0.9
