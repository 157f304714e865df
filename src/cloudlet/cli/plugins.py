"""Commands that other components plug in by entry point ``cloudlet.commands``, loaded when they are asked for."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command as click_command

__all__ = ["PluggedGroup"]


class PluggedGroup(TyperGroup):
    """A group of commands to which installed packages add theirs.

    A plug-in may import numerics; it is loaded only when its command, or the list of all, is asked for. Typer keeps
    the types of contexts and commands to itself.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of our own commands, then of those plugged in."""
        return [*super().list_commands(ctx), *sorted(_plugged())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command called `cmd_name`, None where there is none."""
        own = super().get_command(ctx, cmd_name)
        entry = _plugged().get(cmd_name)
        return own if entry is None else _loaded(entry)


def _plugged() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="cloudlet.commands")}


def _loaded(entry: EntryPoint) -> Any:
    plugged = entry.load()
    if not isinstance(plugged, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(entry.name)(plugged)
        plugged = alone
    command = click_command(plugged)
    command.name = entry.name
    return command
