"""Finding the workloads that installed packages offer."""

from __future__ import annotations

from importlib.metadata import entry_points

from cloudlet.analytics.errors import WorkloadBroken, WorkloadUnknown
from cloudlet.analytics.models import Workload

__all__ = ["find_workload"]

GROUP = "cloudlet.workloads"


def find_workload(key: str) -> Workload:
    """Return the workload registered as `key` in the entry point group ``cloudlet.workloads``.

    Raises
    ------
    WorkloadUnknown
        No installed package offers it; the message names those that are offered.
    WorkloadBroken
        The package that offers it cannot be imported.
    """
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if key not in offered:
        names = ", ".join(sorted(offered)) or "none"
        raise WorkloadUnknown(
            f"There is no workload {key!r}.", f"Choose one that is installed ({names}) or install its package."
        )
    try:
        workload: Workload = offered[key].load()
    except Exception as cause:  # importing a plug-in runs whatever code it has
        raise WorkloadBroken(
            f"The workload {key!r} cannot be loaded from {offered[key].value}: {type(cause).__name__}: {cause}.",
            "Install its package again with all it needs, or choose another workload.",
        ) from cause
    return workload
