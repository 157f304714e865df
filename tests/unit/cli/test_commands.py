import os
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs/reference/commands.md"
COMMANDS = ("check", "demo", "edge", "gateway", "portal", "process", "simulate", "upgrade", "version")


def cloudlet(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cloudlet", *arguments]
    # The very code under test, wherever an installed one may come from.
    environment = {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


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


def test_check_opens_every_file_that_the_settings_name_and_reports_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("s3cret")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "empty").touch(mode=0o600)
    settings = tmp_path / "cloudlet.toml"
    settings.write_text(f"""
        [web]
        base_url = "http://cloudlet.example.org"
        [identity.providers.home]
        title = "Home"
        issuer = "https://idp.example.org"
        client_id = "us"
        client_secret_file = "{tmp_path / "missing"}"
        [instruments.arctica]
        title = "Arctica"
        console = {{ host = "scope", password_file = "{tmp_path / "open"}" }}
        [instruments.arctica.workload]
        name = "cryoem"
        settings = {{ gain = "{tmp_path / "gain.mrc"}", defects = "beside-the-movie.txt" }}
        [instruments.krios]
        title = "Krios"
        console = {{ host = "scope", password_file = "{tmp_path / "empty"}" }}
    """)
    done = cloudlet("check", "--settings", str(settings))
    problems = [line for line in done.stderr.splitlines() if line.startswith("- ")]
    assert done.returncode == 2
    for setting, sentence in (
        ("web.base_url", "https://"),
        ("identity.providers.home.client_secret_file", "missing cannot be read"),
        ("instruments.arctica.console.password_file", "chmod 600"),
        ("instruments.krios.console.password_file", "its first line is empty"),
        ("instruments.arctica.workload", "gain.mrc cannot be read"),
    ):
        assert [line for line in problems if line.startswith(f"- {setting}: ") and sentence in line], done.stderr
    assert len(problems) == 5
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(
    ("url", "sentences"),
    [
        ("sqlite:////nonexistent/dir/x.db", ["the folder /nonexistent/dir is missing"]),
        (
            "postgresql://cloudlet@db/cloudlet?passfile={}/open&sslrootcert={}/missing",
            ["open to others", "cannot be read"],
        ),
        ("postgresql://cloudlet@db/cloudlet?passfile={}/own&sslrootcert=system", []),
    ],
)
def test_check_looks_at_what_the_databases_address_names(tmp_path: Path, url: str, sentences: list[str]) -> None:
    for name, mode in (("open", 0o644), ("own", 0o600)):
        (tmp_path / name).write_text("db:5432:cloudlet:cloudlet:s3cret")
        (tmp_path / name).chmod(mode)
    (tmp_path / "cloudlet.toml").write_text(f"database.url = '{url.replace('{}', str(tmp_path))}'")
    done = cloudlet("check", "--settings", str(tmp_path / "cloudlet.toml"))
    problems = [line for line in done.stderr.splitlines() if line.startswith("- database.url: ")]
    assert len(problems) == len(sentences)
    assert all(sentence in problem for sentence, problem in zip(sentences, problems, strict=True)), done.stderr
    assert done.returncode == (2 if sentences else 0)


@pytest.mark.parametrize("options", [["--host", "203.0.113.1"], ["--port", "99999"], ["--fd", "99"]])
def test_a_process_that_cannot_listen_says_so_in_a_sentence(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "cloudlet.toml").write_text(f"database.url = 'sqlite:///{tmp_path}/cloudlet.db'")
    done = cloudlet("portal", "--settings", str(tmp_path / "cloudlet.toml"), *options)
    assert done.returncode == 2
    assert "Nobody can listen on" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_command_makes_is_for_its_owner_alone(tmp_path: Path) -> None:
    former = os.umask(0o022)
    try:
        settings = tmp_path / "cloudlet.toml"
        settings.write_text(f'database.url = "sqlite:///{tmp_path / "cloudlet.db"}"')
        assert cloudlet("upgrade", "--settings", str(settings)).returncode == 0
        assert (
            cloudlet("simulate", "movies", str(tmp_path / "raw"), "--count", "1", "--pixels", "256x256").returncode == 0
        )
    finally:
        os.umask(former)
    made = [path for path in tmp_path.rglob("*") if path != settings]
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


def test_control_characters_in_an_error_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    reported = cloudlet("check", "--settings", str(tmp_path / "a\x1b[2J\u202eb.toml")).stderr
    assert "a\\u001b[2J\\u202eb.toml" in reported
    assert "\x1b" not in reported
