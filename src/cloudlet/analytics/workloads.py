"""Finding the workloads that installed packages offer."""

from __future__ import annotations

from importlib.metadata import entry_points

from cloudlet.analytics.errors import WorkloadUnknown
from cloudlet.analytics.models import Workload

__all__ = ["find_workload"]

GROUP = "cloudlet.workloads"


def find_workload(key: str) -> Workload:
    """Return the workload registered as `key` in the entry point group ``cloudlet.workloads``.

    Raises
    ------
    WorkloadUnknown
        No installed package offers it; the message names those that are offered.
    """
    offered = {point.name: point for point in entry_points(group=GROUP)}
    if key not in offered:
        names = ", ".join(sorted(offered)) or "none"
        raise WorkloadUnknown(
            f"There is no workload {key!r}.", f"Choose one that is installed ({names}) or install its package."
        )
    workload: Workload = offered[key].load()
    return workload
