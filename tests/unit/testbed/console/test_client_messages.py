from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.testbed.console.client_messages import (
    CutText,
    Key,
    Message,
    MessageParser,
    Pointer,
    SetEncodings,
    SetPixelFormat,
    UpdateRequest,
)
from cloudlet.testbed.console.errors import ProtocolViolation
from cloudlet.testbed.console.pixel_format import NATIVE, PixelFormat
from cloudlet.testbed.console.rectangles import Rect

SENTENCES: list[tuple[bytes, Message]] = [
    (struct.pack(">B3x", 0) + NATIVE.to_bytes(), SetPixelFormat(NATIVE)),
    (struct.pack(">BxH3i", 2, 3, 7, 0, -239), SetEncodings((7, 0, -239))),
    (struct.pack(">BxH", 2, 0), SetEncodings(())),
    (struct.pack(">BBHHHH", 3, 1, 4, 5, 60, 70), UpdateRequest(Rect(4, 5, 60, 70), is_incremental=True)),
    (struct.pack(">BBxxI", 4, 1, 0xFF0D), Key(0xFF0D, is_down=True)),
    (struct.pack(">BBHH", 5, 5, 640, 400), Pointer(640, 400, 5)),
    (struct.pack(">BxxxI", 6, 11) + b"\x04\x05\xff some text"[:11], CutText(11)),
    (struct.pack(">BBHII", 255, 0, 1, 0x61, 30), Key(0x61, is_down=True, keycode=30)),
]


@given(st.lists(st.sampled_from(SENTENCES), max_size=20), st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_messages_are_the_same_however_the_stream_is_cut(said: list[tuple[bytes, Message]], cuts: list[int]) -> None:
    stream, parser, heard = b"".join(data for data, _ in said), MessageParser(), []
    turn = 0
    while stream:
        size = cuts[turn % len(cuts)]
        heard += parser.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert heard == [message for _, message in said]


@given(st.binary(max_size=400))
def test_noise_gives_messages_or_a_violation_and_nothing_else(noise: bytes) -> None:
    parser = MessageParser()
    try:
        for byte in noise:
            parser.feed(bytes([byte]))
    except ProtocolViolation:
        pass


def test_unknown_types_end_the_connection_at_their_first_byte() -> None:
    for kind in set(range(256)) - {0, 2, 3, 4, 5, 6, 255}:
        with pytest.raises(ProtocolViolation, match=f"unknown type {kind}"):
            MessageParser().feed(bytes([kind]))


def test_too_many_encodings_are_refused_before_they_arrive() -> None:
    with pytest.raises(ProtocolViolation, match="513 encodings"):
        MessageParser().feed(struct.pack(">BxH", 2, 513))


@pytest.mark.parametrize("size", [(1 << 20) + 1, 0x7FFFFFFF, 0xFFFFFFF0])
def test_an_endless_clipboard_is_refused_before_it_arrives(size: int) -> None:
    with pytest.raises(ProtocolViolation, match="clipboard"):
        MessageParser().feed(struct.pack(">BxxxI", 6, size))


def test_a_clipboard_is_not_kept_while_it_passes() -> None:
    parser = MessageParser()
    assert parser.feed(struct.pack(">BxxxI", 6, 1 << 20)) == [CutText(1 << 20)]
    for _ in range(1 << 10):
        assert parser.feed(bytes(1 << 10)) == []
    assert parser.feed(SENTENCES[4][0]) == [SENTENCES[4][1]]


@pytest.mark.parametrize(
    "data",
    [
        PixelFormat(bits=24).to_bytes(),
        PixelFormat(maxima=(255, 254, 255)).to_bytes(),
        PixelFormat(maxima=(0, 255, 255)).to_bytes(),
        PixelFormat(bits=16, shifts=(11, 5, 0)).to_bytes(),
        bytes(16),
    ],
)
def test_impossible_pixel_formats_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        PixelFormat.parse(data)
