"""What goes through, at which level, how often, and what is let go of."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.access.models import InputTrace, PointerState
from cloudlet.access.rfb import InputFilter, MessageBudget, ProtocolError, Right, gateway_budget, limits
from cloudlet.access.rfb.encodings import ALLOWED
from cloudlet.access.rfb.messages import (
    ClientMessage,
    ContinuousUpdates,
    CutText,
    Fence,
    Key,
    Pointer,
    QemuAudio,
    QemuKey,
    SetDesktopSize,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
    Xvp,
)
from cloudlet.access.rfb.parser import MessageParser

INPUT = (Key, QemuKey, Pointer, CutText)
MACHINE = (Xvp, SetDesktopSize)
OPERATOR = Right.INPUT
STAFF = Right.INPUT | Right.MACHINE
KEYS = st.builds(Key, st.booleans(), st.integers(1, 9))
QEMU_KEYS = st.builds(QemuKey, st.booleans(), st.integers(1, 9), st.integers(1, 9))
POINTERS = st.builds(Pointer, st.integers(0, 255), st.integers(0, 99), st.integers(0, 99))
ORDINARY = [
    Key(True, 0x61),
    QemuKey(True, 0x61, 0x1E),
    Pointer(1, 5, 6),
    CutText(b"text"),
    Xvp(1, 2),
    SetDesktopSize(800, 600, (struct.pack("!IHHHHI", 0, 0, 0, 800, 600, 0),)),
    QemuAudio(b"\0\1"),
    Fence(0x80000000, b""),
    Fence(1, b"answer"),
    UpdateRequest(True, 0, 0, 9, 9),
]


def messages_of(data: bytes) -> list[ClientMessage]:
    return list(MessageParser().feed(data))


def passed(rights: Right, *messages: ClientMessage, now: float = 0.0) -> list[ClientMessage]:
    data = b"".join(message.encode() for message in messages)
    return messages_of(InputFilter(rights).receive(data, now))


def test_who_observes_may_only_ask_for_the_screen() -> None:
    assert passed(Right.NONE, *ORDINARY) == [Fence(1, b"answer"), UpdateRequest(True, 0, 0, 9, 9)]


def test_who_operates_has_mouse_keyboard_and_clipboard_but_not_the_machine() -> None:
    went = passed(OPERATOR, *ORDINARY)
    assert went == [*ORDINARY[:4], Fence(1, b"answer"), UpdateRequest(True, 0, 0, 9, 9)]


def test_staff_with_control_has_the_machine_too() -> None:
    assert [type(message) for message in passed(STAFF, *ORDINARY) if isinstance(message, MACHINE)] == [*MACHINE]


def test_staff_without_control_has_nothing() -> None:
    assert passed(Right.MACHINE, *ORDINARY) == passed(Right.NONE, *ORDINARY)


@given(st.lists(st.one_of(st.sampled_from(ORDINARY), KEYS, QEMU_KEYS, POINTERS)), st.lists(st.integers(0, 999)))
def test_no_input_of_an_observer_goes_through_however_it_is_cut(messages: list[ClientMessage], cuts: list[int]) -> None:
    data = b"".join(message.encode() for message in messages)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    gate = InputFilter(Right.NONE)
    out = b"".join(gate.receive(data[a:b], 0.0) for a, b in itertools.pairwise(places))
    assert not [message for message in messages_of(out) if isinstance(message, INPUT + MACHINE)]
    assert gate.restrict(Right.NONE) == b""


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_input_goes_through_for_an_observer_of_random_streams(pieces: list[bytes]) -> None:
    gate, out = InputFilter(Right.NONE), b""
    try:
        for piece in pieces:
            out += gate.receive(piece, 0.0)
    except ProtocolError:
        pass
    assert not [message for message in messages_of(out) if isinstance(message, INPUT + MACHINE)]


@given(st.lists(st.integers(-(2**31), 2**31 - 1) | st.sampled_from(sorted(ALLOWED)), max_size=64))
def test_only_known_harmless_encodings_are_asked_for(encodings: list[int]) -> None:
    forbidden = [-316, -305, -259, -309, struct.unpack("!i", b"\xc0\xa1\xe5\xce")[0]]
    (went,) = passed(STAFF, SetEncodings((*encodings, *forbidden)))
    assert isinstance(went, SetEncodings)
    assert set(went.encodings) == set(encodings) & ALLOWED
    assert not set(went.encodings) & set(forbidden)


def test_what_goes_through_is_written_anew_without_the_padding() -> None:
    smuggled = b"\x04\x01\xde\xad\x00\x00\x00\x61"
    assert InputFilter(OPERATOR).receive(smuggled, 0.0) == Key(True, 0x61).encode()


@given(st.lists(st.one_of(KEYS, QEMU_KEYS, POINTERS), max_size=60))
def test_after_release_nothing_is_held(messages: list[ClientMessage]) -> None:
    gate = InputFilter(OPERATOR)
    data = gate.receive(b"".join(message.encode() for message in messages), 0.0) + gate.restrict(Right.NONE)
    down: set[object] = set()
    buttons = 0
    for message in messages_of(data):
        match message:
            case Key(is_down=is_down, keysym=key):
                (down.add if is_down else down.discard)(("plain", key))
            case QemuKey(is_down=is_down, keycode=key):
                (down.add if is_down else down.discard)(("qemu", key))
            case Pointer(buttons=now_down):
                buttons = now_down
    assert not down
    assert buttons == 0
    assert gate.restrict(Right.NONE) == b""


def test_button_is_let_go_of_where_it_was_held() -> None:
    gate = InputFilter(OPERATOR)
    gate.receive(Pointer(1, 10, 20).encode() + Pointer(1, 30, 40).encode(), 0.0)
    assert gate.trace == InputTrace(PointerState(30, 40, 1))
    assert gate.restrict(Right.NONE) == Pointer(0, 30, 40).encode()


def test_rights_that_were_taken_away_do_not_come_back() -> None:
    gate = InputFilter(OPERATOR)
    gate.restrict(Right.NONE)
    gate.restrict(STAFF)
    assert gate.receive(Key(True, 1).encode(), 0.0) == b""


def test_level_taken_away_in_the_middle_of_a_message_stops_that_message() -> None:
    gate = InputFilter(OPERATOR)
    data = Pointer(1, 1, 1).encode()
    gate.receive(data[:3], 0.0)
    gate.restrict(Right.NONE)
    assert gate.receive(data[3:], 0.0) == b""


def test_not_more_keys_are_held_than_can_be_let_go_of() -> None:
    presses = [Key(True, number) for number in range(1, 1000)]
    went = passed(OPERATOR, *presses)
    assert went == presses[: limits.MAX_HELD_KEYS]


def test_many_requests_for_the_whole_screen_become_requests_for_changes() -> None:
    whole = UpdateRequest(False, 0, 0, 1280, 800)
    went = passed(Right.NONE, *[whole] * 100)
    full = [message for message in went if isinstance(message, UpdateRequest) and not message.is_incremental]
    assert len(went) == 100
    assert len(full) == limits.FULL_UPDATES_BURST


def test_pixel_format_that_changes_all_the_time_ends_the_conversation() -> None:
    change = SetPixelFormat(struct.pack("!BB??HHHBBB3x", 32, 24, False, True, 255, 255, 255, 16, 8, 0)).encode()
    gate = InputFilter(Right.NONE)
    gate.receive(change * int(limits.FORMATS_BURST), 0.0)
    with pytest.raises(ProtocolError):
        gate.receive(change, 0.0)
    gate.receive(change, 2 / limits.FORMATS_PER_SECOND)


def test_who_behaves_never_waits_and_who_floods_does() -> None:
    gate = InputFilter(OPERATOR)
    for tick in range(10_000):
        gate.receive(Pointer(0, tick % 1000, 0).encode(), tick / 200)
        assert gate.seconds_to_wait(tick / 200) == 0
    gate.receive(Pointer(0, 0, 0).encode() * 5000, 50.0)
    assert gate.seconds_to_wait(50.0) == pytest.approx((5000 - limits.MESSAGES_BURST) / limits.MESSAGES_PER_SECOND)


CYRILLIC_A, THORN = 0x6C1, 0xFE


def test_trace_of_the_input_keeps_what_nobody_would_let_go_of_unasked_even_after_it_is_up() -> None:
    gate = InputFilter(OPERATOR)
    presses = [Key(True, 0x61), Key(True, THORN), Key(True, CYRILLIC_A), Key(False, CYRILLIC_A)]
    gate.receive(b"".join(press.encode() for press in presses), 0.0)
    assert gate.trace == InputTrace(None, frozenset({THORN, CYRILLIC_A}), has_scan_codes=False)
    gate.receive(QemuKey(True, CYRILLIC_A, 0x1E).encode(), 0.0)
    assert gate.trace.has_scan_codes


def test_trace_of_an_observer_holds_nothing() -> None:
    gate = InputFilter(Right.NONE)
    gate.receive(Key(True, CYRILLIC_A).encode() + QemuKey(True, 0, 0x1E).encode() + Pointer(1, 2, 3).encode(), 0.0)
    assert gate.trace == InputTrace()


def test_trace_has_an_end_and_never_loses_what_is_held() -> None:
    gate = InputFilter(OPERATOR)
    gate.receive(Key(True, CYRILLIC_A).encode(), 0.0)
    for number in range(2000):
        keysym = 0x1004E00 + number
        gate.receive(Key(True, keysym).encode() + Key(False, keysym).encode(), 0.0)
    assert len(gate.trace.keysyms) == limits.MAX_REMEMBERED_KEYSYMS
    assert {CYRILLIC_A, 0x1004E00 + 1999} <= gate.trace.keysyms


def test_encodings_and_continuous_updates_that_change_all_the_time_end_the_conversation() -> None:
    for change, burst, rate in (
        (SetEncodings((0,)), limits.ENCODINGS_BURST, limits.ENCODINGS_PER_SECOND),
        (ContinuousUpdates(True, 0, 0, 9, 9), limits.CONTINUOUS_UPDATES_BURST, limits.CONTINUOUS_UPDATES_PER_SECOND),
    ):
        gate = InputFilter(Right.NONE)
        gate.receive(change.encode() * int(burst), 0.0)
        with pytest.raises(ProtocolError, match="too often"):
            gate.receive(change.encode(), 0.0)
        gate.receive(change.encode(), 2 / rate)


def test_whose_screen_may_change_its_size_asks_for_no_more_than_any_screen_has() -> None:
    gate = InputFilter(OPERATOR, (640, 480))
    gate.receive(SetEncodings((-223,)).encode(), 0.0)
    asked = messages_of(gate.receive(UpdateRequest(True, 0, 0, 65535, 65535).encode(), 0.0))
    assert asked == [UpdateRequest(True, 0, 0, limits.MAX_SCREEN_SIDE, limits.MAX_SCREEN_SIDE)]
    moved = messages_of(gate.receive(Pointer(0, 65535, 7).encode(), 0.0))
    assert moved == [Pointer(0, limits.MAX_SCREEN_SIDE - 1, 7)]


ASK, MOVE = UpdateRequest(True, 0, 0, 9, 9), Pointer(0, 7, 7)


@pytest.mark.parametrize("press", [Key(True, CYRILLIC_A), QemuKey(True, 0x61, 0x1E), Pointer(1, 5, 6)])
def test_a_press_that_nobody_else_could_let_go_of_waits_for_its_record_and_what_follows_with_it(press) -> None:
    gate = InputFilter(OPERATOR, recorded=InputTrace())
    data = Key(True, 0x61).encode() + press.encode() + ASK.encode() + MOVE.encode()
    assert messages_of(gate.receive(data, 0.0)) == [Key(True, 0x61)]
    assert gate.awaits_record
    assert gate.proceed(0.0) == b""
    assert gate.note_record(InputTrace()) == b""  # one that was on its way does not know of the press
    assert messages_of(gate.note_record(gate.trace)) == [press]
    assert messages_of(gate.proceed(0.0)) == [ASK, MOVE]
    assert messages_of(gate.receive(press.encode(), 0.0)) == [press]


def test_a_press_that_waits_for_its_record_is_dropped_where_input_ends() -> None:
    for end in (InputFilter.suspend, lambda gate: gate.restrict(Right.NONE)):
        gate = InputFilter(OPERATOR, recorded=InputTrace())
        gate.receive(Key(True, CYRILLIC_A).encode() + MOVE.encode() + ASK.encode(), 0.0)
        assert end(gate) == b""
        assert messages_of(gate.proceed(0.0)) == [ASK]


def test_while_input_is_held_back_it_is_dropped_and_a_button_counts_from_its_next_press() -> None:
    gate = InputFilter(OPERATOR, recorded=InputTrace(PointerState(1, 1, 0)))
    gate.receive(Pointer(1, 5, 6).encode() + Key(True, 0x61).encode(), 0.0)
    assert messages_of(gate.suspend()) == [Pointer(0, 5, 6), Key(False, 0x61)]
    held_back = b"".join(each.encode() for each in (Pointer(1, 8, 8), Key(True, 0x62), ASK))
    assert messages_of(gate.receive(held_back, 0.0)) == [ASK]
    gate.note_record(gate.trace)
    dragged = b"".join(Pointer(buttons, 9, 9).encode() for buttons in (1, 1, 0, 1))
    assert messages_of(gate.receive(dragged, 0.0)) == [Pointer(buttons, 9, 9) for buttons in (0, 0, 0, 1)]


def test_all_windows_of_a_person_pay_from_one_budget_and_a_quiet_person_from_what_is_certain() -> None:
    everybody = gateway_budget()
    windows = [
        [InputFilter(Right.NONE, budget=budget) for _ in range(8)]
        for budget in (MessageBudget(everybody) for _ in range(6))
    ]
    waits = []
    for window in (each for persons in windows for each in persons):
        window.receive(ASK.encode() * 1000, 0.0)
        assert window.seconds_to_wait(0.0) == 0  # by itself
        waits.append(window.seconds_to_share(0.0))
    person = (8000 - limits.PERSONS_MESSAGES_BURST) / limits.PERSONS_MESSAGES_PER_SECOND
    certain = limits.CERTAIN_MESSAGES_BURST
    everyone = (6 * (8000 - certain) - limits.ALL_MESSAGES_BURST) / limits.ALL_MESSAGES_PER_SECOND
    assert waits[7] == pytest.approx(person)
    assert waits[-1] == pytest.approx(max(person, everyone))
    quiet = InputFilter(OPERATOR, budget=MessageBudget(everybody))
    for tick in range(1500):
        quiet.receive(Pointer(0, tick % 1000, 0).encode(), tick / 150)
        assert quiet.seconds_to_share(tick / 150) == 0
