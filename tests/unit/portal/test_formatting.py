from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.analytics import Figure
from cloudlet.portal.formatting import (
    age_text,
    figure_text,
    is_beyond,
    limit_text,
    seconds_text,
    size_text,
    utc_text,
)

HAZE = Figure("haze", "Haze", "Å", 2, "How thick the air is.", 5.0, "above")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9), st.integers(0, 6))
def test_a_number_is_read_back_to_within_half_its_last_digit(value: float, digits: int) -> None:
    text = figure_text(value, replace(HAZE, digits=digits))
    read = float(text.replace(",", "").replace("−", "-"))
    assert abs(read - value) <= 0.5 * 10**-digits + 1e-6
    assert "-" not in text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_is_a_dash(value: float | None) -> None:
    assert figure_text(value, HAZE) == "–"


def test_nothing_is_minus_zero() -> None:
    assert figure_text(-0.001, HAZE) == "0.00"


@pytest.mark.parametrize(
    ("side", "value", "beyond"),
    [("above", 5.1, True), ("above", 5.0, False), ("below", 4.9, True), ("below", 5.0, False)],
)
def test_the_threshold_itself_is_still_good(side, value, beyond) -> None:
    assert is_beyond(value, replace(HAZE, bad_side=side)) is beyond


def test_a_figure_without_threshold_is_never_beyond_it() -> None:
    assert not is_beyond(1e9, replace(HAZE, threshold=None))
    assert limit_text(replace(HAZE, threshold=None)) == ""
    assert limit_text(HAZE) == "at most 5.00 Å"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (-3, "0 s"), (6.4, "6 s"), (119, "119 s"), (120, "2 min"), (7380, "2 h 3 min"), (200_000, "2 days")],
)
def test_a_length_of_time_is_reported_in_the_units_that_matter(seconds, text) -> None:
    assert seconds_text(seconds) == text


def test_instants_have_their_zone_and_ages_their_word() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert utc_text(noon) == "2026-11-23 12:00:00 UTC"
    assert utc_text(None) == "–"
    assert age_text(noon, noon + timedelta(seconds=40)) == "40 s ago"
    assert age_text(None, noon) == "never"


@pytest.mark.parametrize(("size", "text"), [(999, "999 B"), (16_000_000, "16.0 MB"), (3e12, "3.0 TB")])
def test_sizes_are_decimal(size, text) -> None:
    assert size_text(size) == text
