"""Electron events: bit-exact against imagecodecs, and within their buffers whatever the bits say."""

from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from benchmarks.simulator.eer import encode_events, write_eer
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.cryoem.formats.checked import checked, guarded, load_checked
from tests.unit.cryoem.formats.fuzzing import fuzz
from tests.unit.cryoem.movies import metadata_of, outline_of, read_movie

from cloudlet.cryoem.errors import MovieUnreadable, MovieWrongType
from cloudlet.cryoem.formats import eer_movie
from cloudlet.cryoem.formats.eer_events import SOURCE_MARGIN, EventCode, add_events, build_counter
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.formats.outline import Fractions

SHAPE = (256, 512)
TOTAL = SHAPE[0] * SHAPE[1]


def drawn(seed: int, density: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    pixels = np.flatnonzero(rng.random(TOTAL) < density)
    return pixels, rng.integers(0, 16, len(pixels))


def decoded(raw: bytes, skip: int, upsampling: int) -> NDArray[np.uint8]:
    source = np.frombuffer(raw + bytes(SOURCE_MARGIN), np.uint8)
    image = np.zeros((SHAPE[0] * upsampling, SHAPE[1] * upsampling), np.uint8)
    assert add_events(source, [len(raw)], EventCode(skip, 2, 2), SHAPE, upsampling, image) == 1
    return image


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.001, 0.03, 0.3, 1.0]), st.sampled_from([7, 8]))
def test_counts_are_those_of_imagecodecs(seed: int, density: float, skip: int) -> None:
    raw = encode_events(*drawn(seed, density), TOTAL, skip)
    expected = imagecodecs.eer_decode(raw, SHAPE, skip, 2, 2)
    np.testing.assert_array_equal(decoded(raw, skip, 1), expected)


