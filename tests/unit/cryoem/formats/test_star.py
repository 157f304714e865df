from pathlib import Path

import numpy as np
import pytest
from gemmi import cif
from hypothesis import example, given
from hypothesis import strategies as st

from cloudlet.cryoem.formats.collection_star import (
    CollectedMicrograph,
    OpticsGroup,
    write_corrected_star,
    write_ctf_star,
)
from cloudlet.cryoem.formats.motion_star import MovieMotion, write_motion_star
from cloudlet.cryoem.formats.star import add_pairs, add_table
from cloudlet.cryoem.numerics.ctf import Defocus
from cloudlet.openat import FileBeneath

MOTION = MovieMotion(
    movie_name="/raw/a.tif",
    shape=(3, 300, 400),
    gain_name="/raw/gain.mrc",
    pixel_size_angstrom=1.4,
    binning=1,
    dose_per_frame=2.5,
    pre_exposure=0.0,
    voltage_kv=200,
    motion=np.array([(0.0, 0.0), (1.0, 0.5), (2.0, -0.25)]),
)


def read_back(path: Path, block: str) -> cif.Block:
    found = cif.read(str(path)).find_block(block)
    assert found is not None
    return found


def micrograph(
    name: str, pixel_size: float = 1.4, binning: int = 1, defocus: Defocus | None = None
) -> CollectedMicrograph:
    optics = OpticsGroup(pixel_size, binning, 200, 2.7, 0.1)
    paths = (f"micrographs/{name}.mrc", f"micrographs/{name}_noDW.mrc", f"micrographs/{name}.star")
    return CollectedMicrograph(*paths, optics, 9.0, 3.0, defocus, 0.3, 3.8)


def test_shifts_bring_frames_back_onto_the_first(tmp_path: Path) -> None:
    write_motion_star(FileBeneath(tmp_path, "a.star"), MOTION)
    columns = ["MicrographFrameNumber", "MicrographShiftX", "MicrographShiftY"]
    table = read_back(tmp_path / "a.star", "global_shift").find("_rln", columns)
    rows = [[float(cell) for cell in row] for row in table]
    assert rows == [[1, 0, 0], [2, -0.5, -1], [3, 0.25, -2]]
    assert "-0.000000" not in (tmp_path / "a.star").read_text()


def test_the_general_block_says_how_the_movie_was_taken(tmp_path: Path) -> None:
    write_motion_star(FileBeneath(tmp_path, "a.star"), MOTION)
    general = read_back(tmp_path / "a.star", "general")
    expected = {
        "ImageSizeX": 400,
        "ImageSizeY": 300,
        "ImageSizeZ": 3,
        "MicrographBinning": 1,
        "MicrographOriginalPixelSize": 1.4,
        "MicrographDoseRate": 2.5,
        "MicrographPreExposure": 0,
        "Voltage": 200,
        "MicrographStartFrame": 1,
        "MotionModelVersion": 0,
    }
    assert {key: float(general.find_value(f"_rln{key}")) for key in expected} == expected
    assert general.find_value("_rlnMicrographMovieName") == "/raw/a.tif"
    assert general.find_value("_rlnMicrographGainName") == "/raw/gain.mrc"


def test_micrographs_share_an_optics_group_only_if_taken_alike(tmp_path: Path) -> None:
    path = tmp_path / "corrected_micrographs.star"
    write_corrected_star(FileBeneath(tmp_path, path.name), [micrograph("a"), micrograph("b", 0.45, 2), micrograph("c")])
    columns = ["OpticsGroup", "MicrographOriginalPixelSize", "MicrographPixelSize"]
    groups = read_back(path, "optics").find("_rln", columns)
    assert [[float(cell) for cell in row] for row in groups] == [[1, 1.4, 1.4], [2, 0.45, 0.9]]
    rows = read_back(path, "micrographs").find("_rln", ["MicrographName", "OpticsGroup", "AccumMotionLate"])
    assert [list(row) for row in rows][1] == ["micrographs/b.mrc", "2", "6.000000"]
    assert [row[1] for row in rows] == ["1", "2", "1"]


def test_micrographs_without_a_ctf_are_left_out_of_the_ctf_file(tmp_path: Path) -> None:
    path = tmp_path / "micrographs_ctf.star"
    write_ctf_star(
        FileBeneath(tmp_path, path.name), [micrograph("a"), micrograph("b", defocus=Defocus(15_200, 14_800, 33.0))]
    )
    columns = ["MicrographName", "DefocusU", "DefocusV", "CtfAstigmatism", "DefocusAngle", "CtfMaxResolution"]
    table = read_back(path, "micrographs").find("_rln", columns)
    assert [row[0] for row in table] == ["micrographs/b.mrc"]
    assert [float(cell) for cell in list(table[0])[1:]] == [15_200, 14_800, 400, 33, 3.8]


def test_an_empty_collection_can_be_written(tmp_path: Path) -> None:
    write_corrected_star(FileBeneath(tmp_path, "a.star"), [])
    assert read_back(tmp_path / "a.star", "micrographs") is not None


def test_paths_are_written_without_quotes_for_relion() -> None:
    document = cif.Document()
    add_pairs(document, "general", {"MicrographMovieName": "raw/GRID1_00001_Nov23_01.00.05.tif"})
    assert "'" not in document.as_string()


@given(st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=30))
@example(".")
@example("loop_")
def test_any_name_is_read_back_as_it_was(name: str) -> None:
    document = cif.Document()
    add_table(document, "names", ["Name"], [(name,)])
    try:
        cell = cif.read_string(document.as_string()).sole_block().find_values("_rlnName").str(0)
    except ValueError:
        pytest.fail(document.as_string())
    assert cell == name
