import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from benchmarks.simulator.eer import METADATA, encode_events, write_eer
from typer.testing import CliRunner

from cloudlet.cli.main import _program
from cloudlet.cryoem.errors import FileUnreadable
from cloudlet.cryoem.formats.motion_star import MovieMotion, write_motion_star
from cloudlet.cryoem.inspection import Report, inspected
from cloudlet.openat import FileBeneath

WriteMovie = Callable[..., Path]
FRAMES = np.random.default_rng(0).poisson(4, (4, 260, 280)).astype(np.uint8)


def facts(report: Report) -> dict[str, str]:
    return dict(report.facts)


def mrc(path: Path, frames: np.ndarray = FRAMES, **words: bytes) -> Path:
    """Write an MRC file whose pixel size is 1.4 A, and change its header, each word by its byte."""
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(frames.astype(np.int16) if frames.dtype == np.uint8 else frames)
        file.voxel_size = 1.4
    raw = bytearray(path.read_bytes())
    for place, word in words.items():
        raw[int(place[1:]) : int(place[1:]) + len(word)] = word
    path.write_bytes(raw)
    return path


def test_a_movie_is_reported_with_its_frames_counts_and_metadata(write_movie: WriteMovie) -> None:
    report = inspected(write_movie(FRAMES))
    reported = facts(report)
    assert (report.kind, report.departures, report.problem) == ("TIFF stack", [], None)
    assert reported["size"] == "280 × 260 pixels of uint8"
    assert (reported["pages"], reported["frames"], reported["compression"]) == ("4", "4", "LZW")
    assert reported["first frame"].startswith("0 to ")
    assert "pixel size 1.4 Å, voltage 200 kV" in reported["by a.tif.mdoc"]
    assert "gain reference CountRef_A.mrc" in reported["by a.tif.mdoc"]


def test_a_clean_mrc_stack_departs_in_nothing(tmp_path: Path) -> None:
    report = inspected(mrc(tmp_path / "a.mrc"))
    assert (report.kind, report.departures, report.problem) == ("MRC stack", [], None)
    assert facts(report)["mode"] == "1, 16 bit integers"
    assert facts(report)["pixel size by the cell"] == "1.4 Å"


@pytest.mark.parametrize(
    ("words", "departure"),
    [
        ({"b208": b"MAP\0"}, "where 'MAP ' should stand"),
        ({"b108": struct.pack("<i", 0)}, "not say that it is MRC2014"),
        ({"b28": struct.pack("<i", 0)}, "sampling of its cell is 0"),
        ({"b40": struct.pack("<f", 0)}, "cell has no size"),
        ({"b64": struct.pack("<i", 7)}, "Its axes are"),
        ({"b88": struct.pack("<i", 19)}, "space group is 19"),
        ({"b220": struct.pack("<i", 300)}, "claims 300 labels"),
        ({"b8": struct.pack("<i", 5)}, "bytes shorter than its header says"),
        ({"b8": struct.pack("<i", 3)}, "bytes longer than its header says"),
        ({"b12": struct.pack("<i", 101)}, "Mode 101 is IMOD's"),
    ],
)
def test_every_departure_of_an_mrc_header_is_reported(tmp_path: Path, words: dict[str, bytes], departure: str) -> None:
    report = inspected(mrc(tmp_path / "a.mrc", **words))
    assert any(departure in sentence for sentence in report.departures), report


def test_an_mrc_mode_that_is_none_cannot_be_used(tmp_path: Path) -> None:
    report = inspected(mrc(tmp_path / "a.mrc", b12=struct.pack("<i", 99)))
    assert "Mode 99" in report.departures[0]
    assert report.problem is not None


def test_a_compressed_stack_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.mrc.gz"
    path.write_bytes(gzip.compress(mrc(tmp_path / "a.mrc").read_bytes()))
    report = inspected(path)
    assert facts(report)["compression"] == "gz"
    assert facts(report)["frames"] == "4"


def test_a_gain_reference_is_reported_as_an_image(tmp_path: Path) -> None:
    gain = np.ones((64, 64), np.float32)
    gain[3, :5] = 0
    nan = {f"b{1024 + 4 * (64 * 9 + 9)}": struct.pack("<f", np.nan)}
    report = inspected(mrc(tmp_path / "gain.mrc", gain, **nan))
    assert report.kind == "MRC image"
    assert facts(report)["pixels of 0"] == "5"
    assert report.departures == ["1 pixels of the first frame are no numbers."]


def test_a_cut_tiff_is_reported_by_the_page_where_it_ends(write_movie: WriteMovie) -> None:
    path = write_movie(FRAMES)
    with tifffile.TiffFile(path) as tiff:
        place = tiff.pages[2].dataoffsets[0]
    raw = bytearray(path.read_bytes())
    raw[place + 100 :] = b""
    path.write_bytes(raw)
    report = inspected(path)
    assert any("page" in sentence or "frame" in sentence for sentence in report.departures) or report.problem


