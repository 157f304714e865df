"""What the simulated microscope refuses, in the operator's words."""

from __future__ import annotations

from cloudlet.errors import CloudletError

__all__ = ["DialRefused", "NotReady"]


class DialRefused(CloudletError):
    """A value was typed or dialled that the microscope cannot take; what was set before still holds."""

    slug = "dial-refused"


class NotReady(CloudletError):
    """An acquisition cannot begin as the microscope stands, for example with the column valves closed."""

    slug = "microscope-not-ready"
