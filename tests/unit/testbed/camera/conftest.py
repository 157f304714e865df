"""A camera small enough that a test takes a movie in milliseconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from cloudlet.testbed.camera import Camera
from cloudlet.testbed.models import CameraModel, Dials, MotionModel, Movie

SMALL = CameraModel(name="small", width=256, height=224)
RIGID = replace(SMALL, motion=MotionModel(local_angstrom=0.0))


@pytest.fixture(scope="session")
def camera() -> Camera:
    return Camera(SMALL, seed=11)


@pytest.fixture(scope="session")
def movie(camera: Camera) -> Movie:
    return camera.expose(1, Dials(frames=4))


@pytest.fixture
def started() -> datetime:
    return datetime(2031, 11, 23, 23, 41, 5, tzinfo=timezone(timedelta(hours=1)))
