"""LZW: bit-exact against imagecodecs, and within its buffers whatever the codes say."""

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.cryoem.formats.checked import checked, guarded, load_checked, store_checked
from tests.unit.cryoem.formats.fuzzing import fuzz

from cloudlet.cryoem.formats.lzw import LEAD, MARGIN, SOURCE_MARGIN, LzwScratch, build_decoder

CHECKED = build_decoder(checked, load_checked, store_checked)


def decoded(raw: bytes, wanted: int) -> NDArray[np.uint8] | None:
    scratch = LzwScratch(len(raw), wanted)
    scratch.source[: len(raw)] = np.frombuffer(raw, np.uint8)
    return scratch.decode(len(raw), wanted)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.86, 3.0, 40.0]), st.integers(1, 70_000))
def test_counts_come_back_as_from_imagecodecs(seed: int, rate: float, size: int) -> None:
    counts = np.random.default_rng(seed).poisson(rate, size).astype(np.uint8).tobytes()
    raw = imagecodecs.lzw_encode(counts)
    found = decoded(raw, size)
    assert found is not None
    assert found.tobytes() == imagecodecs.lzw_decode(raw) == counts


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 30))
def test_any_bytes_come_back(block: bytes, times: int) -> None:
    whole = block * times
    found = decoded(imagecodecs.lzw_encode(whole), len(whole))
    assert found is not None
    assert found.tobytes() == whole


@pytest.mark.parametrize("value", [0, 255])
def test_a_run_of_equal_bytes_comes_back(value: int) -> None:
    whole = bytes([value]) * 300_000
    found = decoded(imagecodecs.lzw_encode(whole), len(whole))
    assert found is not None
    assert found.tobytes() == whole


def test_every_beginning_of_a_stream_is_right_to_its_last_byte() -> None:
    whole = b"abc" * 40 + b"xyxyxyxy" * 5  # codes of strings that are only just being defined
    raw = imagecodecs.lzw_encode(whole)
    for wanted in range(1, len(whole) + 1):
        found = decoded(raw, wanted)
        assert found is not None
        assert found.tobytes() == whole[:wanted]


def test_what_gives_too_little_is_reported_and_what_gives_too_much_ends_where_it_should() -> None:
    raw = imagecodecs.lzw_encode(bytes(range(100)))
    assert decoded(raw, 101) is None
    shorter = decoded(raw, 60)
    assert shorter is not None
    assert shorter.tobytes() == bytes(range(60))
    assert decoded(b"", 10) is None
    assert decoded(b"\xff" * 40, 10) is None


def room(raw: bytes, wanted: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
    source = np.frombuffer(raw + bytes(SOURCE_MARGIN), np.uint8).copy()
    target = np.zeros(LEAD + wanted + MARGIN, np.uint8)
    target[:LEAD] = np.arange(LEAD)
    table = np.zeros(4096, np.int64)
    table[:LEAD] = (np.arange(LEAD) << 16) | 1
    return source, target, table


@given(st.binary(max_size=400), st.integers(0, 300))
def test_no_codes_lead_out_of_the_buffers(raw: bytes, wanted: int) -> None:
    source, target, table = room(raw, wanted)
    assert -1 <= CHECKED(source, len(raw), target, wanted, table) <= wanted


def test_what_is_no_room_for_is_not_decoded() -> None:
    raw = imagecodecs.lzw_encode(bytes(range(100)))
    scratch = LzwScratch(len(raw), 100)
    for size, wanted in ((len(raw) + 1, 100), (len(raw), 101), (-1, 100), (len(raw), -1)):
        assert scratch.decode(size, wanted) is None


@pytest.mark.parametrize("block", [b"\0", b"ab", b"abc", bytes(range(7)), bytes(range(200))])
def test_words_at_the_very_end_of_the_buffers_are_within_them(block: bytes) -> None:
    for size in (*range(1, 40), *range(4000, 4010)):  # copies run over the end by any number up to seven
        whole = (block * size)[:size]
        raw = imagecodecs.lzw_encode(whole)
        for wanted, there in (
            (size, len(raw)),
            (max(1, size - 3), len(raw)),
            (size + 9, len(raw)),
            (size, len(raw) - 1),
        ):
            scratch = LzwScratch(there, wanted, guarded)
            scratch.source[:there] = np.frombuffer(raw[:there], np.uint8)
            found = scratch.decode(there, wanted)
            if wanted <= size and there == len(raw):
                assert found is not None
            assert found is None or found.tobytes() == whole[:wanted]


def test_damaged_streams_stay_within_the_buffers_and_decode_alike_compiled_or_checked() -> None:
    def decode(rng: np.random.Generator) -> None:
        size = int(rng.integers(1, 20_000))
        counts = rng.poisson(rng.choice([0.05, 0.9, 20]), size).astype(np.uint8)
        raw = bytearray(imagecodecs.lzw_encode(counts.tobytes()))
        for place in rng.integers(0, len(raw), rng.integers(0, 20)):
            raw[place] = rng.integers(0, 256)
        del raw[int(rng.integers(len(raw) // 2, len(raw) + 1)) :]
        wanted = int(rng.choice([size, size // 2, 2 * size]))
        source, target, table = room(bytes(raw), wanted)
        count = CHECKED(source, len(raw), target, wanted, table)
        scratch = LzwScratch(len(raw), wanted, guarded)
        scratch.source[: len(raw)] = np.frombuffer(bytes(raw), np.uint8)
        found = scratch.decode(len(raw), wanted)
        assert (found is not None) == (count == wanted)
        if found is not None:
            np.testing.assert_array_equal(found, target[LEAD : LEAD + wanted])

    fuzz(decode)
