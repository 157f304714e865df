"""The reference of commands leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from cloudlet.cli.main import _program

REFERENCE = Path(__file__).parents[2] / "docs/reference/commands.md"


def options(command: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield every option with the command it belongs to; a command without any stands with an empty one."""
    if hasattr(command, "commands"):
        for name in command.list_commands(None):
            yield from options(command.get_command(None, name), f"{path} {name}")
    else:
        names = [name for each in command.params for name in each.opts if name.startswith("--")]
        yield from ((path, name) for name in names or [""])


def told_in_the_reference() -> dict[str, str]:
    """Return the text under each command's heading."""
    entries = re.split(r"^(?=`cloudlet )", REFERENCE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {
        path: entry for entry in entries for path in re.findall(r"`(cloudlet(?: [a-z]+)+)", entry.partition("\n")[0])
    }


def test_every_option_of_every_command_stands_in_the_reference() -> None:
    reported, wanted = told_in_the_reference(), list(options(typer.main.get_command(_program()), "cloudlet"))
    assert len(wanted) > 30
    assert [(path, name) for path, name in wanted if not re.search(rf"{name}\b", reported.get(path, ""))] == []
