from __future__ import annotations

from itertools import pairwise

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.processes.http_limiter import (
    CONNECTION_UNITS,
    HEAD_BYTES,
    HEAD_FIELDS,
    LINE_UNITS,
    READ_UNITS,
    REQUEST_UNITS,
    SLICE_BYTES,
    SLICE_LINES,
    HeadTooLarge,
    HttpLimiter,
)

LINE = b"GET / HTTP/1.1\r\n"


def head(fields: int, value: bytes = b"b") -> bytes:
    return LINE + b"".join(b"a%d: %s\r\n" % (number, value) for number in range(fields)) + b"\r\n"


def receiving(*reads: bytes) -> HttpLimiter:
    limiter = HttpLimiter()
    for read in reads:
        limiter.receive(read)
    return limiter


@given(cuts=st.lists(st.integers(1, 200), max_size=20), end=st.sampled_from([b"\r\n", b"\n"]))
def test_a_head_is_released_whole_and_not_a_byte_more_however_it_is_cut(cuts: list[int], end: bytes) -> None:
    whole = (LINE + b"Host: x\r\nContent-Length: 3\r\n\r\n").replace(b"\r\n", end)
    data, limiter, released = whole + b"abc", HttpLimiter(), b""
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    for begin, stop in pairwise(places):
        limiter.receive(data[begin:stop])
        if stop < len(whole):
            assert limiter.release_head() == b""
        elif not released:
            released = limiter.release_head()
    assert released == whole
    assert limiter.release_all() == b"abc"


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_h11_agrees_where_a_head_ends(end: bytes) -> None:
    limiter = receiving((LINE + b"Host: x\r\n\r\nGET").replace(b"\r\n", end))
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(limiter.release_head())
    assert isinstance(connection.next_event(), h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    assert connection.trailing_data == (b"", False)


def test_a_blank_line_alone_is_passed_on_to_be_refused() -> None:
    assert receiving(b"\r\n" + LINE).release_head() == b"\r\n"


def test_a_head_may_have_a_hundred_fields_and_16_kib() -> None:
    assert receiving(head(HEAD_FIELDS)).release_head() == head(HEAD_FIELDS)
    room = HEAD_BYTES - len(head(1, b""))
    assert receiving(head(1, room * b"b")).release_head() == head(1, room * b"b")
    for large in (head(HEAD_FIELDS + 1), head(1, (room + 1) * b"b")):
        with pytest.raises(HeadTooLarge):
            receiving(large).release_head()


@pytest.mark.parametrize("endless", [LINE + b"a:\n" * (HEAD_FIELDS + 2), LINE + b"a: " + b"b" * HEAD_BYTES])
def test_a_head_that_is_too_large_already_is_not_waited_for(endless: bytes) -> None:
    with pytest.raises(HeadTooLarge):
        receiving(endless).release_head()


@given(body=st.lists(st.sampled_from([b"1\r\nx\r\n", b"\n", b"x" * 700, b"\r"]), max_size=400))
def test_slices_are_small_and_lose_nothing(body: list[bytes]) -> None:
    data = b"".join(body)
    limiter, slices = receiving(data), []
    while limiter.held_bytes:
        slices.append(limiter.release_slice())
        assert 0 < len(slices[-1]) <= SLICE_BYTES
        assert slices[-1].count(b"\n") <= SLICE_LINES
    assert b"".join(slices) == data


def test_reads_lines_and_heads_cost_and_are_paid_for_once() -> None:
    limiter = receiving(head(3)[:10], head(3)[10:])
    assert limiter.take_owed() == CONNECTION_UNITS + 2 * READ_UNITS
    limiter.release_head()
    assert limiter.take_owed() == REQUEST_UNITS + 5 * LINE_UNITS
    assert limiter.take_owed() == 0


def test_what_is_not_parsed_here_costs_no_more_than_its_read() -> None:
    limiter = receiving(b"\n" * 100_000)
    assert limiter.release_all() == b"\n" * 100_000
    assert limiter.take_owed() == CONNECTION_UNITS + READ_UNITS


@pytest.mark.parametrize(
    ("data", "is_unusual"),
    [(head(HEAD_FIELDS), False), (head(HEAD_FIELDS + 1), True), (b"x" * HEAD_BYTES, False), (b"x" * 20_000, True)],
)
def test_what_no_browser_sends_before_an_answer_shows(data: bytes, is_unusual: bool) -> None:
    assert receiving(data).is_unusual == is_unusual
