"""What of a viewer's wishes lies on the instrument's screen.

Theory of operation. A server describes its screen once, and may change its size only for viewers that asked for an
encoding that can say so; for all others the size stands as long as the connection. What the server sends is not read
here, because pixels cannot be skipped without being decoded. So until a viewer has asked for such an encoding its
wishes are cut to the screen that was described; from then on, for good, to the largest that anybody has. Cutting, not
closing: a request may cross the news of a smaller screen on its way, which servers must bear with for the same reason.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TypeVar

from cloudlet.access.rfb.encodings import RESIZING
from cloudlet.access.rfb.errors import ProtocolError
from cloudlet.access.rfb.limits import MAX_SCREEN_SIDE
from cloudlet.access.rfb.messages import ContinuousUpdates, Pointer, UpdateRequest

__all__ = ["LARGEST_SIZE", "Screen"]

LARGEST_SIZE = (65535, 65535)
"""Pixels to the right and down that RFB can write."""

LARGEST_REAL_SIZE = (MAX_SCREEN_SIDE, MAX_SCREEN_SIDE)
"""What servers are asked for at most, where the size is not known: some allocate what they are asked for."""

_Area = TypeVar("_Area", UpdateRequest, ContinuousUpdates)


class Screen:
    """The instrument's screen as one viewer may ask for it.

    Parameters
    ----------
    size
        Width and height in pixels, as the server described them.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._described = self._width, self._height = size

    def note_encodings(self, encodings: Collection[int]) -> None:
        """Note what the viewer asked for; with an encoding that tells of new sizes, the size is not known any more."""
        if not RESIZING.isdisjoint(encodings):
            self._width, self._height = (max(*sides) for sides in zip(self._described, LARGEST_REAL_SIZE, strict=True))

    def clip(self, area: _Area) -> _Area | None:
        """Return the part of `area` that lies on the screen, None where none does.

        Raises
        ------
        ProtocolError
            It lies on no screen that there could be.
        """
        if area.x + area.width > LARGEST_SIZE[0] or area.y + area.height > LARGEST_SIZE[1]:
            raise ProtocolError("The viewer asks for a part of the screen that no screen has.")
        width = min(area.width, self._width - area.x)
        height = min(area.height, self._height - area.y)
        return replace(area, width=width, height=height) if width > 0 and height > 0 else None

    def hold(self, pointer: Pointer) -> Pointer:
        """Return `pointer` at the nearest place on the screen, which may have been described without any pixels."""
        right, bottom = max(self._width, 1) - 1, max(self._height, 1) - 1
        return replace(pointer, x=min(pointer.x, right), y=min(pointer.y, bottom))