@pytest.mark.parametrize("upsampling", [2, 4])
def test_finer_positions_are_those_of_imagecodecs(upsampling: int) -> None:
    raw = encode_events(*drawn(1, 0.05), TOTAL)
    finer = SHAPE[0] * upsampling, SHAPE[1] * upsampling
    expected = imagecodecs.eer_decode(raw, finer, 7, 2, 2, superres=upsampling // 2)
    np.testing.assert_array_equal(decoded(raw, 7, upsampling), expected)


def test_fractions_sum_raw_frames_and_the_last_one_is_shorter(tmp_path: Path) -> None:
    frames = [encode_events(*drawn(seed, 0.02), TOTAL) for seed in range(7)]
    write_eer(tmp_path / "a.eer", frames, SHAPE)
    single = [imagecodecs.eer_decode(frame, SHAPE, 7, 2, 2).astype(int) for frame in frames]
    assert outline_of(tmp_path / "a.eer").raw_frames == (1,) * 7
    with open_movie(tmp_path / "a.eer") as movie:
        fractions = movie.frames(Fractions(3))
        assert fractions.outline.raw_frames == (3, 3, 1)
        read = fractions.read_all()
    np.testing.assert_array_equal(read, [sum(single[:3]), sum(single[3:6]), single[6]])


def test_a_movie_that_took_the_place_of_another_is_looked_at_anew(tmp_path: Path) -> None:
    frames = [encode_events(*drawn(seed, 0.02), TOTAL) for seed in range(3)]
    for there in (frames, frames[:2]):
        (tmp_path / "a.eer").unlink(missing_ok=True)
        write_eer(tmp_path / "a.eer", there, SHAPE)
        assert outline_of(tmp_path / "a.eer").frames == len(there)
    with (tmp_path / "a.eer").open("ab") as file:
        file.truncate((tmp_path / "a.eer").stat().st_size - 1)
    assert outline_of(tmp_path / "a.eer").is_cut


@given(st.lists(st.sampled_from([0.0, 0.001, 0.03, 0.3, 1.0]), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_frames_together_are_the_sum_of_each(densities: list[float], seed: int) -> None:
    frames = [encode_events(*drawn(seed + number, density), TOTAL) for number, density in enumerate(densities)]
    source = np.frombuffer(b"".join(frames) + bytes(SOURCE_MARGIN), np.uint8)
    image = np.zeros(SHAPE, np.uint8)
    assert add_events(source, [len(frame) for frame in frames], EventCode(7, 2, 2), SHAPE, 1, image) == len(frames)
    np.testing.assert_array_equal(image, sum(imagecodecs.eer_decode(frame, SHAPE, 7, 2, 2) for frame in frames))


def test_a_frame_that_ends_within_its_last_skip_is_not_whole_whatever_follows() -> None:
    skips = np.full(TOTAL // 127 * 7 // 8, 0xFF, np.uint8)  # nothing but largest skips, and not enough of them
    for behind in (0x00, 0xFF):
        source = np.concatenate([skips, np.full(SOURCE_MARGIN, behind, np.uint8)])
        assert add_events(source, [len(skips)], EventCode(7, 2, 2), SHAPE, 1, np.zeros(SHAPE, np.uint8)) == 0


def test_a_frame_is_whole_from_its_last_event_on_and_not_before() -> None:
    pixels = np.flatnonzero(np.arange(8 * 16) % 3 != 0)  # the last pixel among them, and no skip of the largest number
    raw = encode_events(pixels, np.zeros(len(pixels), int), 8 * 16)
    source = np.frombuffer(raw + bytes(SOURCE_MARGIN), np.uint8)
    needed = -(-11 * len(pixels) // 8)
    for size in range(len(raw) + 1):
        is_whole = add_events(source, [size], EventCode(7, 2, 2), (8, 16), 1, np.zeros((8, 16), np.uint8)) == 1
        assert is_whole == (size >= needed)


def test_more_frames_than_are_decoded_together_are_summed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [encode_events(*drawn(seed, 0.02), TOTAL) for seed in range(7)]
    write_eer(tmp_path / "a.eer", frames, SHAPE)
    monkeypatch.setattr(eer_movie, "_AT_ONCE", 2 * max(map(len, frames)))
    read = read_movie(tmp_path / "a.eer", Fractions(5))
    single = [imagecodecs.eer_decode(frame, SHAPE, 7, 2, 2) for frame in frames]
    np.testing.assert_array_equal(read, [sum(single[:5]), sum(single[5:])])


def test_more_than_255_counts_do_not_wrap_around(tmp_path: Path) -> None:
    frame = encode_events(np.array([5, TOTAL - 1]), np.array([0, 0]), TOTAL)
    write_eer(tmp_path / "a.eer", [frame] * 600, SHAPE)
    read = read_movie(tmp_path / "a.eer", Fractions(300))
    assert read.dtype == np.uint16
    assert read[0, 0, 5] == 300
    assert read[1, -1, -1] == 300


def test_the_file_says_how_it_was_taken(tmp_path: Path) -> None:
    write_eer(tmp_path / "a.eer", [encode_events(*drawn(0, 0.01), TOTAL)] * 2, SHAPE)
    metadata = metadata_of(tmp_path / "a.eer")
    assert metadata is not None
    assert metadata.exposure_seconds == 3.5
    assert metadata.total_dose_per_pixel == 12.25
    assert metadata.pixel_size_angstrom == pytest.approx(0.7)


def test_a_frame_whose_events_end_too_soon_is_reported(tmp_path: Path) -> None:
    whole = encode_events(*drawn(0, 0.02), TOTAL)
    write_eer(tmp_path / "a.eer", [whole, whole[: len(whole) // 2]], SHAPE)
    with pytest.raises(MovieUnreadable, match="Raw frame 2"):
        read_movie(tmp_path / "a.eer")


def test_a_tiff_called_eer_is_reported(tmp_path: Path) -> None:
    write_eer(tmp_path / "a.eer", [bytes(TOTAL)] * 2, SHAPE, compression=1)
    with pytest.raises(MovieWrongType, match="no electron events"):
        outline_of(tmp_path / "a.eer")


CHECKED = build_counter(checked, load_checked)


@given(st.binary(max_size=200), st.integers(1, 16), st.integers(1, 4), st.integers(1, 4), st.sampled_from([0, 1]))
def test_no_bits_lead_out_of_the_buffers(raw: bytes, skip: int, vertical: int, horizontal: int, finer: int) -> None:
    source = np.frombuffer(raw + bytes(SOURCE_MARGIN), np.uint8).copy()
    image = np.zeros((8 * 8) << (2 * finer), np.uint8)
    ends = np.array([len(raw) // 3, len(raw)])
    assert 0 <= CHECKED(source, ends, skip, vertical, horizontal, 8, 8, finer, image) <= 2


def test_words_at_the_very_end_of_the_source_are_within_it() -> None:
    shape = 16, 24
    for size in range(1, 80):  # bits of the last word that are read range over all there are
        pixels = np.arange(0, size * 4, 4)
        raw = encode_events(pixels, pixels % 16, shape[0] * shape[1])
        for count in range(max(0, len(raw) - 9), len(raw) + 1):
            source, image = guarded(count + SOURCE_MARGIN), guarded(shape[0] * shape[1]).reshape(shape)
            source[:count] = np.frombuffer(raw[:count], np.uint8)
            assert add_events(source, [count], EventCode(7, 2, 2), shape, 1, image) in {0, 1}
            if count == len(raw):
                np.testing.assert_array_equal(np.flatnonzero(image), pixels)


def test_damaged_events_stay_within_the_buffers_and_decode_alike_compiled_or_checked() -> None:
    rows, columns = 64, 128

    def decode(rng: np.random.Generator) -> None:
        skip, finer = int(rng.choice([7, 8])), int(rng.integers(0, 3))
        frames = [damaged(rng, rows * columns, skip) for _ in range(rng.integers(1, 4))]
        sizes = [len(frame) for frame in frames]
        source = guarded(sum(sizes) + SOURCE_MARGIN)
        source[: sum(sizes)] = np.frombuffer(b"".join(frames), np.uint8)
        expected = np.zeros((rows * columns) << (2 * finer), np.uint8)
        whole = CHECKED(source, np.cumsum(sizes), skip, 2, 2, rows, columns, finer, expected)
        image = guarded(expected.size).reshape(rows << finer, columns << finer)
        assert add_events(source, sizes, EventCode(skip, 2, 2), (rows, columns), 1 << finer, image) == whole
        np.testing.assert_array_equal(image.ravel(), expected)

    fuzz(decode)


def damaged(rng: np.random.Generator, total: int, skip: int) -> bytes:
    pixels = np.flatnonzero(rng.random(total) < rng.choice([0.001, 0.03, 0.5]))
    raw = bytearray(encode_events(pixels, rng.integers(0, 16, len(pixels)), total, skip))
    for place in rng.integers(0, len(raw), rng.integers(0, 20)):
        raw[place] = rng.integers(0, 256)
    del raw[int(rng.integers(len(raw) // 2, len(raw) + 1)) :]
    return bytes(raw)


def test_buffers_that_do_not_belong_together_are_refused() -> None:
    source, image = np.zeros(20, np.uint8), np.zeros((8, 8), np.uint8)
    for code, shape, upsampling in (
        (EventCode(7, 2, 2), (8, 9), 1),
        (EventCode(7, 2, 2), (8, 8), 2),
        (EventCode(7, 0, 2), (4, 4), 2),
        (EventCode(40, 2, 2), (8, 8), 1),
        (EventCode(7, 2, 60), (8, 8), 2),
        (EventCode(7, 60, 2), (8, 8), 2),
    ):
        with pytest.raises(ValueError, match="do not belong together"):
            add_events(source, [12], code, shape, upsampling, image)
    for sizes in ([], [-1, 5], [12, 1]):
        with pytest.raises(ValueError, match="do not belong together"):
            add_events(source, sizes, EventCode(7, 2, 2), (8, 8), 1, image)
