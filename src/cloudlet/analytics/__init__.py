"""Analytics runtime service: runs, watching, scheduling; it knows what a workload declares and nothing else.

What needs the database is imported when it is first asked for: workers and watchers, of which there are many, know
only models and errors, and start in a third of the time with a third of the memory.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cloudlet.analytics.errors import (
    AnalyticsError,
    ExposureUnknown,
    ProjectFolderInRaw,
    RetryRefused,
    RunUnknown,
    WorkloadBroken,
    WorkloadUnknown,
)
from cloudlet.analytics.folders import check_apart
from cloudlet.analytics.models import (
    WAITING,
    Declaration,
    Exposure,
    ExposureState,
    ExposureTask,
    Figure,
    ImageKind,
    Problem,
    Readiness,
    Results,
    Run,
    Stage,
    Vitals,
    Workload,
)
from cloudlet.analytics.rules import Following

if TYPE_CHECKING:
    from cloudlet.analytics.checks import check_workloads
    from cloudlet.analytics.engine import Engine
    from cloudlet.analytics.events import ExposureStateChanged, RunChanged
    from cloudlet.analytics.service import Runs
    from cloudlet.analytics.settings import AnalyticsSettings
    from cloudlet.analytics.workloads import find_workload

__all__ = [
    "WAITING",
    "AnalyticsError",
    "AnalyticsSettings",
    "Declaration",
    "Engine",
    "Exposure",
    "ExposureState",
    "ExposureStateChanged",
    "ExposureTask",
    "ExposureUnknown",
    "Figure",
    "Following",
    "ImageKind",
    "Problem",
    "ProjectFolderInRaw",
    "Readiness",
    "Results",
    "RetryRefused",
    "Run",
    "RunChanged",
    "RunUnknown",
    "Runs",
    "Stage",
    "Vitals",
    "Workload",
    "WorkloadBroken",
    "WorkloadUnknown",
    "check_apart",
    "check_workloads",
    "find_workload",
]

_LATER = {
    "AnalyticsSettings": "cloudlet.analytics.settings",
    "Engine": "cloudlet.analytics.engine",
    "ExposureStateChanged": "cloudlet.analytics.events",
    "RunChanged": "cloudlet.analytics.events",
    "Runs": "cloudlet.analytics.service",
    "check_workloads": "cloudlet.analytics.checks",
    "find_workload": "cloudlet.analytics.workloads",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
