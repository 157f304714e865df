"""Every component's settings joined into one typed tree, read from one file."""

from cloudlet.settings.tree import (
    Examined,
    InstrumentSettings,
    Settings,
    SettingsInvalid,
    WorkloadChoice,
    examine,
    load,
    unusable,
)

__all__ = [
    "Examined",
    "InstrumentSettings",
    "Settings",
    "SettingsInvalid",
    "WorkloadChoice",
    "examine",
    "load",
    "unusable",
]
