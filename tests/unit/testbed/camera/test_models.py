from __future__ import annotations

import json
import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.testbed.models import (
    CAMERAS,
    DIAL_LIMITS,
    CameraModel,
    Dials,
    ImpossibleCamera,
    ImpossibleDial,
    Movie,
    Truth,
)


def test_every_dial_has_limits() -> None:
    assert set(DIAL_LIMITS) == {field.name for field in fields(Dials)}


@given(st.sampled_from(sorted(DIAL_LIMITS)), st.floats(0, 1))
def test_dial_turns_between_its_limits(name: str, part: float) -> None:
    limits = DIAL_LIMITS[name]
    value = min(limits.high, limits.low + part * (limits.high - limits.low))
    assert getattr(replace(Dials(), **{name: value}), name) == value


@given(st.sampled_from(sorted(DIAL_LIMITS)), st.sampled_from([-1.0, 1.0]))
def test_dial_beyond_its_limits_is_refused_by_name(name: str, side: float) -> None:
    limits = DIAL_LIMITS[name]
    with pytest.raises(ImpossibleDial, match=name.replace("_", " ")):
        replace(Dials(), **{name: limits.high * 1.01 if side > 0 else limits.low - 0.01})


def test_all_impossible_dials_are_named_at_once() -> None:
    with pytest.raises(ImpossibleDial, match=r"drift is nan.*ice is 99, possible is 0\.1 to 10\."):
        Dials(drift=math.nan, ice=99.0)


def test_ready_made_cameras_carry_their_own_names() -> None:
    assert {name: model.name for name, model in CAMERAS.items()} == {name: name for name in CAMERAS}
    assert CAMERAS["k3"].shape == (4092, 5760)


@pytest.mark.parametrize(
    "wrong", [{"width": 63}, {"height": 9000}, {"pixel_size_angstrom": 0.0}, {"voltage_kv": math.nan}]
)
def test_impossible_camera_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ImpossibleCamera):
        replace(CameraModel(), **wrong)


def test_truth_is_read_back_as_it_was_written(movie: Movie) -> None:
    written = movie.truth.to_json()
    assert Truth.from_json(written) == movie.truth
    assert json.loads(written)["defocus_u_angstrom"] == movie.truth.defocus_u_angstrom


def test_defocus_u_is_the_larger_underfocus(movie: Movie) -> None:
    truth = movie.truth
    assert truth.defocus_u_angstrom > truth.defocus_angstrom > truth.defocus_v_angstrom
    assert truth.astigmatism_angstrom == pytest.approx(truth.defocus_u_angstrom - truth.defocus_v_angstrom)
