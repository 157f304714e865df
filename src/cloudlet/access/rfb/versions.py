"""Protocol versions as they are written on the wire, and the three dialects they mean.

RFC 6143 section 7.1.1 knows 3.3, 3.7 and 3.8 and has other numbers read as 3.3. Seen in the field besides:
003.889 (Apple), 004.000, 004.001 and 005.000 (RealVNC), which all speak 3.8, and 003.006 (UltraVNC), which speaks
3.3.
"""

from __future__ import annotations

import re
from enum import Enum

from cloudlet.access.rfb.errors import ProtocolError

__all__ = ["VERSION_BYTES", "Version", "read_version"]

VERSION_BYTES = 12

_PATTERN = re.compile(rb"RFB (\d{3})\.(\d{3})\n")


class Version(Enum):
    """A dialect; the value is what is written on the wire."""

    V3_3 = b"RFB 003.003\n"
    V3_7 = b"RFB 003.007\n"
    V3_8 = b"RFB 003.008\n"


def read_version(line: bytes) -> Version:
    """Return the dialect that the 12 bytes of `line` announce.

    Raises
    ------
    ProtocolError
        The line is not RFB's, or names a version below 3.3.
    """
    match = _PATTERN.fullmatch(line)
    if match is None:
        raise ProtocolError("The other side does not speak RFB.", "Check host and port of the console.")
    number = (int(match[1]), int(match[2]))
    if number < (3, 3):
        raise ProtocolError(f"RFB version {number[0]}.{number[1]} is too old.", "Use a newer VNC program.")
    if number >= (3, 8):
        return Version.V3_8
    return Version.V3_7 if number == (3, 7) else Version.V3_3
