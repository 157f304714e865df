"""The simulated microscope's one machine state: what the screen shows and the camera obeys."""

from cloudlet.testbed.microscope.errors import DialRefused, NotReady
from cloudlet.testbed.microscope.knobs import KNOBS, Knob
from cloudlet.testbed.microscope.machine import Microscope
from cloudlet.testbed.microscope.models import (
    AcquisitionStatus,
    Column,
    LogLine,
    MicroscopeSnapshot,
    Phase,
    StagePosition,
    Tone,
)
from cloudlet.testbed.microscope.settings import MicroscopeSettings

__all__ = [
    "KNOBS",
    "AcquisitionStatus",
    "Column",
    "DialRefused",
    "Knob",
    "LogLine",
    "Microscope",
    "MicroscopeSettings",
    "MicroscopeSnapshot",
    "NotReady",
    "Phase",
    "StagePosition",
    "Tone",
]
