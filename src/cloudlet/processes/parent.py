"""A process that does not outlive its supervisor, even one killed without a word."""

from __future__ import annotations

import os
import signal

from cloudlet.compute import die_with_parent

__all__ = ["PARENT_VARIABLE", "end_with_parent"]

PARENT_VARIABLE = "CLOUDLET_PARENT_PID"


def end_with_parent() -> None:
    """End this process, in its orderly way, when the supervisor that started it ends.

    The supervisor says who it is in `PARENT_VARIABLE`; a process started by hand is left alone.
    """
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        die_with_parent(int(parent), signal.SIGTERM)
