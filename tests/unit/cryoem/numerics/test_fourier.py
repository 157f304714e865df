import numpy as np

from cloudlet.cryoem.numerics.fourier import edge, radial_frequency


def test_frequency_reaches_half_a_pixel_along_an_axis() -> None:
    frequency = radial_frequency((64, 48), 1.4)
    assert frequency.shape == (64, 25)
    assert frequency[0, 0] == 0
    assert np.isclose(frequency[0, -1], 0.5 / 1.4)
    assert np.isclose(frequency[32, 0], 0.5 / 1.4)


def test_an_edge_is_one_inside_and_falls_towards_both_ends() -> None:
    window = edge(100, 0.1)
    assert np.all(window[15:-15] == 1)
    assert window[0] < 0.1
    np.testing.assert_allclose(window, window[::-1], atol=1e-7)
