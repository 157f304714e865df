from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile

from cloudlet.cryoem.errors import GainMissing, GainUnreadable, GainWrongSize
from cloudlet.cryoem.formats.gain import read_gain

GAIN = np.linspace(0.5, 1.5, 300 * 280, dtype=np.float32).reshape(300, 280)


def test_mrc_is_taken_as_stored_and_tiff_turned_over(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "gain.mrc", GAIN)
    tifffile.imwrite(tmp_path / "gain.tif", GAIN)
    np.testing.assert_array_equal(read_gain(tmp_path / "gain.mrc", GAIN.shape), GAIN)
    np.testing.assert_array_equal(read_gain(tmp_path / "gain.tif", GAIN.shape), GAIN[::-1])


def test_a_stack_of_one_section_is_an_image(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "gain.mrc", GAIN[None])
    np.testing.assert_array_equal(read_gain(tmp_path / "gain.mrc", GAIN.shape), GAIN)


@pytest.mark.parametrize("name", ["gain.mrc", "gain.tif"])
def test_a_missing_gain_says_both_ways_to_give_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(GainMissing) as reported:
        read_gain(tmp_path / name, GAIN.shape)
    assert name in reported.value.message
    assert "beside the movies" in reported.value.remedy
    assert "--gain" in reported.value.remedy


def test_a_gain_of_another_size_names_both_sizes(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "gain.mrc", GAIN)
    with pytest.raises(GainWrongSize, match="280 × 300 pixels, the frames are 300 × 290"):
        read_gain(tmp_path / "gain.mrc", (290, 300))


def test_a_gain_that_lies_across_the_frames_is_left_to_be_turned(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "gain.mrc", GAIN)
    np.testing.assert_array_equal(read_gain(tmp_path / "gain.mrc", GAIN.shape[::-1]), GAIN)


def test_a_gain_of_an_eer_movie_is_what_counts_are_divided_by_and_lies_as_they_do(tmp_path: Path) -> None:
    stored = GAIN.copy()
    stored[3, 4] = 0
    tifffile.imwrite(tmp_path / "today.gain", stored)
    gain = read_gain(tmp_path / "today.gain", GAIN.shape)
    assert gain[3, 4] == 0
    np.testing.assert_allclose(gain[10:], 1 / GAIN[10:], rtol=1e-6)


def test_broken_files_and_other_formats_are_unreadable(tmp_path: Path) -> None:
    for name in ("gain.mrc", "gain.tif", "gain.dm4"):
        (tmp_path / name).write_bytes(b"nothing of the kind" * 100)
        with pytest.raises(GainUnreadable, match=name):
            read_gain(tmp_path / name, GAIN.shape)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_values_that_cannot_be_a_gain_are_refused(tmp_path: Path, bad: float) -> None:
    broken = GAIN.copy()
    broken[3, 4] = bad
    tifffile.imwrite(tmp_path / "gain.tif", broken)
    with pytest.raises(GainUnreadable, match="no numbers"):
        read_gain(tmp_path / "gain.tif", GAIN.shape)


def test_a_gain_of_zeros_is_refused(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "gain.mrc", np.zeros_like(GAIN))
    with pytest.raises(GainUnreadable, match="all 0"):
        read_gain(tmp_path / "gain.mrc", GAIN.shape)


def test_a_stack_of_two_is_no_gain(tmp_path: Path) -> None:
    mrcfile.write(tmp_path / "gain.mrc", np.stack([GAIN, GAIN]))
    with pytest.raises(GainUnreadable, match="2 whole images instead of one"):
        read_gain(tmp_path / "gain.mrc", GAIN.shape)
