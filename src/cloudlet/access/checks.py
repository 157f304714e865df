"""What `cloudlet check` asks of this component: whether the consoles' passwords can be read, and by nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlet.access.settings import ConsoleSettings
from cloudlet.named_files import FileUnusable, unusable_secrets

__all__ = ["check_consoles"]


def check_consoles(consoles: Mapping[str, ConsoleSettings]) -> dict[str, FileUnusable]:
    """Return why password files cannot be used, by instrument key; empty where all can."""
    return unusable_secrets(
        {key: console.password_file for key, console in consoles.items() if console.password_file is not None}
    )
