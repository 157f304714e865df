"""A researcher's night: start an acquisition on the microscope's own screen, judge it, change it."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser
from tests.acceptance.demo import Cockpit, Demo
from tests.acceptance.truth import Comparison, compare
from tests.patience import eventually

pytestmark = [pytest.mark.acceptance, pytest.mark.needs("chromium"), pytest.mark.timeout(900)]

MOVIE_SECONDS = 40.0
"""Longest wait for one more movie, on a machine busy with a browser, a camera and the pipeline."""


def measured_with(
    demo: Demo, cockpit: Cockpit, is_dialled: Callable[[Comparison], bool], count: int
) -> list[Comparison]:
    """Return `count` measured movies that were taken with what was dialled."""

    def found() -> list[Comparison]:
        movies = [compare(demo, exposure) for exposure in cockpit.done()]
        chosen = [movie for movie in movies if is_dialled(movie)]
        return chosen if len(chosen) >= count else []

    return eventually(found, count * MOVIE_SECONDS, f"{count} movies measured with the new dials")


def test_what_is_dialled_on_the_screen_shows_in_what_is_measured(demo: Demo, browser: Browser) -> None:
    cockpit = Cockpit(demo.sign_in(browser, "Ada Park")).open()
    eventually(lambda: cockpit.facts()["console"]["operator"], 20, "Ada in control")
    cockpit.click("start")

    first = measured_with(demo, cockpit, lambda movie: True, 8)
    for movie in first:
        assert movie.defocus_error_angstrom <= 100, movie
        assert movie.astigmatism_error_angstrom <= 200, movie
        assert movie.motion_error_px <= 0.2, movie
    assert statistics.median(movie.defocus_error_angstrom for movie in first) <= 40
    assert statistics.median(movie.astigmatism_error_angstrom for movie in first) <= 80

    cockpit.dial("target_defocus_um", "2.10")
    followed = measured_with(demo, cockpit, lambda movie: movie.truth.dials.target_defocus_um == 2.1, 3)
    for movie in followed:
        assert movie.values["defocus"] == pytest.approx(2.1, abs=0.15)
        assert movie.values["target_defocus"] == pytest.approx(2.1, abs=0.001)

    cockpit.dial("drift", "5")
    drifted = measured_with(demo, cockpit, lambda movie: movie.truth.dials.drift == 5, 3)
    assert median(drifted, "motion_total") >= 2 * median(first, "motion_total")

    cockpit.dial("drift", "1")
    cockpit.dial("ice", "2")
    thick = measured_with(demo, cockpit, lambda movie: movie.truth.dials.ice == 2 and movie.truth.dials.drift == 1, 4)
    assert median(thick, "fit_resolution") >= median(followed, "fit_resolution") + 0.4
    assert median(thick, "counts") < 0.98 * median(first, "counts")

    cockpit.click("stop")


def median(movies: list[Comparison], figure: str) -> float:
    """Return the median of a figure over `movies`."""
    return statistics.median(movie.values[figure] for movie in movies)
