"""Why a viewer is sent away."""

from __future__ import annotations

from cloudlet.errors import CloudletError

__all__ = ["ProtocolViolation", "ViewerRefused"]


class ProtocolViolation(CloudletError):
    """A viewer sent what the RFB protocol does not allow, or what this console does not understand."""

    slug = "rfb-violation"


class ViewerRefused(CloudletError):
    """A viewer's password was wrong, or there are too many viewers."""

    slug = "viewer-refused"
