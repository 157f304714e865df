import re
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.cryoem.errors import MetadataUnreadable
from cloudlet.cryoem.formats.mdoc import MovieMetadata, mdoc_path, movie_metadata, parse_mdoc, read_mdoc

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "metadata"

K3_SUPER_RESOLUTION = r"""T = SerialEM: a Krios                    08-Oct-21  07:38:24
Voltage = 300

[FrameSet = 0]
GainReference = SuperRef_s.dm4
ExposureDose = 7.65892
PixelSpacing = 1.2827
Binning = 0.5
TargetDefocus = -4.5
SubFramePath = X:\somebody\grid2\frames\s_mmm_00993.tif
NumSubFrames = 12
FrameDosesAndNumber = 0.63824 12
UncroppedSize = -2880 -2046
"""

BINNED_VIEW = r"""Voltage = 300
[FrameSet = 0]
ExposureDose = 0
PixelSpacing = 2.48521
Binning = 8
TargetDefocus = -2
SubFramePath = D:\out\frames.mrc
NumSubFrames = 46
FrameDosesAndNumber = 0 46
"""


def metadata(text: str, name: str = "any.tif") -> MovieMetadata:
    found = movie_metadata(parse_mdoc(text), name)
    assert found is not None
    return found


def test_what_a_super_resolution_movie_says_is_understood() -> None:
    found = metadata(K3_SUPER_RESOLUTION)
    assert found.voltage_kv == 300
    assert found.target_defocus_um == 4.5
    assert found.frames == 12
    assert found.frame_doses == (0.63824,) * 12
    assert found.gain_name == "SuperRef_s.dm4"
    assert found.pixel_size_angstrom(8184, 11520) == 1.2827


def test_zero_doses_and_the_pixel_size_of_a_binned_view_are_unknown() -> None:
    found = metadata(BINNED_VIEW)
    assert found.frame_doses is None
    assert found.frames == 46
    assert found.pixel_size_angstrom(8192, 8192) is None


def test_the_whole_dose_is_shared_out_where_frame_doses_are_unknown() -> None:
    found = metadata(BINNED_VIEW.replace("ExposureDose = 0", "ExposureDose = 23"))
    assert found.frame_doses == (0.5,) * 46


def test_doses_that_change_within_a_movie_are_kept_apart() -> None:
    found = metadata(BINNED_VIEW.replace("= 0 46", "= 0.5 2  1.5 3"))
    assert found.frame_doses == (0.5, 0.5, 1.5, 1.5, 1.5)


@pytest.mark.parametrize(("rows", "columns", "expected"), [(300, 400, 1.4), (400, 300, 1.4), (600, 800, None)])
def test_an_unbinned_view_counts_only_if_the_frames_have_its_size(
    rows: int, columns: int, expected: float | None
) -> None:
    text = "[FrameSet = 0]\nPixelSpacing = 1.4\nBinning = 1\nUncroppedSize = -400 -300\n"
    assert metadata(text).pixel_size_angstrom(rows, columns) == expected


def test_a_movie_finds_its_own_section_in_the_file_of_a_series() -> None:
    text = "Voltage = 200\n" + "".join(
        f"[ZValue = {n}]\nSubFramePath = X:\\frames\\t_{n}.mrc\nNumSubFrames = {n + 5}\n" for n in range(3)
    )
    assert metadata(text, "t_1.mrc").frames == 6
    assert movie_metadata(parse_mdoc(text), "other.mrc") is None


def test_a_file_without_a_section_says_nothing_yet() -> None:
    assert movie_metadata(parse_mdoc("T = SerialEM\nVoltage = 300\n"), "a.tif") is None


def test_a_number_that_is_none_is_reported() -> None:
    with pytest.raises(MetadataUnreadable, match="Voltage = 'high'"):
        metadata("[FrameSet = 0]\nVoltage = high\n")


SECTION = re.compile(r"\[\s*(?P<kind>\w+)\s*=\s*(?P<index>[^\]]*?)\s*\]")
ENTRY = re.compile(r"(?P<key>[^=\[]+?)\s*=\s?(?P<value>.*)")
"""What a line is, said in another way, which takes for ever on long lines."""


@given(st.text("[]=T_ a0é\t\u2003-.", max_size=12).map(str.strip))
def test_each_line_is_an_entry_a_section_or_neither(line: str) -> None:
    mdoc = parse_mdoc(line)
    section, entry = SECTION.fullmatch(line), ENTRY.fullmatch(line)
    if section and section["kind"] != "T":
        assert [each.kind for each in mdoc.sections] == [section["kind"]]
    else:
        assert mdoc.sections == ()
        assert mdoc.header == ({entry["key"].strip(): entry["value"].strip()} if entry else {})


@pytest.mark.parametrize("line", ["[a={}b", "a{}b", "[a={}]b", "a{}=b"])
def test_a_line_of_many_spaces_is_taken_apart_at_once(line: str) -> None:
    began = time.process_time()
    parse_mdoc(line.format(" " * 2000))
    assert time.process_time() - began < 0.5


def test_a_line_that_is_far_too_long_is_left_out() -> None:
    assert parse_mdoc(f"Voltage = {'3' * 200_000}\nBinning = 1\n").header == {"Binning": "1"}


def test_only_the_beginning_of_a_value_that_is_no_number_is_shown() -> None:
    with pytest.raises(MetadataUnreadable) as reported:
        metadata(f"[FrameSet = 0]\nVoltage = {'x' * 1000}\n")
    assert len(reported.value.message) < 200


@given(st.text())
def test_any_text_is_taken_apart(text: str) -> None:
    parse_mdoc(text)


@given(key=st.sampled_from(["NumSubFrames", "FrameDosesAndNumber", "PixelSpacing", "UncroppedSize"]), value=st.text())
def test_any_value_gives_metadata_or_a_sentence(key: str, value: str) -> None:
    line = " ".join(value.split())
    with suppress(MetadataUnreadable):
        metadata(f"[FrameSet = 0]\n{key} = {line}\n")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=6))
def test_any_numbers_give_metadata_or_a_sentence(numbers: list[float]) -> None:
    try:
        found = metadata(f"[FrameSet = 0]\nFrameDosesAndNumber = {' '.join(map(str, numbers))}\n")
    except MetadataUnreadable:
        return
    assert found.frame_doses is None or min(found.frame_doses) > 0


def test_the_longer_name_is_preferred(tmp_path: Path) -> None:
    movie = tmp_path / "a.tif"
    assert mdoc_path(movie).name == "a.tif.mdoc"
    (tmp_path / "a.mdoc").touch()
    assert mdoc_path(movie).name == "a.mdoc"
    (tmp_path / "a.tif.mdoc").touch()
    assert mdoc_path(movie).name == "a.tif.mdoc"


def test_a_huge_file_is_no_metadata(tmp_path: Path) -> None:
    with (tmp_path / "a.mdoc").open("wb") as file:
        file.truncate(5 << 20)
    with pytest.raises(MetadataUnreadable, match="too large"):
        read_mdoc(tmp_path / "a.mdoc")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared folder with real metadata is not here")
def test_real_files_of_several_facilities_are_understood() -> None:
    single = read_mdoc(SAMPLES / "frame_set_single.mdoc")
    assert movie_metadata(single, "s_mmm_00993_33.0_Oct08_07.39.05.tif") is not None
    series = read_mdoc(SAMPLES / "tilt_series.mdoc")
    found = movie_metadata(series, "TS_01_000_0.0.mrc")
    assert found is not None
    assert found.frames == 8
    assert found.pixel_size_angstrom(3838, 3710) is None  # the series is binned by 4, its frames are not
