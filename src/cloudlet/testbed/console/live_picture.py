"""The live view as it stands on the screen: the specimen, a scale bar, or a dark picture where there is no beam."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cloudlet.testbed.console.canvas import Pad
from cloudlet.testbed.console.layout import LIVE
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.live import LiveView
from cloudlet.testbed.microscope import MicroscopeSnapshot

__all__ = ["LivePicture", "dark", "scale_bar"]

_BAR_LENGTHS_UM = tuple(digit * 10.0**power for power in (-3, -2, -1, 0, 1) for digit in (1, 2, 5))
_LONGEST_BAR_PX = 150


class LivePicture:
    """Makes the pictures of the live view; one thread at a time, and not the event loop's: the first takes a second.

    Parameters
    ----------
    seed
        Fixes the specimen.
    """

    def __init__(self, seed: int) -> None:
        self._view = LiveView(LIVE.width, seed)
        self._labels: dict[float, NDArray[np.uint8]] = {}

    def next(self, state: MicroscopeSnapshot) -> NDArray[np.uint8]:
        """Return the next picture, grey, of the size of `LIVE`."""
        if not state.column.is_beam_on_camera:
            return dark("No beam on the camera", state.column.obstacle)
        picture = self._view.frame(
            state.stage.x_um,
            state.stage.y_um,
            state.live_mode,
            defocus_um=state.dials["target_defocus_um"],
            ice=state.dials["ice"],
        ).copy()
        label = self._label(self._view.field_um(state.live_mode))
        height, width = label.shape
        picture[-height - 12 : -12, 12 : 12 + width] = label
        return picture

    def _label(self, field_um: float) -> NDArray[np.uint8]:
        if field_um not in self._labels:
            self._labels[field_um] = scale_bar(field_um)
        return self._labels[field_um]


def scale_bar(field_um: float) -> NDArray[np.uint8]:
    """Return a grey label with a bar of a round length, for a view that is `field_um` micrometres wide."""
    pixels_per_um = LIVE.width / field_um
    length_um = max((um for um in _BAR_LENGTHS_UM if um * pixels_per_um <= _LONGEST_BAR_PX), default=_BAR_LENGTHS_UM[0])
    words = f"{length_um:g} um" if length_um >= 1 else f"{length_um * 1000:g} nm"
    bar = max(round(length_um * pixels_per_um), 2)
    pad = Pad(max(bar, 48) + 20, 40, (24, 24, 24))
    pad.text(pad.width / 2, 14, words, colour=(235, 235, 235), anchor="mm")
    pad.box(Rect((pad.width - bar) // 2, 27, bar, 4), (235, 235, 235), radius=0)
    return pad.pixels()[..., 0].copy()


@lru_cache
def dark(title: str, sentence: str) -> NDArray[np.uint8]:
    """Return a dark picture of the size of `LIVE` with words in its middle: there is nothing to see, and why."""
    pad = Pad(LIVE.width, LIVE.height, (8, 8, 8))
    pad.text(LIVE.width / 2, LIVE.height / 2 - 12, title, size=18, colour=(190, 190, 190), anchor="mm")
    pad.text(LIVE.width / 2, LIVE.height / 2 + 14, sentence, colour=(140, 140, 140), anchor="mm")
    return np.asarray(pad.image.convert("L"))
