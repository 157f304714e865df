from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.testbed.microscope_world import World

from cloudlet.testbed.console import LAYOUT, Rect
from cloudlet.testbed.console.keys import ARROWS, BACK_TAB, CHARACTERS
from cloudlet.testbed.console.live_picture import LivePicture, dark, scale_bar
from cloudlet.testbed.console.screen import Screen
from cloudlet.testbed.live import LiveMode
from cloudlet.testbed.microscope import KNOBS, Microscope, Tone

TAB, ENTER, SPACE, ESCAPE, BACKSPACE, SHIFT = 0xFF09, 0xFF0D, 0x20, 0xFF1B, 0xFF08, 0xFFE1
LEFT, UP, RIGHT, DOWN = 0xFF51, 0xFF52, 0xFF53, 0xFF54


class Operator:
    """Hands on a screen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.microscope = world.microscope()
        self.screen = Screen(self.microscope, monotonic=lambda: world.seconds)
        self.screen.take_damage()

    def press(self, name: str) -> None:
        self.screen.pointer(*LAYOUT[name].centre, 1)

    def release(self, name: str) -> None:
        self.screen.pointer(*LAYOUT[name].centre, 0)

    def click(self, name: str) -> None:
        self.press(name)
        self.release(name)

    def type(self, text: str, *keys: int) -> None:
        for keysym in [*map(ord, text), *keys]:
            self.screen.key(keysym, is_down=True)
            self.screen.key(keysym, is_down=False)

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.world.seconds += 0.1
            self.screen.tick()

    def dial(self, key: str) -> float:
        return self.microscope.snapshot().dials[key]

    def damage(self) -> list[Rect]:
        self.screen.settle()
        return self.screen.take_damage()

    @property
    def is_moving(self) -> bool:
        return self.microscope.snapshot().stage.is_moving


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


@pytest.mark.parametrize(("key", "text", "value"), [("ice", "2", 2.0), ("frames", "24", 24.0), ("drift", "0,5", 0.5)])
def test_a_value_is_typed_into_its_field(operator: Operator, key: str, text: str, value: float) -> None:
    operator.click(key)
    operator.type(text, ENTER)
    assert operator.dial(key) == value


def test_typing_replaces_the_old_value_and_backspace_takes_back(operator: Operator) -> None:
    operator.click("dose_per_frame")
    operator.type("39", BACKSPACE)
    operator.type(".5", ENTER)
    assert operator.dial("dose_per_frame") == 3.5


def test_escape_drops_what_was_typed(operator: Operator) -> None:
    operator.click("ice")
    operator.type("2", ESCAPE, ENTER)
    assert operator.dial("ice") == 1.0


def test_a_click_elsewhere_accepts_what_was_typed(operator: Operator) -> None:
    operator.click("target_defocus_um")
    operator.type("1.9")
    operator.click("live_focus")
    assert operator.dial("target_defocus_um") == 1.9


def test_nothing_typed_changes_nothing(operator: Operator) -> None:
    operator.click("ice")
    operator.type("", ENTER, TAB)
    assert operator.microscope.snapshot().log == ()


def test_an_impossible_value_is_refused_in_the_log(operator: Operator) -> None:
    operator.click("target_defocus_um")
    operator.type("17", ENTER)
    line = operator.microscope.snapshot().log[-1]
    assert line.text == "Defocus can be set from 0.30 to 5.00 um. The old value still holds."
    assert line.tone is Tone.BAD
    assert operator.dial("target_defocus_um") == 1.5


def test_a_click_counts_only_where_it_began(operator: Operator) -> None:
    operator.press("live_focus")
    operator.release("live_search")
    assert operator.microscope.snapshot().live_mode is LiveMode.SEARCH


def test_a_held_plus_repeats_until_it_is_let_go(operator: Operator) -> None:
    operator.press("drift_more")
    assert operator.dial("drift") == 1.5
    operator.wait(0.3)
    assert operator.dial("drift") == 1.5
    operator.wait(0.5)
    assert operator.dial("drift") > 2.5
    operator.release("drift_more")
    before = operator.dial("drift")
    operator.wait(2)
    assert operator.dial("drift") == before


@pytest.mark.parametrize("name", ["stage_left", "stage_right", "stage_up", "stage_down"])
def test_a_held_arrow_moves_the_stage_until_it_is_let_go(operator: Operator, name: str) -> None:
    operator.press(name)
    operator.wait(1)
    operator.release("header")
    stage = operator.microscope.snapshot().stage
    expected = {"stage_left": (-0.2, 0), "stage_right": (0.2, 0), "stage_up": (0, 0.2), "stage_down": (0, -0.2)}[name]
    assert (stage.x_um, stage.y_um) == pytest.approx(expected)
    assert not stage.is_moving


def test_arrow_keys_move_the_stage_and_cancel_each_other(operator: Operator) -> None:
    operator.screen.key(LEFT, is_down=True)
    assert operator.is_moving
    operator.screen.key(RIGHT, is_down=True)
    assert not operator.is_moving
    operator.screen.key(LEFT, is_down=False)
    assert operator.is_moving
    operator.screen.key(RIGHT, is_down=False)
    assert not operator.is_moving


def test_the_screen_is_held_while_a_button_or_key_is_down(operator: Operator) -> None:
    operator.press("stage_up")
    assert operator.screen.is_held
    operator.release("stage_up")
    operator.screen.key(SHIFT, is_down=True)
    assert operator.screen.is_held
    operator.screen.key(SHIFT, is_down=False)
    assert not operator.screen.is_held


def test_a_button_that_the_screen_believes_down_is_not_pressed_again(operator: Operator) -> None:
    operator.press("stage_left")
    operator.press("start")
    operator.release("start")
    assert not operator.is_moving
    assert not operator.microscope.snapshot().acquisition.is_running


def test_tab_goes_round_all_controls_and_back(operator: Operator) -> None:
    operator.click("target_defocus_um")
    operator.type("2", TAB, TAB)
    assert operator.dial("target_defocus_um") == 2.0
    operator.type("", SPACE)
    assert operator.dial("dose_per_frame") == 2.25
    operator.type("", BACK_TAB, ENTER)
    assert operator.dial("target_defocus_um") == pytest.approx(2.1)


def test_shift_and_tab_go_back(operator: Operator) -> None:
    operator.click("frames")
    operator.screen.key(SHIFT, is_down=True)
    operator.type("", TAB)
    operator.screen.key(SHIFT, is_down=False)
    operator.type("", SPACE)
    assert operator.dial("frames") == 15


def test_a_key_that_repeats_by_itself_clicks_once(operator: Operator) -> None:
    operator.click("valves")
    for _ in range(5):
        operator.screen.key(SPACE, is_down=True)
    assert operator.microscope.snapshot().column.are_valves_open


def test_a_focused_arrow_is_held_by_the_space_bar(operator: Operator) -> None:
    operator.click("stage_right")
    operator.screen.key(SPACE, is_down=True)
    assert operator.is_moving
    operator.screen.key(SPACE, is_down=False)
    assert not operator.is_moving


def test_a_greyed_button_does_nothing(operator: Operator) -> None:
    operator.click("stop")
    assert operator.microscope.snapshot().log == ()


def test_the_stage_goes_to_a_typed_place(operator: Operator) -> None:
    operator.click("stage_x")
    operator.type("-12.5", ENTER)
    operator.wait(5)
    assert operator.microscope.snapshot().stage.x_um == pytest.approx(-12.5)


@pytest.mark.parametrize("name", ["high_tension", "valves", "screen"])
def test_a_switch_changes_the_column_there_and_back(operator: Operator, name: str) -> None:
    operator.click(name)
    assert not operator.microscope.snapshot().column.is_beam_on_camera
    operator.click(name)
    assert operator.microscope.snapshot().column.is_beam_on_camera


def test_only_what_a_press_changes_is_damaged(operator: Operator) -> None:
    operator.press("live_focus")
    assert [LAYOUT["live_focus"].covers(rect) for rect in operator.damage()] == [True]


def test_a_pointer_that_only_moves_damages_nothing(operator: Operator) -> None:
    for x in range(0, 1280, 7):
        operator.screen.pointer(x, 500, 0)
    assert operator.damage() == []


def test_damage_covers_every_pixel_that_changed(operator: Operator) -> None:
    before = operator.screen.pixels.copy()
    operator.click("ice_more")
    operator.click("valves")
    operator.wait(1)
    changed = (operator.screen.pixels != before).any(axis=2)
    for rect in operator.damage():
        changed[rect.rows_columns] = False
    assert not changed.any()


def test_the_live_picture_is_damage_once(operator: Operator) -> None:
    picture = np.full((512, 512), 77, np.uint8)
    operator.screen.show_live(picture)
    operator.screen.show_live(picture)
    assert operator.damage() == [LAYOUT["live"]]
    assert (operator.screen.pixels[LAYOUT["live"].rows_columns] == 77).all()
    assert (operator.screen.photo(Rect(330, 110, 20, 10)) == 77).all()


def test_the_dark_picture_says_why(microscope: Microscope) -> None:
    assert dark("No beam", "The high tension is off.") is dark("No beam", "The high tension is off.")
    assert dark("No beam", "The high tension is off.").shape == (512, 512)


@pytest.mark.parametrize("field_um", [0.14, 1.0, 3.07, 9.2, 400.0])
def test_the_scale_bar_fits_and_is_as_long_as_it_says(field_um: float) -> None:
    label = scale_bar(field_um)
    bar = int((label[28] > 200).sum())
    assert 2 <= bar <= 150
    length_um = bar / 512 * field_um
    mantissa = length_um / 10 ** np.floor(np.log10(length_um * 1.02))
    assert min(abs(mantissa / digit - 1) for digit in (1, 2, 5)) < 0.03


def test_the_live_view_shows_the_specimen_with_its_scale_until_the_beam_goes(microscope: Microscope) -> None:
    microscope.choose_live_mode(LiveMode.FOCUS)
    live = LivePicture(seed=1)
    picture = live.next(microscope.snapshot())
    assert picture.shape == (512, 512)
    assert picture[:400].std() > 10
    assert (picture[-13, 12:60] == 24).all()
    microscope.switch_high_tension(on=False)
    assert live.next(microscope.snapshot()) is dark("No beam on the camera", "The high tension is off.")


acts = st.one_of(
    st.tuples(st.just("pointer"), st.sampled_from(sorted(set(LAYOUT) - {"start"})), st.integers(0, 3)),
    st.tuples(
        st.just("key"),
        st.sampled_from([*CHARACTERS, *ARROWS, TAB, BACK_TAB, SPACE, ENTER, ESCAPE, SHIFT]),
        st.booleans(),
    ),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(acts, max_size=30))
def test_no_sequence_of_acts_leaves_the_possible_or_a_stage_that_moves_by_itself(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[str, str | int, int | bool]]
) -> None:
    operator = Operator(World(tmp_path_factory.mktemp("world")))
    for kind, what, state in sequence:
        if kind == "pointer":
            operator.screen.pointer(*LAYOUT[str(what)].centre, int(state))
        else:
            operator.screen.key(int(what), is_down=bool(state))
        operator.wait(0.1)
    operator.screen.pointer(0, 0, 0)
    for keysym in [*ARROWS, SPACE, ENTER, SHIFT]:
        operator.screen.key(keysym, is_down=False)
    assert all(KNOBS[key].minimum <= value <= KNOBS[key].maximum for key, value in _dials(operator).items())
    operator.wait(0.1)
    operator.world.seconds += 1000
    assert not operator.is_moving


def _dials(operator: Operator) -> dict[str, float]:
    return dict(operator.microscope.snapshot().dials)
