from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cloudlet.cryoem.batch import Batch, process_folder
from cloudlet.cryoem.commands import process
from cloudlet.cryoem.errors import FolderInUse, ProjectInsideRaw, RawFolderUnusable, SettingsInvalid
from cloudlet.cryoem.workload import CryoemWorkload
from cloudlet.errors import CloudletError


def begin(raw: Path, out: Path, **settings: object) -> None:
    process_folder(Batch(raw, out, settings, 1, is_watching=False), CryoemWorkload(), lambda counts: None)


def test_a_raw_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RawFolderUnusable, match="There is no folder"):
        begin(tmp_path / "raw", tmp_path / "out")


def test_nothing_is_written_into_the_raw_folder(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for out in (tmp_path / "raw", tmp_path / "raw" / "out", tmp_path / "x" / ".." / "raw" / "out"):
        with pytest.raises(ProjectInsideRaw):
            begin(tmp_path / "raw", out)
    assert not list((tmp_path / "raw").iterdir())


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


def test_an_unusable_folder_reaches_the_command_line_as_its_sentence(tmp_path: Path) -> None:
    program = typer.Typer()
    program.command()(process)
    result = CliRunner().invoke(program, [str(tmp_path / "raw"), "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, CloudletError)
