from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cloudlet.cryoem import WORKLOAD

WriteMovie = Callable[..., Path]
FRAMES = np.random.default_rng(0).poisson(4, (4, 260, 280)).astype(np.uint8)
SELF_SUFFICIENT = {"pixel_size_angstrom": 1.4, "voltage_kv": 200.0, "dose_per_frame": 2.5}


def test_a_movie_with_all_the_frames_its_metadata_announces_is_complete(write_movie: WriteMovie) -> None:
    readiness = WORKLOAD.readiness(write_movie(FRAMES), {})
    assert readiness.is_complete
    assert readiness.problem is None


def test_a_shorter_valid_file_waits_for_the_rest(write_movie: WriteMovie) -> None:
    readiness = WORKLOAD.readiness(write_movie(FRAMES, announced=16), {})
    assert not readiness.is_complete
    assert not readiness.is_final
    assert readiness.problem is not None
    assert "4 of the 16 frames" in readiness.problem.message


def test_a_file_cut_within_a_frame_waits_for_the_rest(write_movie: WriteMovie) -> None:
    path = write_movie(FRAMES, mdoc=False)
    path.write_bytes(path.read_bytes()[:-100])
    readiness = WORKLOAD.readiness(path, SELF_SUFFICIENT)
    assert not readiness.is_complete
    assert readiness.problem is not None
    assert "middle of frame 4" in readiness.problem.message


@pytest.mark.parametrize("beside", ["a.tif.mdoc", "a.xml"])
def test_a_file_cut_within_its_first_frame_waits_for_the_rest(write_movie: WriteMovie, beside: str) -> None:
    path = write_movie(FRAMES, mdoc=beside.endswith("mdoc"))
    if beside == "a.xml":
        reported = "<KeyValueOf><Key>Dose</Key><Value>4e21</Value></KeyValueOf>"
        path.with_name("a.xml").write_text(f"<a><AccelerationVoltage>300000</AccelerationVoltage>{reported}</a>")
    path.write_bytes(path.read_bytes()[:1000])
    readiness = WORKLOAD.readiness(path, {})
    assert (readiness.is_complete, readiness.is_final) == (False, False)
    assert readiness.problem is not None
    assert "middle of frame 1" in readiness.problem.message


def test_a_movie_without_metadata_waits_for_it_unless_the_settings_say_everything(write_movie: WriteMovie) -> None:
    path = write_movie(FRAMES, mdoc=False)
    waiting = WORKLOAD.readiness(path, {"pixel_size_angstrom": 1.4, "voltage_kv": 200.0})
    assert not waiting.is_complete
    assert not waiting.is_final
    assert waiting.problem is not None
    assert "a.tif.mdoc" in waiting.problem.message
    assert WORKLOAD.readiness(path, SELF_SUFFICIENT).is_complete


def test_metadata_without_a_section_yet_is_waited_for(write_movie: WriteMovie) -> None:
    path = write_movie(FRAMES)
    path.with_name("a.tif.mdoc").write_text("T = SerialEM\nVolt")
    assert not WORKLOAD.readiness(path, {}).is_complete


def test_a_text_that_is_called_a_movie_is_final(tmp_path: Path) -> None:
    (tmp_path / "notes.tif").write_text("Remember the milk.")
    readiness = WORKLOAD.readiness(tmp_path / "notes.tif", {})
    assert readiness.is_final
    assert readiness.problem is not None
    assert readiness.problem.slug == "movie-wrong-type"


def test_empty_and_vanished_files_are_reported_but_not_final(tmp_path: Path) -> None:
    (tmp_path / "a.tif").touch()
    for name, slug in (("a.tif", "movie-empty"), ("b.tif", "movie-vanished")):
        readiness = WORKLOAD.readiness(tmp_path / name, {})
        assert not readiness.is_complete
        assert not readiness.is_final
        assert readiness.problem is not None
        assert readiness.problem.slug == slug
