"""Both handshakes: by hand, against each other, and against servers that say no."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.access.rfb import (
    ClientHandshake,
    ConsoleRefused,
    PasswordRefused,
    ProtocolError,
    SecurityUnsupported,
    ServerHandshake,
    TooManyFailures,
)
from cloudlet.access.rfb.versions import Version, read_version
from cloudlet.access.rfb.vncauth import answer

FORMAT = bytes(range(16))
INIT = struct.pack("!HH16sI", 1280, 800, FORMAT, 5) + b"scope"
CHALLENGE = bytes(range(100, 116))
OK = bytes(4)
FAILED = (1).to_bytes(4, "big")


def text(sentence: str) -> bytes:
    return len(sentence).to_bytes(4, "big") + sentence.encode()


def conversation(handshake: ClientHandshake | ServerHandshake, data: bytes, cuts: list[int] | None = None) -> bytes:
    """Feed `data` in pieces cut at `cuts`, and return all that was answered."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts or []), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(places)]
    return b"".join(handshake.receive(piece) for piece in pieces)


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (b"RFB 003.003\n", Version.V3_3),
        (b"RFB 003.005\n", Version.V3_3),
        (b"RFB 003.006\n", Version.V3_3),
        (b"RFB 003.007\n", Version.V3_7),
        (b"RFB 003.008\n", Version.V3_8),
        (b"RFB 003.889\n", Version.V3_8),
        (b"RFB 004.000\n", Version.V3_8),
        (b"RFB 004.001\n", Version.V3_8),
        (b"RFB 005.000\n", Version.V3_8),
    ],
)
def test_versions_seen_in_the_field_mean_one_of_three_dialects(line: bytes, version: Version) -> None:
    assert read_version(line) is version


@pytest.mark.parametrize(
    "line", [b"SSH-2.0-Open", b"HTTP/1.1 400", b"RFB 3.8\n\0\0\0\0", b"RFB 002.009\n", b"\xff" * 12]
)
def test_what_is_not_rfb_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_version(line)


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"RFB 003.008\n\x01\x00", b"\x01\x01" + OK),
        (b"RFB 003.007\n\x01\x01", b"\x01\x01"),
        (b"RFB 003.003\n\x01", b"\x00\x00\x00\x01"),
    ],
)
@given(cuts=st.lists(st.integers(0, 20)))
def test_browser_of_each_version_gets_in_without_a_password(said: bytes, answered: bytes, cuts: list[int]) -> None:
    handshake = ServerHandshake()
    assert conversation(handshake, said + b"more", cuts) == answered
    assert handshake.is_done
    assert handshake.rest == b"more"


def test_browser_that_chooses_what_was_not_offered_is_refused() -> None:
    with pytest.raises(ProtocolError):
        conversation(ServerHandshake(), b"RFB 003.008\n\x02")


PROOF = answer(CHALLENGE, "password")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (b"RFB 003.008\n\x03\x05\x02\x01" + CHALLENGE + OK, b"RFB 003.008\n\x02" + PROOF + b"\x01"),
        (b"RFB 003.008\n\x01\x01" + OK, b"RFB 003.008\n\x01\x01"),
        (b"RFB 003.007\n\x01\x02" + CHALLENGE + OK, b"RFB 003.007\n\x02" + PROOF + b"\x01"),
        (b"RFB 003.007\n\x01\x01", b"RFB 003.007\n\x01\x01"),
        (b"RFB 003.003\n\x00\x00\x00\x02" + CHALLENGE + OK, b"RFB 003.003\n" + PROOF + b"\x01"),
        (b"RFB 003.006\n\x00\x00\x00\x01", b"RFB 003.003\n\x01"),
        (b"RFB 003.889\n\x02\x1e\x02" + CHALLENGE + OK, b"RFB 003.008\n\x02" + PROOF + b"\x01"),
    ],
)
@given(cuts=st.lists(st.integers(0, 100)))
def test_gateway_gets_into_servers_of_each_version_and_shares(said: bytes, answered: bytes, cuts: list[int]) -> None:
    handshake = ClientHandshake("password")
    assert conversation(handshake, said + INIT + b"pixels", cuts) == answered
    assert handshake.rest == b"pixels"
    screen = handshake.server_init
    assert (screen.width, screen.height, screen.pixel_format, screen.name) == (1280, 800, FORMAT, b"scope")
    assert screen.encode() == INIT


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"RFB 003.008\n\x01\x02" + CHALLENGE + FAILED + text("Authentication failed"), PasswordRefused),
        (b"RFB 003.008\n\x01\x02" + CHALLENGE + FAILED + text("Too many security failures"), TooManyFailures),
        (b"RFB 003.007\n\x01\x02" + CHALLENGE + FAILED, PasswordRefused),
        (b"RFB 003.007\n\x01\x02" + CHALLENGE + (2).to_bytes(4, "big"), TooManyFailures),
        (b"RFB 003.003\n" + OK + text("Too many security failures"), TooManyFailures),
        (b"RFB 003.008\n\x00" + text("Too many security failures"), TooManyFailures),
        (b"RFB 003.008\n\x00" + text("Too many authentication failures"), TooManyFailures),
        (b"RFB 003.008\n\x00" + text("Too many viewers"), ConsoleRefused),
        (b"RFB 003.008\n\x01\x02" + CHALLENGE + FAILED + text("Too many viewers"), ConsoleRefused),
        (b"RFB 003.008\n\x01\x01" + FAILED + text("Server is full"), ConsoleRefused),
        (b"RFB 003.008\n\x00" + text("Server is full"), ConsoleRefused),
        (b"RFB 003.008\n\x02\x13\x1e", SecurityUnsupported),
        (b"RFB 003.003\n\x00\x00\x00\x1e", SecurityUnsupported),
        (b"RFB 003.008\n\x00\x7f\xff\xff\xff", ProtocolError),
        (b"RFB 003.008\n\x01\x01" + OK + struct.pack("!HH16sI", 1, 1, FORMAT, 1 << 31), ProtocolError),
    ],
)
def test_each_refusal_is_reported_apart(said: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as refused:
        conversation(ClientHandshake("password"), said)
    assert type(refused.value) is error


def test_reason_of_the_server_is_reported_without_its_control_characters() -> None:
    with pytest.raises(ConsoleRefused, match=r"refuses: Server is full\.") as refused:
        conversation(ClientHandshake(None), b"RFB 003.008\n\x00" + text("Server\x1b\x07 is full\n"))
    assert str(refused.value).isprintable()


def test_missing_password_is_reported_before_anything_is_tried() -> None:
    handshake = ClientHandshake(None)
    with pytest.raises(PasswordRefused, match="has none"):
        conversation(handshake, b"RFB 003.008\n\x01\x02")


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_random_servers_never_make_the_handshake_buffer_much(pieces: list[bytes]) -> None:
    handshake = ClientHandshake("password")
    try:
        for piece in pieces:
            handshake.receive(piece)
            assert handshake.is_done or len(handshake._received) < 4096 + 40
    except (ProtocolError, ConsoleRefused):
        return
