from __future__ import annotations

import numpy as np
import pytest

from cloudlet.testbed.foil import FIELD_UM
from cloudlet.testbed.live import LiveMode, LiveView


@pytest.fixture(scope="module")
def view() -> LiveView:
    return LiveView(size=128, seed=3)


def settled(view: LiveView, x_um: float, y_um: float, mode: LiveMode, **more: float) -> np.ndarray:
    """What the running mean shows after a while, edges left out."""
    for _ in range(20):
        picture = view.frame(x_um, y_um, mode, **more)
    return picture[1:-1, 1:-1].astype(float)


def alike(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


@pytest.mark.parametrize("mode", LiveMode)
def test_pictures_are_square_and_grey(view: LiveView, mode: LiveMode) -> None:
    picture = view.frame(0.0, 0.0, mode)
    assert picture.shape == (128, 128)
    assert picture.dtype == np.uint8
    assert 5 < picture.std() < 100


@pytest.mark.parametrize("mode", LiveMode)
@pytest.mark.parametrize(("dx", "dy"), [(40, 0), (0, 40), (24, 32)])
def test_specimen_moves_against_the_stage(view: LiveView, mode: LiveMode, dx: int, dy: int) -> None:
    pixel = view.field_um(mode) / 128
    before = settled(view, 0.55, 0.2, mode)
    after = settled(view, 0.55 + dx * pixel, 0.2 + dy * pixel, mode)
    # Row 0 is the top of the screen: what lies further up in the specimen comes down, what lies right moves left.
    followed, stayed = after[dy:, : 126 - dx], before[: 126 - dy, dx:]
    assert alike(followed, stayed) > 0.3
    assert alike(followed, stayed) > alike(before, after) + 0.2


def test_foil_repeats_without_a_seam(view: LiveView) -> None:
    here = settled(view, 0.6, 0.1, LiveMode.SEARCH)
    assert alike(here, settled(view, 0.6 + FIELD_UM, 0.1 - 3 * FIELD_UM, LiveMode.SEARCH)) > 0.9


def test_hole_is_in_the_middle_at_the_origin(view: LiveView) -> None:
    picture = settled(view, 0.0, 0.0, LiveMode.SEARCH)
    assert picture[53:73, 53:73].mean() > settled(view, 1.25, 0.0, LiveMode.SEARCH)[53:73, 53:73].mean() + 30


def test_thicker_ice_is_darker(view: LiveView) -> None:
    thin = settled(view, 0.0, 0.0, LiveMode.FOCUS).mean()
    assert settled(view, 0.0, 0.0, LiveMode.FOCUS, ice=3.0).mean() < thin - 20


def test_focus_view_follows_the_defocus_dial() -> None:
    view = LiveView(size=256, seed=3)

    def seen(defocus_um: float) -> np.ndarray:
        view.frame(0.0, 0.0, LiveMode.SEARCH)
        return settled(view, 0.0, 0.0, LiveMode.FOCUS, defocus_um=defocus_um)

    near, far = seen(0.5), seen(5.0)
    assert alike(near, far) < 0.85 * alike(far, seen(5.0))


def test_grain_never_stands_still(view: LiveView) -> None:
    first = view.frame(0.0, 0.0, LiveMode.SEARCH)
    assert not np.array_equal(first, view.frame(0.0, 0.0, LiveMode.SEARCH))
