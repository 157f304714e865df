"""One program, `cloudlet`; workloads and the testbed add commands by entry point ``cloudlet.commands``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from cloudlet.cli.plugins import PluggedGroup
from cloudlet.errors import CloudletError
from cloudlet.escaping import escape_controls

if TYPE_CHECKING:
    from cloudlet.analytics import Problem

__all__ = ["main"]

SettingsFile = Annotated[
    Path,
    typer.Option("--settings", envvar="CLOUDLET_SETTINGS", help="The settings file.", show_envvar=True),
]
Inherited = Annotated[int | None, typer.Option("--fd", help="Serve on this inherited socket instead.")]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
DEFAULT_SETTINGS = Path("cloudlet.toml")
FOR_OTHERS = 0o077
"""The permissions of everybody but the owner."""


def _program() -> typer.Typer:
    program = typer.Typer(
        name="cloudlet",
        cls=PluggedGroup,
        help="The machine beside the instrument: sign in, take the controls, watch every exposure being measured.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    program.callback()(_before)
    program.command()(check)
    program.command()(upgrade)
    program.command()(portal)
    program.command()(gateway)
    program.command()(edge)
    program.command()(version)
    return program


def _print_version(is_asked: bool) -> None:
    if is_asked:
        version()
        raise typer.Exit


def _before(
    _is_version_asked: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    # Typer knows options before the command by a function alone; there is nothing else to do.
    pass


def check(settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Report every problem in the settings at once, with those of workloads and of all files that are named."""
    from cloudlet.access import check_consoles
    from cloudlet.analytics import check_workloads
    from cloudlet.database import check_database
    from cloudlet.identity import check_providers
    from cloudlet.settings import examine, unusable

    examined = examine(settings)
    in_database = check_database(examined.database) if examined.database else []
    problems = [
        *examined.problems,
        *(f"database.url: {problem}" for problem in in_database),
        *_located("identity.providers.{}.client_secret_file", check_providers(examined.providers)),
        *_located("instruments.{}.console.password_file", check_consoles(examined.consoles)),
        *_located("instruments.{}.workload", check_workloads(examined.workloads)),
    ]
    if problems:
        raise unusable(settings, problems)
    Console().print(Text(f"The settings in {settings} can be used."), soft_wrap=True)


def upgrade(settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Bring the database to this version; an empty one gets all tables."""
    from cloudlet import migrations
    from cloudlet.settings import load

    migrations.upgrade(load(settings).database.url)
    Console().print("The database has the tables of this version.")


def portal(
    settings: SettingsFile = DEFAULT_SETTINGS, fd: Inherited = None, host: Host = "127.0.0.1", port: int = 8440
) -> None:
    """Serve the pages, the API and sign-in."""
    from cloudlet.processes.portal import run
    from cloudlet.processes.serve import listening_socket
    from cloudlet.settings import load

    run(load(settings), listening_socket(fd, host, port))


def gateway(
    settings: SettingsFile = DEFAULT_SETTINGS, fd: Inherited = None, host: Host = "127.0.0.1", port: int = 8441
) -> None:
    """Carry the instruments' consoles to browsers, at the level each person has."""
    from cloudlet.processes.gateway import run
    from cloudlet.processes.serve import listening_socket
    from cloudlet.settings import load

    run(load(settings), listening_socket(fd, host, port))


def edge(settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Watch the raw folders of the current instrument sessions and process every exposure."""
    from cloudlet.processes.edge import run
    from cloudlet.settings import load

    run(load(settings))


def version() -> None:
    """Print the version."""
    Console().print(installed_version("cloudlet"), highlight=False)


def main() -> None:
    """Run the command line; an error that a person can understand is printed as its sentences, exit status 2.

    Whatever a command makes, and every process it starts, is for its owner alone: databases, logs and products hold
    what people did and measured, and hosts have other users.
    """
    os.umask(FOR_OTHERS)
    try:
        _program()()
    except CloudletError as error:
        Console(stderr=True).print(_sentences(error), soft_wrap=True)
        sys.exit(2)


def _located(setting: str, problems: Mapping[str, Problem | CloudletError]) -> Iterator[str]:
    for key, problem in problems.items():
        yield f"{setting.format(key)}: {problem.message} {problem.remedy}"


def _sentences(error: CloudletError) -> Text:
    # Text, because rich would read a path such as /data/[run] as markup.
    between = "\n" if "\n" in error.message else " "  # a list is closed by a line of its own
    remedy = f"{error.remedy} " if error.remedy else ""
    message = escape_controls(error.message, keep="\n")
    return Text.assemble((message, "bold red"), between, escape_controls(remedy), (f"({error.slug})", "dim"))
