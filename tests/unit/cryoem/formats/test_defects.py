from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile

from cloudlet.cryoem.errors import DefectsUnusable
from cloudlet.cryoem.formats.defects import parse_defects, read_defects

TEXT = """CameraSizeX 40
CameraSizeY 30
RotationAndFlip 0
WasScaled 1
K2Type 2
FalconType 0
NumToAvgSuperRes 2
UsableArea 0 0 0 0
PartialBadColumn 7 2 3 9
PartialBadRow 20 1 30 35
BadColumns 12
BadRows 29
BadPixels 3 5 4 6
"""


def expected() -> np.ndarray:
    mask = np.zeros((30, 40), bool)  # from the top
    mask[3:10, 7:9] = True
    mask[20, 30:36] = True
    mask[:, 12] = True
    mask[29] = True
    mask[5, 3] = mask[6, 4] = True
    return mask[::-1]


def test_every_keyword_marks_what_it_says_from_the_top_left() -> None:
    np.testing.assert_array_equal(parse_defects(TEXT), expected())


def test_a_usable_area_leaves_out_what_lies_around_it() -> None:
    mask = parse_defects("CameraSizeX 8\nCameraSizeY 6\nUsableArea 1 2 4 6\n")[::-1]
    assert not mask[1:5, 2:7].any()
    assert mask.sum() == 48 - 4 * 5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "CameraSizeX and CameraSizeY"),
        ("CameraSizeX 8\nCameraSizeY -6\n", "no size that there is"),
        ("CameraSizeX 8\nCameraSizeY 9999999999\n", "no size that there is"),
        ("CameraSizeX 8\nCameraSizeY 6\nBadColumn 3\n", "line 3 begins with 'BadColumn'"),
        ("CameraSizeX 8\nCameraSizeY 6\nBadColumns 8\n", "line 3 makes no sense"),
        ("CameraSizeX 8\nCameraSizeY 6\nBadColumns -1\n", "line 3 makes no sense"),
        ("CameraSizeX 8\nCameraSizeY 6\nBadPixels 1 2 3\n", "line 3 makes no sense"),
        ("CameraSizeX 8\nCameraSizeY 6\nPartialBadRow 1 1 5 3\n", "line 3 makes no sense"),
        ("CameraSizeX 8\nCameraSizeY 6\nPartialBadRow 1 1 5\n", "line 3 makes no sense"),
        ("CameraSizeX 8\nCameraSizeY 6\nBadRows one\n", "line 3 makes no sense"),
    ],
)
def test_what_makes_no_sense_is_reported_by_its_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_defects(text)


def test_a_list_of_the_camera_serves_super_resolution(tmp_path: Path) -> None:
    path = tmp_path / "defects.txt"
    path.write_text("CameraSizeX 40\nCameraSizeY 30\nBadPixels 3 5\n")
    mask = read_defects(path, (60, 80))
    assert np.argwhere(mask[::-1]).tolist() == [[10, 6], [10, 7], [11, 6], [11, 7]]


def test_maps_lie_as_movies_do(tmp_path: Path) -> None:
    mask = np.zeros((30, 40), np.uint8)
    mask[2, 3] = 1
    tifffile.imwrite(tmp_path / "map.tif", mask)
    mrcfile.write(tmp_path / "map.mrc", mask.astype(np.int8))
    np.testing.assert_array_equal(read_defects(tmp_path / "map.tif", (30, 40)), mask[::-1] != 0)
    np.testing.assert_array_equal(read_defects(tmp_path / "map.mrc", (30, 40)), mask != 0)


@pytest.mark.parametrize("name", ["defects.txt", "map.tif", "map.mrc"])
def test_what_cannot_be_used_is_reported_with_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(DefectsUnusable, match=f"{name} cannot be used: it is not in"):
        read_defects(path, (30, 40))
    path.write_bytes(b"nonsense")
    with pytest.raises(DefectsUnusable, match=name):
        read_defects(path, (30, 40))
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(DefectsUnusable, match="link"):
        read_defects(path, (30, 40))


def test_another_cameras_list_is_refused_and_so_is_one_that_leaves_little(tmp_path: Path) -> None:
    path = tmp_path / "defects.txt"
    path.write_text(TEXT)
    with pytest.raises(DefectsUnusable, match="it is for 40 × 30 pixels, the frames are 41 × 30"):
        read_defects(path, (30, 41))
    path.write_text("CameraSizeX 40\nCameraSizeY 30\nBadColumns 1 2 3 4 5 6 7 8\n")
    with pytest.raises(DefectsUnusable, match="20 % of the camera bad"):
        read_defects(path, (30, 40))
