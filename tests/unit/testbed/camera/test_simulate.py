from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cloudlet.errors import CloudletError
from cloudlet.testbed.models import CAMERAS, Truth
from cloudlet.testbed.simulate import (
    TruthInside,
    UnknownCamera,
    UnreadableSize,
    chosen_camera,
    parsed_size,
    simulate,
    truth_folder,
)


def run(out: Path, *options: str) -> Result:
    small = ("--pixels", "96x64", "--frames", "2", "--seed", "4")
    return CliRunner().invoke(simulate, ["movies", str(out), *small, *options])


def truths(out: Path) -> list[Truth]:
    folder = out.with_name(f"{out.name}-truth")
    return [Truth.from_json(path.read_text()) for path in sorted(folder.iterdir())]


def movies(out: Path) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.glob("*.tif"))]


def test_simulate_writes_movies_with_metadata_and_the_truth_beside(tmp_path: Path) -> None:
    out = tmp_path / "raw"
    assert run(out, "--count", "3").exit_code == 0
    assert len(movies(out)) == len(list(out.glob("*.tif.mdoc"))) == 3
    assert [truth.number for truth in truths(out)] == [1, 2, 3]
    assert truths(out)[0].width == 96


def test_defocus_is_drawn_per_movie_unless_given(tmp_path: Path) -> None:
    run(tmp_path / "drawn", "--count", "6")
    drawn = {truth.dials.target_defocus_um for truth in truths(tmp_path / "drawn")}
    assert len(drawn) > 1
    assert all(0.8 <= target <= 2.2 for target in drawn)
    run(tmp_path / "given", "--count", "2", "--defocus", "1.7")
    assert {truth.dials.target_defocus_um for truth in truths(tmp_path / "given")} == {1.7}


def test_movies_added_later_are_those_that_one_run_would_have_written(tmp_path: Path) -> None:
    run(tmp_path / "once", "--count", "3")
    run(tmp_path / "twice", "--count", "2")
    run(tmp_path / "twice", "--count", "1")
    assert movies(tmp_path / "once") == movies(tmp_path / "twice")


def test_dials_reach_the_movies(tmp_path: Path) -> None:
    run(tmp_path / "raw", "--count", "1", "--drift", "5", "--ice", "2", "--dose-per-frame", "1.5", "--voltage", "300")
    (truth,) = truths(tmp_path / "raw")
    assert (truth.dials.drift, truth.dials.ice, truth.dials.dose_per_frame) == (5, 2, 1.5)
    assert (truth.voltage_kv, truth.ice_angstrom) == (300, 800)


def test_truth_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    run(tmp_path / "raw", "--count", "1", "--truth", str(tmp_path / "elsewhere"))
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


@pytest.mark.parametrize("inside", ["", "truth", "a/b"])
def test_truth_inside_the_raw_folder_is_refused(tmp_path: Path, inside: str) -> None:
    with pytest.raises(TruthInside):
        truth_folder(tmp_path, tmp_path / inside)


def test_impossible_options_are_said_in_words(tmp_path: Path) -> None:
    outcome = run(tmp_path / "raw", "--drift", "99")
    assert isinstance(outcome.exception, CloudletError)
    assert "drift is 99, possible is 0 to 10" in str(outcome.exception)


@given(st.integers(1, 999999), st.integers(1, 999999))
def test_size_is_read_as_it_is_written(width: int, height: int) -> None:
    assert parsed_size(f"{width}x{height}") == parsed_size(f" {width} × {height}") == (width, height)


@given(st.text().filter(lambda text: not any(letter in text for letter in "x×X")))
def test_text_without_a_cross_is_no_size(text: str) -> None:
    with pytest.raises(UnreadableSize):
        parsed_size(text)


def test_cameras_are_chosen_by_name_and_changed_by_option() -> None:
    assert chosen_camera("k2", None, None, None) == CAMERAS["k2"]
    changed = chosen_camera("k3", "512x256", 0.9, 200.0)
    assert (changed.width, changed.height, changed.pixel_size_angstrom, changed.voltage_kv) == (512, 256, 0.9, 200.0)
    with pytest.raises(UnknownCamera, match="no camera called k4"):
        chosen_camera("k4", None, None, None)
