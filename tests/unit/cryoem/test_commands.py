import grp
import io
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import mrcfile
import numpy as np
import pytest
import typer
from rich.console import Console
from tests.swapping import swapping, until_both
from typer.testing import CliRunner

from cloudlet.analytics import ExposureState, Problem, ProjectFolderInRaw
from cloudlet.cryoem.batch import Batch, Outcome, folder_lock, process_folder
from cloudlet.cryoem.commands import process
from cloudlet.cryoem.declaration import DECLARATION
from cloudlet.cryoem.errors import (
    FolderHoldsOthers,
    FolderInUse,
    ProductUnwritable,
    ProjectFolderShared,
    RawFolderEmpty,
    RawFolderUnusable,
)
from cloudlet.cryoem.progress import Pace
from cloudlet.cryoem.summary import print_summary
from cloudlet.cryoem.workload import CryoemWorkload
from cloudlet.errors import CloudletError, SettingsInvalid


def begin(raw: Path, out: Path, **settings: object) -> Outcome:
    return process_folder(Batch(raw, out, settings, 1, is_watching=False), CryoemWorkload(), lambda counts: None)


def test_a_raw_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
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


def test_settings_that_make_no_sense_are_reported(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(SettingsInvalid, match="voltage_kv"):
        begin(tmp_path / "raw", tmp_path / "out", voltage_kv=-1)


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.tif").touch()
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".cloudlet.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderInUse):
            begin(tmp_path / "raw", tmp_path / "out")


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A raw folder with something to do, and an empty project folder."""
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.tif").touch()
    (tmp_path / "out").mkdir()
    return tmp_path / "raw", tmp_path / "out"


def test_a_lock_that_is_a_link_is_refused_and_what_it_leads_to_keeps_its_bytes(folders: tuple[Path, Path]) -> None:
    target = folders[1].with_name("target")
    target.write_text("theirs")
    (folders[1] / ".cloudlet.lock").symlink_to(target)
    with pytest.raises(ProductUnwritable, match=r"\.cloudlet\.lock is a link\. Remove .*\.cloudlet\.lock"):
        begin(*folders)
    assert target.read_text() == "theirs"


def test_a_lock_is_not_made_through_a_link_that_leads_nowhere(folders: tuple[Path, Path]) -> None:
    (folders[1] / ".cloudlet.lock").symlink_to(folders[1].with_name("nowhere"))
    with pytest.raises(ProductUnwritable, match="is a link"):
        begin(*folders)
    assert not folders[1].with_name("nowhere").exists()


def test_a_lock_that_is_a_pipe_is_refused_without_waiting(folders: tuple[Path, Path]) -> None:
    os.mkfifo(folders[1] / ".cloudlet.lock")
    with pytest.raises(ProductUnwritable, match="not a file"):
        begin(*folders)


def test_no_lock_touches_another_file_while_somebody_swaps_it_for_a_link(folders: tuple[Path, Path]) -> None:
    target, lock = folders[1].with_name("target"), folders[1] / ".cloudlet.lock"
    target.write_text("theirs")
    lock.touch()
    (folders[1] / "link").symlink_to(target)

    def attempt() -> bool:
        try:
            with folder_lock(folders[1]):
                return True
        except ProductUnwritable:
            return False

    with swapping(lock, folders[1] / "link"):
        until_both(attempt)
    assert target.read_text() == "theirs"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
def test_a_database_that_leads_elsewhere_is_refused_and_nothing_is_written_there(
    folders: tuple[Path, Path], plant: Callable[[Path, Path], None], suffix: str
) -> None:
    target, planted = folders[1].with_name("target"), folders[1] / f"cloudlet.db{suffix}"
    target.write_bytes(b"")  # SQLite takes an empty file for a new database
    plant(planted, target)
    with pytest.raises(ProjectFolderShared, match=r"cloudlet\.db.* (Remove it|Move it away)"):
        begin(*folders)
    assert target.read_bytes() == b""
    assert [path.name for path in folders[1].iterdir() if "db" in path.name] == [planted.name]


def test_a_database_of_somebody_else_is_refused(folders: tuple[Path, Path]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else")
    (folders[1] / "cloudlet.db").touch()
    os.chown(folders[1] / "cloudlet.db", 4711, 4711)
    with pytest.raises(ProjectFolderShared, match="somebody else's"):
        begin(*folders)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
def test_a_folder_that_others_may_write_to_holds_no_database(folders: tuple[Path, Path], mode: int) -> None:
    folders[1].chmod(mode)
    with pytest.raises(ProjectFolderShared, match="Others may write"):
        begin(*folders)
    assert not (folders[1] / "cloudlet.db").exists()


def test_a_folder_of_a_group_with_others_in_it_holds_no_database(folders: tuple[Path, Path]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another group")
    os.chown(folders[1], -1, 4711)
    folders[1].chmod(0o2775)
    with pytest.raises(ProjectFolderShared, match="chmod go-w"):
        begin(*folders)


def test_a_folder_of_the_group_that_is_the_user_alone_is_used(folders: tuple[Path, Path]) -> None:
    user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(pwd.getpwuid(os.geteuid()).pw_gid)
    if group.gr_name != user.pw_name or set(group.gr_mem) - {user.pw_name}:
        pytest.skip("this user has no group alone")
    os.chown(folders[1], -1, user.pw_gid)
    folders[1].chmod(0o775)
    assert [each.name for each in begin(*folders).failures] == ["a.tif"]


def test_a_folder_that_is_made_is_not_the_groups_to_write(folders: tuple[Path, Path]) -> None:
    former = os.umask(0o002)
    try:
        begin(folders[0], folders[1] / "new")
    finally:
        os.umask(former)
    assert (folders[1] / "new").stat().st_mode & 0o777 == 0o755


def test_a_linked_product_folder_receives_nothing(tmp_path: Path) -> None:
    raw, out, elsewhere = tmp_path / "raw", tmp_path / "out", tmp_path / "elsewhere"
    for folder in (raw, out, elsewhere):
        folder.mkdir()
    mrcfile.write(raw / "a.mrc", MOVIE)
    (out / "micrographs").symlink_to(elsewhere)
    outcome = begin(raw, out, **KNOWN)
    assert outcome.run.problem is not None
    assert "micrographs is a link" in outcome.run.problem.message
    assert not list(elsewhere.iterdir())


def test_the_project_folder_itself_may_be_reached_through_a_link(tmp_path: Path) -> None:
    for folder in ("raw", "disk"):
        (tmp_path / folder).mkdir()
    mrcfile.write(tmp_path / "raw" / "a.mrc", MOVIE)
    (tmp_path / "out").symlink_to("disk")
    assert not begin(tmp_path / "raw", tmp_path / "out", **KNOWN).failures
    assert (tmp_path / "disk" / "micrographs" / "a.mrc").exists()


def test_the_command_line_takes_everything_metadata_may_lack() -> None:
    program = typer.Typer()
    program.command()(process)
    shown = CliRunner().invoke(program, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert shown.exit_code == 0
    options = ("pixel-size", "voltage", "cs", "amplitude-contrast", "dose-per-frame", "gain")
    options += ("device", "set", "dry-run", "watch", "workers", "out")
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
    CliRunner().invoke(program, [str(tmp_path), "--out", str(tmp_path / "out"), "--voltage", "200", *MORE])
    assert [batch.settings for batch in begun] == [{"voltage_kv": 200.0, "keep_halves": True, "gain_turn": "90-flip"}]


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
        batch = Batch(Path("/raw"), out, {}, 1, is_watching=False)
        print_summary(Console(file=screen, width=90), Outcome(run, {}, [], [failed], gone=0), batch, DECLARATION)
    first, second, *table = screen.getvalue().splitlines()
    assert first == f"The movie {name}.mrc ends early. Copy it again."
    assert second.endswith(f"Results are in {out}")
    assert f"{name}.mrc" in table[1].split()
    assert f"The movie {name}.mrc ends early." in table[1]


MORE = ("--set", "keep_halves=true", "--set", "gain_turn=90-flip")
MOVIE = np.random.default_rng(0).poisson(1, (4, 256, 256)).astype(np.int8)
KNOWN = {"pixel_size_angstrom": 1.4, "voltage_kv": 200.0, "dose_per_frame": 2.0}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A raw folder with a movie and a file that is none, and the folder of their results: what is measured stays."""
    folder = tmp_path_factory.mktemp("measured")
    raw, out = folder / "raw", folder / "out"
    raw.mkdir()
    mrcfile.write(raw / "a.mrc", MOVIE)
    (raw / "broken.tif").write_text("no picture")
    outcome = begin(raw, out, **KNOWN)
    assert (outcome.counts[ExposureState.DONE], [each.name for each in outcome.failures]) == (1, ["broken.tif"])
    return raw, out


def test_other_settings_are_not_mixed_with_the_results_of_earlier_ones(measured: tuple[Path, Path]) -> None:
    with pytest.raises(FolderHoldsOthers, match=r"pixel_size_angstrom was 1\.4, is 3\.0"):
        begin(*measured, **KNOWN | {"pixel_size_angstrom": 3.0})


def test_settings_may_be_corrected_as_long_as_nothing_is_measured(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    mrcfile.write(raw / "a.mrc", MOVIE)
    (raw / "a.mrc.mdoc").write_text("[FrameSet = 0]\nNumSubFrames = 4\n")
    assert begin(raw, tmp_path / "out").failures
    assert not begin(raw, tmp_path / "out", **KNOWN).failures


def test_another_raw_folder_gets_another_folder_for_its_results(measured: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    mrcfile.write(other / "a.mrc", MOVIE)
    with pytest.raises(FolderHoldsOthers, match=r"those of the movies in .*raw"):
        begin(other, measured[1], **KNOWN)


def test_a_failed_movie_that_was_taken_away_does_not_fail_for_ever(measured: tuple[Path, Path]) -> None:
    (measured[0] / "broken.tif").unlink()
    outcome = begin(*measured, **KNOWN)
    assert (outcome.failures, outcome.gone) == ([], 1)
    screen = io.StringIO()
    batch = Batch(*measured, KNOWN, 1, is_watching=False)
    assert print_summary(Console(file=screen, width=200), outcome, batch, DECLARATION) == 0
    assert "1 that had failed before are no longer in the raw folder" in screen.getvalue()
    assert "1 were taken as gain-corrected" in screen.getvalue()


def test_what_was_not_finished_is_no_success(tmp_path: Path) -> None:
    counts = {ExposureState.DONE: 1, ExposureState.QUEUED: 2}
    outcome = Outcome(SimpleNamespace(problem=None), counts, [SimpleNamespace(results=None)], [], gone=0)
    once, watching = (Batch(tmp_path, tmp_path, {}, 1, is_watching=watch) for watch in (False, True))
    assert print_summary(Console(file=io.StringIO()), outcome, once, DECLARATION) == 1
    assert print_summary(Console(file=io.StringIO()), outcome, watching, DECLARATION) == 0


def test_a_folder_without_movies_is_reported_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "movie.avi").touch()
    with pytest.raises(RawFolderEmpty, match="no movie"):
        begin(tmp_path / "raw", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.tif").touch()
    with pytest.raises(RawFolderUnusable, match="is a file, not a folder"):
        begin(tmp_path / "a.tif", tmp_path / "out")


def test_a_setting_without_a_value_is_reported() -> None:
    program = typer.Typer()
    program.command()(process)
    result = CliRunner().invoke(program, ["raw", "--out", "out", "--set", "keep_halves"])
    assert isinstance(result.exception, SettingsInvalid)


def test_a_dry_run_says_what_is_understood_and_leaves_nothing_behind(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    mrcfile.write(raw / "a.mrc", MOVIE)
    (raw / "broken.tif").write_text("no picture")
    program = typer.Typer()
    program.command()(process)
    options = ["--pixel-size", "1.4", "--voltage", "200", "--dose-per-frame", "2", "--dry-run"]
    result = CliRunner().invoke(program, [str(raw), "--out", str(tmp_path / "out"), *options], env={"COLUMNS": "200"})
    assert result.exit_code == 1
    assert "256 × 256, 4 frames" in result.output
    assert "8 in all" in result.output
    assert "1 can be measured, 1 cannot" in result.output
    assert not (tmp_path / "out").exists()


def test_the_pace_counts_what_this_call_has_done() -> None:
    times = iter([0.0, 10.0, 3600.0])
    pace = Pace(lambda: next(times))
    assert pace.describe(5, 20) == ""
    assert pace.describe(6, 20) == "360 an hour, 2 min left"
    assert pace.describe(20, 20) == "15 an hour"
