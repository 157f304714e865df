"""What makes no sense never reaches an instrument; what noVNC and TigerVNC really say does, to the byte."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.access.rfb import InputFilter, ProtocolError, Right, limits
from cloudlet.access.rfb.messages import (
    ClientMessage,
    ContinuousUpdates,
    CutText,
    Fence,
    Key,
    Pointer,
    QemuKey,
    SetDesktopSize,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
    Xvp,
)
from cloudlet.access.rfb.parser import MessageParser

SIZE = (1280, 800)
STAFF = Right.INPUT | Right.MACHINE
U8, U16 = st.integers(0, 255), st.integers(0, 65535)
RESIZED = [SetEncodings((-223,)), SetEncodings((-308,)), SetEncodings((7, -308, -223))]


def pixels(bits: int, depth: int, maxima: tuple[int, int, int], shifts: tuple[int, int, int], **flags: bool) -> bytes:
    flag_bytes = (flags.get("is_big_endian", False), flags.get("is_true_colour", True))
    return struct.pack("!BB??HHHBBB3x", bits, depth, *flag_bytes, *maxima, *shifts)


def went(*messages: ClientMessage, size: tuple[int, int] = SIZE) -> list[ClientMessage]:
    gate = InputFilter(STAFF, size)
    return list(MessageParser().feed(gate.receive(b"".join(message.encode() for message in messages), 0.0)))


def refused(message: ClientMessage) -> bool:
    try:
        went(message)
    except ProtocolError:
        return True
    return False


REAL_FORMATS = {
    "noVNC, 24 bits": pixels(32, 24, (255, 255, 255), (0, 8, 16)),
    "noVNC, 8 bits": pixels(8, 8, (3, 3, 3), (0, 2, 4)),
    "TigerVNC, full colour": pixels(32, 24, (255, 255, 255), (16, 8, 0)),
    "TigerVNC on a big-endian host": pixels(32, 24, (255, 255, 255), (16, 8, 0), is_big_endian=True),
    "TigerVNC, 256 colours": pixels(8, 8, (7, 7, 3), (5, 2, 0)),
    "TigerVNC, 64 colours": pixels(8, 6, (3, 3, 3), (4, 2, 0)),
    "TigerVNC, 8 colours": pixels(8, 3, (1, 1, 1), (2, 1, 0)),
    "16 bits, green with one more": pixels(16, 16, (31, 63, 31), (11, 5, 0)),
    "ten bits for each colour": pixels(32, 30, (1023, 1023, 1023), (20, 10, 0)),
}

SENSELESS_FORMATS = {
    "a largest value of 0": pixels(32, 24, (255, 0, 255), (16, 8, 0)),
    "a largest value with gaps": pixels(32, 24, (255, 254, 255), (16, 8, 0)),
    "a shift beyond the pixel": pixels(32, 24, (255, 255, 255), (16, 8, 255)),
    "a colour half outside": pixels(32, 24, (255, 255, 255), (25, 8, 0)),
    "overlapping colours": pixels(32, 24, (255, 255, 255), (16, 8, 4)),
    "a colour map": pixels(8, 8, (7, 7, 3), (5, 2, 0), is_true_colour=False),
    "24 bits": pixels(24, 24, (255, 255, 255), (16, 8, 0)),
    "0 bits": pixels(0, 0, (255, 255, 255), (16, 8, 0)),
    "more depth than bits": pixels(16, 24, (31, 63, 31), (11, 5, 0)),
    "no depth": pixels(32, 0, (255, 255, 255), (16, 8, 0)),
    "colours deeper than the depth": pixels(32, 16, (255, 255, 255), (16, 8, 0)),
}


@pytest.mark.parametrize("name", REAL_FORMATS)
def test_pixel_format_of_a_real_viewer_goes_through_to_the_byte(name: str) -> None:
    message = SetPixelFormat(REAL_FORMATS[name])
    assert went(message) == [message]


@pytest.mark.parametrize("name", SENSELESS_FORMATS)
def test_pixel_format_in_which_no_picture_can_be_written_ends_the_conversation(name: str) -> None:
    assert refused(SetPixelFormat(SENSELESS_FORMATS[name]))


@given(st.binary(min_size=16, max_size=16) | st.sampled_from(sorted(REAL_FORMATS.values())), st.integers(0, 15), U8)
def test_pixel_format_that_goes_through_can_be_computed_with(data: bytes, place: int, byte: int) -> None:
    try:
        (message,) = went(SetPixelFormat(data[:place] + bytes([byte]) + data[place + 1 :]))
    except ProtocolError:
        return
    assert isinstance(message, SetPixelFormat)
    bits, depth, big, true, *numbers = struct.unpack("!BBBBHHHBBB3x", message.pixel_format)
    assert message.pixel_format[13:] == bytes(3)
    assert (bits in {8, 16, 32}, 0 < depth <= bits, big in {0, 1}, true) == (True, True, True, 1)
    places = [
        {shift + n for n in range(17) if maximum >> n & 1}
        for maximum, shift in zip(numbers[:3], numbers[3:], strict=True)
    ]
    assert all(maximum + 1 in {2**n for n in range(1, 17)} for maximum in numbers[:3])
    assert max(set.union(*places)) < bits
    assert sum(map(len, places)) == len(set.union(*places)) <= depth


@given(U16, U16, U16, U16, st.booleans(), st.booleans())
def test_no_area_outside_of_a_screen_that_cannot_change_is_asked_for(
    x: int, y: int, width: int, height: int, is_incremental: bool, is_continuous: bool
) -> None:
    kind = ContinuousUpdates if is_continuous else UpdateRequest
    wanted = kind(True if is_continuous else is_incremental, x, y, width, height)
    if x + width > 65535 or y + height > 65535:
        assert refused(wanted)
        return
    for message in went(wanted):
        assert isinstance(message, UpdateRequest | ContinuousUpdates)
        assert (message.x, message.y) == (x, y)
        assert 0 < message.width <= min(width, SIZE[0] - x)
        assert 0 < message.height <= min(height, SIZE[1] - y)


def test_area_is_cut_to_the_screen_and_none_is_asked_for_where_nothing_is_left() -> None:
    assert went(UpdateRequest(True, 1000, 700, 1000, 1000)) == [UpdateRequest(True, 1000, 700, 280, 100)]
    assert went(ContinuousUpdates(True, 0, 0, 4000, 4000)) == [ContinuousUpdates(True, 0, 0, *SIZE)]
    for nothing in ((1280, 0, 1, 1), (0, 800, 1, 1), (0, 0, 0, 9), (0, 0, 9, 0)):
        assert went(UpdateRequest(True, *nothing), ContinuousUpdates(True, *nothing)) == []


def test_end_of_continuous_updates_is_for_the_whole_screen_wherever_it_says_to_be() -> None:
    assert went(ContinuousUpdates(False, 9, 65535, 65535, 9)) == [ContinuousUpdates(False, 0, 0, 0, 0)]


@pytest.mark.parametrize("encodings", RESIZED)
def test_screen_that_grew_is_asked_for_whole_by_a_viewer_that_was_told_of_it(encodings: SetEncodings) -> None:
    larger = UpdateRequest(False, 0, 0, 2560, 1600)
    assert went(encodings, larger, Pointer(1, 2000, 1500))[1:] == [larger, Pointer(1, 2000, 1500)]
    gone_again = SetEncodings((0,))  # the size that was told of stays
    assert went(encodings, gone_again, larger)[2:] == [larger]


def test_pointer_stays_on_a_screen_that_cannot_change() -> None:
    assert went(Pointer(1, 65535, 65535), Pointer(0, 3, 4)) == [Pointer(1, 1279, 799), Pointer(0, 3, 4)]


@pytest.mark.parametrize(("size", "x", "y"), [((0, 0), 0, 0), ((0, 800), 0, 799), ((1280, 0), 1279, 0)])
def test_pointer_on_a_screen_without_pixels_stays_at_its_edge(size: tuple[int, int], x: int, y: int) -> None:
    assert went(Pointer(1, 65535, 65535), size=size) == [Pointer(1, x, y)]


def desktop(width: int, height: int, *screens: tuple[int, int, int, int, int]) -> SetDesktopSize:
    return SetDesktopSize(width, height, tuple(struct.pack("!IHHHHI", *screen, 0) for screen in screens))


@pytest.mark.parametrize(
    "wanted",
    [
        desktop(1920, 1200, (7, 0, 0, 1920, 1200)),
        desktop(3840, 1080, (1, 0, 0, 1920, 1080), (2, 1920, 0, 1920, 1080)),
        desktop(1920, 1080, (1, 0, 0, 1920, 1080), (2, 0, 0, 1920, 1080)),
    ],
)
def test_desktop_with_screens_on_it_may_be_asked_for(wanted: SetDesktopSize) -> None:
    assert went(wanted) == [wanted]


@pytest.mark.parametrize(
    "wanted",
    [
        desktop(0, 800, (1, 0, 0, 1, 1)),
        desktop(800, 0, (1, 0, 0, 1, 1)),
        desktop(65535, 1, (1, 0, 0, 1, 1)),
        desktop(16384, 16384, (1, 0, 0, 1, 1)),
        desktop(800, 600),
        desktop(800, 600, (1, 0, 0, 0, 600)),
        desktop(800, 600, (1, 1, 0, 800, 600)),
        desktop(800, 600, (1, 0, 65535, 800, 600)),
        desktop(800, 600, (1, 0, 0, 800, 600), (1, 0, 0, 800, 600)),
    ],
)
def test_desktop_that_makes_no_sense_ends_the_conversation(wanted: SetDesktopSize) -> None:
    assert refused(wanted)


def test_observer_who_wants_another_desktop_is_not_even_judged() -> None:
    assert InputFilter(Right.NONE).receive(desktop(0, 0).encode(), 0.0) == b""


@pytest.mark.parametrize("key", [Key(True, 0xFF0D), Key(False, 0x1008FF13), Key(True, 0x100263A), QemuKey(True, 0, 1)])
def test_key_that_keyboards_have_goes_through(key: ClientMessage) -> None:
    assert went(key) == [key]


@pytest.mark.parametrize(
    "message",
    [
        Key(True, 0),
        Key(True, 0x20000000),
        QemuKey(True, 0x20000000, 0x1E),
        QemuKey(True, 0x61, 0),
        QemuKey(False, 0x61, 0x100),
        Xvp(2, 2),
        Xvp(1, 5),
    ],
)
def test_what_no_keyboard_and_no_computer_has_ends_the_conversation(message: ClientMessage) -> None:
    assert refused(message)


def test_answer_to_a_fence_has_the_flags_of_this_version_only() -> None:
    assert went(Fence(0x7FFFFFFF, b"mark")) == [Fence(7, b"mark")]
    assert went(Fence(0x80000001, b"mark")) == []


def test_clipboard_text_has_the_protocols_line_ends_and_no_zeros() -> None:
    assert went(CutText(b"one\r\ntwo\rthree\n\0four \xe9")) == [CutText(b"one\ntwo\nthree\nfour \xe9")]
    longest = CutText(b"a" * limits.MAX_CUT_TEXT_BYTES)
    assert went(longest) == [longest]
