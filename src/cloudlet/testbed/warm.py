"""Compiling the simulated camera once, at installation, instead of in front of the first movie."""

from __future__ import annotations

from dataclasses import replace

from cloudlet.testbed.camera import Camera
from cloudlet.testbed.live import LiveMode, LiveView
from cloudlet.testbed.models import CAMERAS, Dials

__all__ = ["warm"]


def warm() -> None:
    """Expose one small movie and one live frame; numba keeps the compiled kernels beside the package."""
    Camera(replace(CAMERAS["demo"], width=128, height=128), seed=0).expose(1, Dials(frames=2))
    LiveView(size=128, seed=0).frame(0.0, 0.0, LiveMode.SEARCH)


if __name__ == "__main__":
    warm()
