"""What `cloudlet check` asks of this component: whether every instrument's workload can be used as it is set.

Files are tried where their paths say by themselves where they are. The processes do not ask for them at their start: a
folder that is not mounted yet then fails single exposures, which can be tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cloudlet.analytics.models import Problem
from cloudlet.analytics.workloads import find_workload
from cloudlet.errors import CloudletError
from cloudlet.named_files import check_readable

__all__ = ["Choice", "check_workloads"]


class Choice(Protocol):
    """Which workload processes an instrument's exposures, as somebody wrote it down."""

    @property
    def name(self) -> str:
        """The workload's entry point."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """In the workload's own terms."""
        ...


def check_workloads(choices: Mapping[str, Choice]) -> dict[str, Problem]:
    """Return why workloads cannot be used, by instrument key; empty where all can.

    Parameters
    ----------
    choices
        Instrument key to the workload of its exposures.
    """
    problems = {key: _problem(choice) for key, choice in choices.items()}
    return {key: problem for key, problem in problems.items() if problem is not None}


def _problem(choice: Choice) -> Problem | None:
    try:
        workload = find_workload(choice.name)
        for path in workload.named_files(workload.check_settings(choice.settings)):
            if path.is_absolute():
                check_readable(path)
    except CloudletError as error:
        return Problem(error.slug, error.message, error.remedy)
    return None
