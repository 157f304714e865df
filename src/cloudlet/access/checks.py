"""What `cloudlet check` asks of this component: whether the consoles' passwords can be read, and by nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlet.access.settings import ConsoleSettings
from cloudlet.named_files import FileUnusable, read_secret

__all__ = ["check_consoles"]


def check_consoles(consoles: Mapping[str, ConsoleSettings]) -> dict[str, FileUnusable]:
    """Return why password files cannot be used, by instrument key; empty where all can."""
    problems = {}
    for key, console in consoles.items():
        try:
            if console.password_file is not None:
                read_secret(console.password_file)
        except FileUnusable as problem:
            problems[key] = problem
    return problems