def test_pages_of_different_sizes_are_reported(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(FRAMES[0], metadata=None)
        tiff.write(FRAMES[0, :100], metadata=None)
    report = inspected(tmp_path / "a.tif")
    assert "Its pages differ: 2 sizes or types." in report.departures
    assert report.problem is not None


def test_an_eer_movie_is_reported_with_what_it_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.eer"
    write_eer(path, [encode_events(np.arange(9), np.arange(9), 64 * 64)] * 7, (64, 64))
    report = inspected(path)
    assert report.kind == "EER movie"
    assert facts(report)["raw frames"] == "7"
    assert facts(report)["dose"] == "12.25 e/pixel"
    assert facts(report)["pixel size"] == "0.7 Å"
    assert report.departures == []
    path.write_bytes(path.read_bytes().replace(METADATA, b"x" * len(METADATA)))
    assert "It does not say its dose." in inspected(path).departures


def test_an_mdoc_is_reported_with_its_zeros_and_its_missing_movie(write_movie: WriteMovie) -> None:
    mdoc = write_movie(FRAMES).with_name("a.tif.mdoc")
    report = inspected(mdoc)
    assert report.kind == "SerialEM metadata (mdoc)"
    assert report.departures == []
    assert facts(report)["dose"] == "10 e/Å² in 4 frames"
    mdoc.write_text(mdoc.read_text().replace("PixelSpacing = 1.4", "PixelSpacing = 0\nnonsense"))
    mdoc.with_name("a.tif").unlink()
    reported = " ".join(inspected(mdoc).departures)
    assert "a.tif is not beside it" in reported
    assert "PixelSpacing is 0 in 1 places" in reported
    assert "does not say the pixel size" in reported
    assert "neither entries nor sections" in reported


def test_epus_xml_and_serialems_defects_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        "<MicroscopeImage><AccelerationVoltage>300000</AccelerationVoltage></MicroscopeImage>"
    )
    report = inspected(tmp_path / "a.xml")
    assert facts(report)["voltage"] == "300 kV"
    assert "It does not say the dose." in report.departures
    (tmp_path / "d.txt").write_text("CameraSizeX 40\nCameraSizeY 30\nBadColumns 3\n")
    assert facts(inspected(tmp_path / "d.txt"))["bad columns"] == "1"
    (tmp_path / "d.txt").write_text("CameraSizeX 40\nCameraSizeY 30\nBadColumns 99\n")
    assert "line 3" in str(inspected(tmp_path / "d.txt").problem)


def test_our_own_motion_star_is_clean_and_a_table_without_a_blank_line_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.star"
    write_motion_star(
        FileBeneath(path.parent, path.name),
        MovieMotion("a.tif", (4, 260, 280), None, 1.4, 1, 2.5, 0, 300, np.zeros((4, 2))),
    )
    report = inspected(path)
    assert (report.kind, report.departures, report.problem) == ("STAR file", [], None)
    assert facts(report)["data_global_shift"] == "4 rows of 3 columns"
    path.write_text(path.read_text().rstrip() + "\n")
    assert "RELION 3.1 takes that table for empty" in inspected(path).departures[0]


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("data_optics\nloop_\n_rlnOpticsGroup\n1\n\n", "data_optics has no rlnOpticsGroupName"),
        ("data_x\n_a 1\n\ndata_x\n_a 2\n", "duplicate block name"),
        ("data_x\nloop_\n_a\n_b\n1 2 3\n\n", "not STAR"),
    ],
)
def test_what_relion_would_stumble_over_is_reported(tmp_path: Path, text: str, reported: str) -> None:
    path = tmp_path / "a.star"
    path.write_text(text)
    report = inspected(path)
    assert any(reported in sentence for sentence in [*report.departures, str(report.problem)]), report


def test_the_content_counts_and_a_wrong_name_is_reported(tmp_path: Path) -> None:
    mrc(tmp_path / "a.mrc").rename(tmp_path / "a.tif")
    report = inspected(tmp_path / "a.tif")
    assert report.kind == "MRC stack"
    assert "It is called a.tif, which says something else." in report.departures


def test_what_cannot_be_inspected_is_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello")
    for name, why in (("gone", "No such file"), ("empty", "empty"), ("text", "known here"), (".", "folder")):
        with pytest.raises(FileUnreadable, match=why):
            inspected(tmp_path / name)


def test_hostile_text_does_not_steer_the_terminal(tmp_path: Path) -> None:
    label = b"\x1b[31m[bold]x" + b"y" * 60
    path = mrc(tmp_path / "a.mrc", b220=struct.pack("<i", 1), b224=label)
    result = CliRunner().invoke(_program(), ["inspect", str(path)])
    assert "\x1b" not in result.output
    assert "[bold]x" in result.output


def test_the_command_ends_with_the_worst_status_and_speaks_json(tmp_path: Path) -> None:
    good, odd = mrc(tmp_path / "a.mrc"), mrc(tmp_path / "b.mrc", b88=struct.pack("<i", 19))
    run = CliRunner().invoke
    assert run(_program(), ["inspect", str(good)]).exit_code == 0
    assert run(_program(), ["inspect", str(good), str(odd)]).exit_code == 1
    result = run(_program(), ["inspect", "--json", str(odd), str(good), str(tmp_path / "gone")])
    assert result.exit_code == 2
    first, second, third = json.loads(result.output)
    assert first["departures"] == ["Its space group is 19."]
    assert ["frames", "4"] in second["facts"]
    assert "No such file" in third["problem"]
