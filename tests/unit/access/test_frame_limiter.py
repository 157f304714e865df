"""The counter before the WebSocket parser, held against the framing of the websockets library."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from cloudlet.access import frame_limiter as module
from cloudlet.access.frame_limiter import FrameLimiter, FrameViolation

MAX_BYTES = 64 * 1024
MASKED_HEADER_BYTES = 6

payloads = st.one_of(st.binary(max_size=200), st.integers(126, 20_000).map(bytes))
messages = st.builds(
    lambda opcode, pieces: [
        Frame(opcode if number == 0 else Opcode.CONT, piece, fin=number == len(pieces) - 1)
        for number, piece in enumerate(pieces)
    ],
    st.sampled_from([Opcode.TEXT, Opcode.BINARY]),
    st.lists(payloads.filter(len), min_size=1, max_size=module.MAX_FRAGMENTS),
)
controls = st.builds(Frame, st.sampled_from([Opcode.PING, Opcode.PONG]), st.binary(max_size=125)).map(lambda f: [f])
streams = st.lists(st.one_of(messages, messages, controls), max_size=15).map(lambda parts: list(chain(*parts)))


def wire(frames: Sequence[Frame]) -> bytes:
    return b"".join(frame.serialize(mask=True) for frame in frames)


def parser() -> ServerProtocol:
    return ServerProtocol(state=State.OPEN, max_size=None)


def passed(pieces: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """Return all that passes of `pieces`, and the pieces it comes in, where time goes on as long as it takes."""
    limiter, now, released = FrameLimiter(MAX_BYTES), 0.0, []
    for piece in pieces:
        limiter.receive(piece, now)
        while limiter.is_behind:
            released.append(limiter.release(now))
            now += limiter.seconds_to_wait(now)
    return b"".join(released), released


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    at = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(at)]


@given(streams, st.lists(st.integers(0, 2**20), max_size=30))
def test_all_frames_pass_unchanged_however_the_stream_is_cut(frames: list[Frame], places: list[int]) -> None:
    data = wire(frames)
    whole, _ = passed(cut(data, places))
    assert whole == data


def test_all_frames_pass_when_every_byte_comes_alone() -> None:
    data = wire([Frame(Opcode.BINARY, bytes(length)) for length in (0, 1, 125, 126, 4000)]) + wire(
        [Frame(Opcode.PING, b"?")]
    )
    assert passed([bytes([byte]) for byte in data])[0] == data


@given(streams)
def test_no_slice_holds_more_frames_than_are_parsed_in_one_go(frames: list[Frame]) -> None:
    _, slices = passed([wire(frames)])
    protocol, parsed = parser(), 0
    for piece in slices:
        protocol.receive_data(piece)
        events = protocol.events_received()
        parsed += len(events)
        assert len(events) <= module.SLICE_FRAMES + 1  # one that began in the slice before
        assert len(piece) < module.SLICE_BYTES + MAX_BYTES
    assert parsed == len(frames)


@given(
    st.sampled_from([Frame(Opcode.BINARY, b""), Frame(Opcode.TEXT, b""), Frame(Opcode.BINARY, b"\x05")]),
    st.floats(0.1, 5),
)
def test_frames_pass_at_the_permitted_rate_and_no_faster(frame: Frame, seconds: float) -> None:
    limiter, now, frames = FrameLimiter(MAX_BYTES), 0.0, 0
    size = len(wire([frame]))
    limiter.receive(wire([frame]) * 10_000, now)
    while now < seconds:
        frames += len(limiter.release(now)) // size
        now += limiter.seconds_to_wait(now)
    permitted = permitted_units(seconds, connections=1)
    one_wait = (module.UNITS_PER_SECOND + module.OWN_UNITS_PER_SECOND) * module.PACE_SECONDS
    assert permitted - one_wait - 3 <= frames <= permitted + 2


def test_several_connections_pay_from_one_budget_together() -> None:
    limiters = [FrameLimiter(MAX_BYTES) for _ in range(8)]
    data = wire([Frame(Opcode.BINARY, b"")]) * 10_000
    for limiter in limiters:
        limiter.budget = limiters[0].budget
        limiter.receive(data, 0.0)
    frames = 0
    for now in np.arange(0.0, 5.0, module.PACE_SECONDS):
        for limiter in limiters:
            while limiter.is_behind and limiter.seconds_to_wait(now) == 0:
                frames += len(limiter.release(now)) // MASKED_HEADER_BYTES
    assert frames <= permitted_units(5, connections=8) + 16
    assert frames < 8 * permitted_units(5, connections=1) / 4


def permitted_units(seconds: float, connections: int) -> float:
    own = module.OWN_UNITS_BURST + module.OWN_UNITS_PER_SECOND * seconds
    return module.UNITS_BURST + module.UNITS_PER_SECOND * seconds + connections * own


def test_a_quiet_connection_goes_on_beside_others_that_use_the_budget_up() -> None:
    quiet, flooding = FrameLimiter(MAX_BYTES), FrameLimiter(MAX_BYTES)
    quiet.budget = flooding.budget
    move = wire([Frame(Opcode.BINARY, bytes(6))])
    flooding.receive(wire([Frame(Opcode.BINARY, b"")]) * 50_000, 0.0)
    for tick in range(200):
        now = tick * 0.05  # twenty moves a second
        while flooding.seconds_to_wait(now) == 0:
            flooding.release(now)
        quiet.receive(move, now)
        assert quiet.release(now) == move


def test_reads_of_single_bytes_are_to_be_paid_for() -> None:
    limiter = FrameLimiter(MAX_BYTES)
    limiter.receive(wire([Frame(Opcode.BINARY, bytes(60_000))])[:8], 0.0)
    for _ in range(round(module.UNITS_BURST + module.OWN_UNITS_BURST)):
        limiter.receive(b"\0", 0.0)
        limiter.release(0.0)
    assert limiter.seconds_to_wait(0.0) > 0


def test_a_browser_that_works_hard_never_waits() -> None:
    """noVNC: 60 pointer messages and requests a second, 30 keys, an answered ping each 5 s, and a paste of 256 KiB."""
    limiter = FrameLimiter(MAX_BYTES)
    second = [Frame(Opcode.BINARY, bytes(length)) for length in [6] * 60 + [10] * 60 + [8] * 30]
    paste = [Frame(Opcode.BINARY, bytes(10 * 1024)) for _ in range(26)]
    for number in range(60):
        frames = (
            second + (paste if number % 20 == 0 else []) + ([Frame(Opcode.PONG, b"1234")] if number % 5 == 0 else [])
        )
        for place, frame in enumerate(frames):
            now = number + place / len(frames)
            limiter.receive(wire([frame]), now)
            assert limiter.release(now)
            assert not limiter.is_behind
            assert limiter.seconds_to_wait(now) == 0


def test_what_a_sleeping_tab_had_queued_passes_at_once() -> None:
    limiter = FrameLimiter(MAX_BYTES)
    data = wire([Frame(Opcode.BINARY, bytes(6))] * 1500)
    limiter.receive(data, 0.0)
    taken = b""
    while limiter.is_behind:
        assert limiter.seconds_to_wait(0.0) == 0
        taken += limiter.release(0.0)
    assert taken == data


def fragments(*payloads: bytes) -> bytes:
    last = len(payloads) - 1
    return wire([Frame(Opcode.CONT if at else Opcode.BINARY, each, at == last) for at, each in enumerate(payloads)])


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (fragments(b"\1", b"", b"\1"), 1008, "empty fragments"),
        (fragments(b"", b"\1"), 1008, "empty fragments"),
        (fragments(*[b"\1"] * 17), 1008, "16 fragments"),
        (wire([Frame(Opcode.PING, b"")] * 21), 1008, "pings and pongs"),
        (wire([Frame(Opcode.PONG, b"")] * 21), 1008, "pings and pongs"),
        (b"\x82\xff" + (2**63 - 1).to_bytes(8) + bytes(4), 1009, "longer than 65536 bytes"),
        (b"\x82\xff" + (MAX_BYTES + 1).to_bytes(8) + bytes(4), 1009, "longer than 65536 bytes"),
    ],
    ids=["an empty piece", "begun empty", "17 pieces", "pings", "pongs", "the longest length", "a byte too long"],
)
def test_what_no_browser_sends_is_a_violation(data: bytes, code: int, reason: str) -> None:
    with pytest.raises(FrameViolation, match=reason) as violation:
        passed([data])
    assert violation.value.code == code
    assert len(violation.value.reason.encode()) <= 123


@pytest.mark.parametrize(
    "data",
    [fragments(*[b"\1"] * 16), fragments(b"\1", b""), fragments(b""), fragments(bytes(65536))],
    ids=["16 pieces", "an empty end", "empty", "the longest"],
)
def test_what_a_browser_or_a_proxy_may_send_passes(data: bytes) -> None:
    assert passed([data])[0] == data


def test_a_ping_now_and_then_passes_for_ever() -> None:
    limiter = FrameLimiter(MAX_BYTES)
    for second in range(1000):
        limiter.receive(wire([Frame(Opcode.PING, b"")]), float(second))
        assert limiter.release(float(second))


@pytest.mark.parametrize("data", [b"\x82\x01\x05", b"\x83\x80\0\0\0\0", b"\xc2\x80\0\0\0\0", b"\x80\x80\0\0\0\0"])
def test_what_breaks_the_protocol_otherwise_reaches_the_parser_that_refuses_it(data: bytes) -> None:
    protocol = parser()
    protocol.receive_data(passed([data])[0])
    assert protocol.parser_exc is not None
