from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from tests.unit.testbed.microscope_world import World

from cloudlet.testbed.live import LiveMode
from cloudlet.testbed.microscope import KNOBS, DialRefused, Knob, Microscope
from cloudlet.testbed.microscope.stage import LIMIT_UM, jogging, resting, travelling
from cloudlet.testbed.models import DIAL_LIMITS, ImpossibleCamera

DEFOCUS = KNOBS["target_defocus_um"]


@pytest.mark.parametrize("text", ["1.8", "-1.8", "1.80", ".18e1"])
def test_a_defocus_is_read_with_or_without_its_sign(text: str) -> None:
    assert DEFOCUS.parse(text) == 1.8


@pytest.mark.parametrize("text", ["", ".", "-", "1.2.3", "nan", "inf", "0.1", "17"])
def test_what_is_no_possible_defocus_is_refused_in_words(text: str) -> None:
    with pytest.raises(DialRefused, match="Defocus"):
        DEFOCUS.parse(text)


@given(st.sampled_from(list(KNOBS.values())), st.text(max_size=9))
def test_any_text_gives_a_possible_value_or_a_refusal(knob: Knob, text: str) -> None:
    try:
        value = knob.parse(text)
    except DialRefused:
        return
    assert knob.minimum <= value <= knob.maximum


@given(st.sampled_from(list(KNOBS.values())), st.floats(0, 1), st.integers(-1000, 1000))
def test_steps_never_leave_the_range(knob: Knob, part: float, steps: int) -> None:
    start = knob.minimum + part * (knob.maximum - knob.minimum)
    assert knob.minimum <= knob.stepped(start, steps) <= knob.maximum


def test_whatever_can_be_dialled_the_camera_can_do() -> None:
    for key in KNOBS.keys() & DIAL_LIMITS.keys():
        assert DIAL_LIMITS[key].low <= KNOBS[key].minimum
        assert KNOBS[key].maximum <= DIAL_LIMITS[key].high


def test_the_defaults_are_those_of_the_demonstration(microscope: Microscope) -> None:
    dials = microscope.order().dials
    assert (dials.frames, dials.dose_per_frame, dials.drift, dials.ice) == (16, 2.5, 1.0, 1.0)


def test_an_unknown_knob_is_refused(microscope: Microscope) -> None:
    with pytest.raises(DialRefused, match="no knob called 'warp'"):
        microscope.dial("warp", 9)


def test_dials_and_stage_are_as_they_were_after_a_restart(world: World) -> None:
    before = world.microscope()
    before.dial("ice", 2.0)
    before.dial("planned_movies", 12)
    before.move_stage(3.0, 4.0)
    world.seconds += 60
    before.close()
    after = world.microscope().snapshot()
    assert (after.dials["ice"], after.planned_movies) == (2.0, 12)
    assert (after.stage.x_um, after.stage.y_um) == pytest.approx((3.0, 4.0))


def test_a_spoiled_memory_is_forgotten(world: World) -> None:
    (world.folder / "truth").mkdir()
    for spoiled in ("", "[]", '{"dials": {"ice": 99}}', '{"dials": {"ice": null}}'):
        (world.folder / "truth" / "microscope.json").write_text(spoiled)
        assert world.microscope().snapshot().dials["ice"] == 1.0


def test_every_act_is_written_into_the_log(microscope: Microscope) -> None:
    microscope.dial("drift", 5.0)
    microscope.switch_valves(opened=False)
    assert [line.text for line in microscope.snapshot().log] == ["Drift set to 5.0 x", "Column valves closed"]


def test_a_jog_goes_on_until_it_is_halted(world: World, microscope: Microscope) -> None:
    microscope.choose_stage_speed(2.0)
    microscope.jog(1, 0)
    world.seconds += 10
    assert microscope.snapshot().stage.x_um == pytest.approx(20.0)
    assert microscope.snapshot().stage.is_moving
    microscope.jog(0, 0)
    world.seconds += 10
    assert microscope.snapshot().stage.x_um == pytest.approx(20.0)
    assert not microscope.snapshot().stage.is_moving


def test_a_stage_sent_beyond_its_limits_stays(microscope: Microscope) -> None:
    for x, y in ((1001.0, 0.0), (0.0, -1001.0), (math.nan, 0.0)):
        with pytest.raises(DialRefused):
            microscope.move_stage(x, y)
    assert not microscope.snapshot().stage.is_moving


def test_a_movie_begins_with_the_stage_where_it_is(world: World, microscope: Microscope) -> None:
    microscope.move_stage(30.0, -40.0)
    world.seconds += 1.25
    assert (microscope.order().dials.stage_x_um, microscope.order().dials.stage_y_um) == (15.0, -20.0)


places = st.floats(-LIMIT_UM, LIMIT_UM)
moments = st.floats(0, 1e5)


@given(places, places, st.floats(-50, 50), st.floats(-50, 50), moments)
def test_a_stage_never_leaves_its_limits(x: float, y: float, speed_x: float, speed_y: float, after: float) -> None:
    motion = jogging(resting(x, y), 0.0, speed_x, speed_y)
    assert all(abs(place) <= LIMIT_UM for place in motion.at(after))


@given(places, places, places, places)
def test_a_stage_arrives_where_it_was_sent_and_stands_still(x: float, y: float, to_x: float, to_y: float) -> None:
    motion = travelling(resting(x, y), 5.0, to_x, to_y, 20.0)
    assert motion.at(1e6) == pytest.approx((to_x, to_y), abs=1e-6)
    assert not motion.is_moving(1e6)


def test_a_stage_at_its_limit_no_longer_moves() -> None:
    motion = jogging(resting(LIMIT_UM - 1, 0.0), 0.0, 1.0, 0.0)
    assert motion.is_moving(0.5)
    assert not motion.is_moving(2.0)
    assert jogging(resting(LIMIT_UM, 0.0), 0.0, -1.0, 0.0).is_moving(0.5)


def test_live_mode_is_part_of_what_is_seen(microscope: Microscope) -> None:
    microscope.choose_live_mode(LiveMode.FOCUS)
    assert microscope.snapshot().live_mode is LiveMode.FOCUS


def test_the_truth_must_not_lie_inside_the_raw_folder(world: World) -> None:
    with pytest.raises(ValidationError, match="truth_folder lies inside raw_folder"):
        world.settings(truth_folder=world.folder / "raw" / "truth")


@pytest.mark.parametrize("changes", [{"password": None}, {"password_file": "p"}])
def test_a_password_is_needed_in_exactly_one_place(world: World, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="set either password or password_file"):
        world.settings(**changes)


def test_a_password_is_read_from_the_first_line_of_its_file(world: World) -> None:
    path = world.folder / "password"
    path.write_text("low dose\nmore\n")
    settings = world.settings(password=None, password_file=path)
    assert settings.console_password() == SecretStr("low dose")


def test_a_camera_that_does_not_exist_is_refused_with_those_that_do(world: World) -> None:
    with pytest.raises(ImpossibleCamera, match=r"no camera called 'k9'.*k3"):
        world.microscope(camera="k9")
