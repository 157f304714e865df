"""Every component's settings joined into one typed tree, read from one file."""

from cloudlet.settings.tree import InstrumentSettings, Settings, SettingsInvalid, WorkloadChoice, load

__all__ = ["InstrumentSettings", "Settings", "SettingsInvalid", "WorkloadChoice", "load"]
