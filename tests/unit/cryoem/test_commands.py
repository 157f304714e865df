import io
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from cloudlet.analytics import Problem, ProjectFolderInRaw
from cloudlet.cryoem.batch import Batch, Outcome, process_folder
from cloudlet.cryoem.commands import _told, process
from cloudlet.cryoem.errors import FolderInUse, RawFolderUnusable, SettingsInvalid
from cloudlet.cryoem.workload import CryoemWorkload
from cloudlet.errors import CloudletError


def begin(raw: Path, out: Path, **settings: object) -> Outcome:
    return process_folder(Batch(raw, out, settings, 1, is_watching=False), CryoemWorkload(), lambda counts: None)


def test_a_raw_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RawFolderUnusable, match="There is no folder"):
        begin(tmp_path / "raw", tmp_path / "out")


def test_nothing_is_written_into_the_raw_folder(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for out in (tmp_path / "raw", tmp_path / "raw" / "out", tmp_path / "x" / ".." / "raw" / "out"):
        with pytest.raises(ProjectFolderInRaw):
            begin(tmp_path / "raw", out)
    assert not list((tmp_path / "raw").iterdir())


@pytest.mark.parametrize("layout", ["raw is micrographs", "raw lies in micrographs", "micrographs is a link to raw"])
def test_movies_where_micrographs_would_be_written_are_left_as_they_are(tmp_path: Path, layout: str) -> None:
    project, micrographs = tmp_path / "project", tmp_path / "project" / "micrographs"
    raw = {"raw is micrographs": micrographs, "raw lies in micrographs": micrographs / "raw"}.get(
        layout, tmp_path / "raw"
    )
    raw.mkdir(parents=True)
    if raw.parent == tmp_path:
        project.mkdir()
        micrographs.symlink_to(raw)
    movie = np.random.default_rng(0).poisson(1, (4, 256, 256)).astype(np.int8)
    mrcfile.write(raw / "a.mrc", movie)
    before = (raw / "a.mrc").read_bytes()
    with pytest.raises(ProjectFolderInRaw):
        begin(raw, project, pixel_size_angstrom=1.4, voltage_kv=200, dose_per_frame=2)
    assert (raw / "a.mrc").read_bytes() == before
    assert [path.name for path in raw.iterdir()] == ["a.mrc"]


def test_a_folder_of_movies_within_the_project_folder_is_processed(tmp_path: Path) -> None:
    raw = tmp_path / "Movies"
    raw.mkdir()
    movie = np.random.default_rng(0).poisson(1, (4, 256, 256)).astype(np.int8)
    for name in ("a.mrc", "a_noDW.mrc"):
        mrcfile.write(raw / name, movie)
    outcome = begin(raw, tmp_path, pixel_size_angstrom=1.4, voltage_kv=200, dose_per_frame=2)
    assert (tmp_path / "micrographs" / "a.mrc").exists()
    assert [(each.name, each.problem and each.problem.slug) for each in outcome.failures] in (
        [("a.mrc", "products-meet")],
        [("a_noDW.mrc", "products-meet")],
    )


def test_settings_that_make_no_sense_are_told(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(SettingsInvalid, match="voltage_kv"):
        begin(tmp_path / "raw", tmp_path / "out", voltage_kv=-1)


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "raw").mkdir()
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".cloudlet.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderInUse):
            begin(tmp_path / "raw", tmp_path / "out")


def test_the_command_line_takes_everything_metadata_may_lack() -> None:
    program = typer.Typer()
    program.command()(process)
    shown = CliRunner().invoke(program, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert shown.exit_code == 0
    options = ("pixel-size", "voltage", "cs", "amplitude-contrast", "dose-per-frame", "gain", "watch", "workers", "out")
    for option in options:
        assert f"--{option}" in shown.output


def test_what_is_not_given_on_the_command_line_is_left_to_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Batch] = []

    def note(batch: Batch, *_: object) -> None:
        begun.append(batch)
        raise FolderInUse("That is enough.")

    monkeypatch.setattr("cloudlet.cryoem.batch.process_folder", note)
    program = typer.Typer()
    program.command()(process)
    CliRunner().invoke(program, [str(tmp_path), "--out", str(tmp_path / "out"), "--voltage", "200"])
    assert [batch.settings for batch in begun] == [{"voltage_kv": 200.0}]


def test_an_unusable_folder_reaches_the_command_line_as_its_sentence(tmp_path: Path) -> None:
    program = typer.Typer()
    program.command()(process)
    result = CliRunner().invoke(program, [str(tmp_path / "raw"), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, CloudletError)


@pytest.mark.parametrize("name", ["[run]", "[/x]", ":warning:"])
def test_names_are_printed_letter_by_letter(name: str) -> None:
    screen = io.StringIO()
    problem = Problem("slug", f"The movie {name}.mrc ends early.", "Copy it again.")
    out = Path("/data") / ("a" * 100) / name
    for run in (SimpleNamespace(problem=problem), SimpleNamespace(problem=None)):
        failed = SimpleNamespace(name=f"{name}.mrc", problem=problem)
        _told(Console(file=screen, width=90), Outcome(run, {}, [failed]), out)
    first, second, *table = screen.getvalue().splitlines()
    assert first == f"The movie {name}.mrc ends early. Copy it again."
    assert second.endswith(f"Results are in {out}.")
    assert f"{name}.mrc" in table[1].split()
    assert f"The movie {name}.mrc ends early." in table[1]
