import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/reference/commands.md"
COMMANDS = ("check", "demo", "edge", "gateway", "portal", "process", "simulate", "upgrade", "version")


def cloudlet(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloudlet", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"NO_COLOR": "1", "COLUMNS": "200"})


def test_help_lists_our_commands_and_those_plugged_in_and_the_page_tells_of_each() -> None:
    reported = cloudlet("--help").stdout
    page = PAGE.read_text("utf-8")
    for command in COMMANDS:
        assert f" {command} " in reported
        assert f"cloudlet {command}" in page


def test_the_version_can_be_asked_for_in_two_ways() -> None:
    asked = cloudlet("--version")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout == cloudlet("version").stdout
    assert asked.stdout[0].isdigit()


@pytest.mark.parametrize("command", ["process", "simulate", "demo"])
def test_a_plugged_in_command_explains_itself(command: str) -> None:
    done = cloudlet(command, "--help")
    assert done.returncode == 0
    assert f"cloudlet {command}" in done.stdout


def test_an_error_is_reported_as_its_sentences_and_not_as_a_traceback(tmp_path: Path) -> None:
    done = cloudlet("check", "--settings", str(tmp_path / "missing.toml"))
    assert done.returncode == 2
    assert "cannot be read" in done.stderr
    assert "(settings-invalid)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["[run]", "[/x]", ":warning:", "a" * 200])
def test_a_path_is_printed_letter_by_letter(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    path = folder / "cloudlet.toml"
    assert f"file {path} cannot be read" in cloudlet("check", "--settings", str(path)).stderr
    path.write_text("")
    assert cloudlet("check", "--settings", str(path)).stdout == f"The settings in {path} can be used.\n"


def test_a_command_that_does_not_exist_is_refused() -> None:
    done = cloudlet("frobnicate")
    assert done.returncode == 2
    assert "frobnicate" in done.stderr
