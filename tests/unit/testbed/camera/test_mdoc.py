from __future__ import annotations

from datetime import datetime

import pytest

from cloudlet.testbed.mdoc import mdoc_name, mdoc_text
from cloudlet.testbed.models import Movie

NAME = "GRID1_00001_Nov23_23.41.05.tif"


@pytest.fixture
def keys(movie: Movie, started: datetime) -> dict[str, str]:
    lines = mdoc_text(movie.truth, NAME, "CountRef_GRID1.mrc", started).splitlines()
    return dict(line.split(" = ", 1) for line in lines if " = " in line and not line.startswith("["))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Voltage", "200"),
        ("PixelSpacing", "1.4"),
        ("TargetDefocus", "-1.5"),
        ("Defocus", "-1.5"),
        ("ExposureDose", "10"),
        ("NumSubFrames", "4"),
        ("FrameDosesAndNumber", "2.5 4"),
        ("GainReference", "CountRef_GRID1.mrc"),
        ("StagePosition", "0 0"),
        ("CountsPerElectron", "1"),
        ("SubFramePath", f"X:\\frames\\{NAME}"),
        ("DateTime", "23-Nov-31  23:41:05"),
        ("UncroppedSize", "256 224"),
        ("DoseRate", "49"),
    ],
)
def test_mdoc_says_what_an_acquisition_program_knows(keys: dict[str, str], key: str, value: str) -> None:
    assert keys[key] == value


def test_mdoc_does_not_betray_the_truth(movie: Movie, started: datetime) -> None:
    text = mdoc_text(movie.truth, NAME, "gain.mrc", started)
    assert f"{movie.truth.defocus_angstrom * 1e-4:.3f}" not in text


def test_mdoc_has_one_frame_set_after_its_header(movie: Movie, started: datetime) -> None:
    lines = mdoc_text(movie.truth, NAME, "gain.mrc", started).splitlines()
    assert lines[0].startswith("T = SerialEM: ")
    assert lines[1:4] == ["Voltage = 200", "", "[FrameSet = 0]"]
    assert mdoc_name(NAME) == f"{NAME}.mdoc"
