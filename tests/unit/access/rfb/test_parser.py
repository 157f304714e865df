"""From bytes to messages: every kind, every limit, every cut."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.access.rfb import ProtocolError, limits
from cloudlet.access.rfb.messages import (
    ClientMessage,
    ContinuousUpdates,
    CutText,
    Discarded,
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

U8, U16, U32 = st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1)
PLACE = (U16, U16, U16, U16)

MESSAGES = st.one_of(
    st.builds(
        lambda bits, rest: SetPixelFormat(bytes([bits]) + rest),
        st.sampled_from([8, 16, 32]),
        st.binary(min_size=15, max_size=15),
    ),
    st.builds(SetEncodings, st.lists(st.integers(-(2**31), 2**31 - 1), max_size=256).map(tuple)),
    st.builds(UpdateRequest, st.booleans(), *PLACE),
    st.builds(Key, st.booleans(), U32),
    st.builds(Pointer, U8, U16, U16),
    st.builds(CutText, st.binary(max_size=200)),
    st.builds(ContinuousUpdates, st.booleans(), *PLACE),
    st.builds(Fence, U32, st.binary(max_size=64)),
    st.builds(Xvp, U8, U8),
    st.builds(SetDesktopSize, U16, U16, st.lists(st.binary(min_size=16, max_size=16), max_size=16).map(tuple)),
    st.builds(QemuKey, st.booleans(), U32, U32),
    st.sampled_from([QemuAudio(b"\0\1"), QemuAudio(b"\0\2" + bytes(6))]),
)

EXAMPLES: list[tuple[bytes, ClientMessage]] = [
    (b"\x00\x01\x02\x03\x20" + bytes(15), SetPixelFormat(b"\x20" + bytes(15))),
    (b"\x02\x00\x00\x02\x00\x00\x00\x07\xff\xff\xff\x11", SetEncodings((7, -239))),
    (b"\x03\x01\x00\x01\x00\x02\x00\x03\x00\x04", UpdateRequest(True, 1, 2, 3, 4)),
    (b"\x04\x01\xaa\xbb\x00\x00\xff\x51", Key(True, 0xFF51)),
    (b"\x05\x84\x00\x0a\x01\x00", Pointer(0x84, 10, 256)),
    (b"\x06\x00\x00\x00\x00\x00\x00\x02hi", CutText(b"hi")),
    (b"\x96\x01\x00\x00\x00\x00\x05\x00\x03\x20", ContinuousUpdates(True, 0, 0, 1280, 800)),
    (b"\xf8\x00\x00\x00\x80\x00\x00\x01\x01z", Fence(0x80000001, b"z")),
    (b"\xfa\x00\x01\x02", Xvp(1, 2)),
    (b"\xfb\x00\x04\x00\x03\x00\x01\x00" + bytes(16), SetDesktopSize(1024, 768, (bytes(16),))),
    (b"\xff\x00\x00\x01\x00\x00\x00\x61\x00\x00\x00\x1e", QemuKey(True, 0x61, 0x1E)),
    (b"\xff\x01\x00\x01", QemuAudio(b"\x00\x01")),
    (b"\xff\x01\x00\x02\x03\x02\x00\x00\xac\x44", QemuAudio(b"\x00\x02\x03\x02\x00\x00\xac\x44")),
]


def parsed(data: bytes) -> list[ClientMessage]:
    return list(MessageParser().feed(data))


@pytest.mark.parametrize(("data", "message"), EXAMPLES)
def test_each_message_of_the_table_is_read_at_its_length(data: bytes, message: ClientMessage) -> None:
    assert parsed(data + data) == [message, message]
    assert parsed(data[:-1]) == []


@given(st.lists(MESSAGES, max_size=8), st.lists(st.integers(0, 3000)))
def test_what_is_written_is_read_back_however_it_is_cut(messages: list[ClientMessage], cuts: list[int]) -> None:
    data = b"".join(message.encode() for message in messages)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    parser = MessageParser()
    found = [message for start, end in itertools.pairwise(places) for message in parser.feed(data[start:end])]
    assert found == messages
    assert parser.buffered_bytes == 0


@given(st.lists(st.binary(max_size=100), max_size=30))
def test_random_streams_are_read_or_refused_and_never_pile_up(pieces: list[bytes]) -> None:
    parser = MessageParser()
    try:
        for piece in pieces:
            list(parser.feed(piece))
            assert parser.buffered_bytes <= limits.MAX_CUT_TEXT_BYTES + 8
    except ProtocolError:
        return


@pytest.mark.parametrize("first", sorted(set(range(256)) - {0, 2, 3, 4, 5, 6, 150, 248, 250, 251, 255}))
def test_unknown_kinds_end_the_conversation(first: int) -> None:
    with pytest.raises(ProtocolError):
        parsed(bytes([first]))


@pytest.mark.parametrize(
    "head",
    [
        b"\x02\x00\x01\x01",
        b"\xf8\x00\x00\x00\x00\x00\x00\x00\x41",
        b"\xfb\x00\x00\x00\x00\x00\x11\x00",
        b"\xff\x02\x00\x00",
        b"\x06\x00\x00\x00\x7f\xff\xff\xff",
        b"\x06\x00\x00\x00\x80\x00\x00\x00",
    ],
)
def test_what_is_beyond_a_limit_is_refused_by_its_head_alone(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        parsed(head)


@pytest.mark.parametrize("number", [limits.MAX_CUT_TEXT_BYTES + 1, 1_000_000, -4, -1_000_000])
def test_clipboard_text_that_is_too_long_or_extended_is_skipped_unbuffered(number: int) -> None:
    parser = MessageParser()
    messages = list(parser.feed(struct.pack("!B3xi", 6, number)))
    for _ in range(abs(number) // 1000):
        messages += parser.feed(b"\x04" * 1000)
        assert parser.buffered_bytes == 0
    messages += parser.feed(b"\x04" * (abs(number) % 1000))
    assert messages == [Discarded(8 + abs(number))]
    assert list(parser.feed(Key(True, 1).encode())) == [Key(True, 1)]
