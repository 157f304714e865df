"""Where another program works on a movie: a folder in the project folder, whatever others put there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cloudlet.cryoem.acquisition import acquisition_of
from cloudlet.cryoem.correction import Correction
from cloudlet.cryoem.errors import ProductUnwritable, ProgramFailed
from cloudlet.cryoem.external.relion_motion import RelionCorrector
from cloudlet.cryoem.formats.movie import open_movie
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.stopwatch import Stopwatch

WriteMovie = Callable[..., Path]

PROGRAM = """#!/bin/sh
set -e
test -r movie.tif
{first}
mkdir MC
cp gain.mrc MC/movie.mrc
cp gain.mrc MC/movie_noDW.mrc
cat > MC/movie.star <<END
data_global_shift
loop_
_rlnMicrographShiftX
_rlnMicrographShiftY
0 0
-1 -2
END
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def correct(write_movie: WriteMovie, tmp_path: Path, project: Path) -> Callable[..., Correction]:
    """Correct a movie by a program that does `first`, and then leaves what RELION would."""

    def corrected(first: str = "") -> Correction:
        program = tmp_path / "program"
        program.write_text(PROGRAM.format(first=first))
        program.chmod(0o755)
        path = write_movie(np.random.default_rng(0).poisson(4, (2, 256, 256)).astype(np.uint8))
        settings = CryoemSettings(
            pixel_size_angstrom=1.0, voltage_kv=300.0, dose_per_frame=1.0, relion_motion_command=str(program)
        )
        path.with_name("a.tif.mdoc").unlink()
        with open_movie(path) as movie:
            return RelionCorrector(1, settings).correct(movie, acquisition_of(movie, settings), project, Stopwatch())

    return corrected


def test_what_the_program_leaves_is_read_and_its_folder_is_gone(
    correct: Callable[..., Correction], project: Path
) -> None:
    assert correct().motion.motion.tolist() == [[0, 0], [2, 1]]
    assert not list((project / ".relion").iterdir())
    with pytest.raises(ProgramFailed):
        correct("false")
    assert not list((project / ".relion").iterdir())


def test_nobody_else_may_write_where_the_program_follows_links(
    correct: Callable[..., Correction], tmp_path: Path
) -> None:
    correct(f"stat -c %a . > {tmp_path}/mode")
    assert (tmp_path / "mode").read_text() == "700\n"


def test_a_linked_folder_for_programs_is_refused_and_receives_nothing(
    correct: Callable[..., Correction], project: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (project / ".relion").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProductUnwritable, match=r"\.relion is a link"):
        correct()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_results_are_read_from_the_folder_that_was_made_whatever_takes_its_place(
    correct: Callable[..., Correction], project: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    swap = f"own=$(pwd -P); mv $own {project}/.relion/away; ln -s {elsewhere} $own"
    assert correct(swap).motion.motion.tolist() == [[0, 0], [2, 1]]
    assert not list(elsewhere.iterdir())
