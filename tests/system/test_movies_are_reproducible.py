"""Two processes take the same movie, bit for bit."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import hashlib
from cloudlet.testbed.camera import Camera
from cloudlet.testbed.models import CameraModel, Dials

camera = Camera(CameraModel(width=256, height=192), seed=5)
for number in ({numbers}):
    movie = camera.expose(number, Dials(frames=4, drift=2.0))
print(hashlib.sha256(movie.frames.tobytes() + movie.truth.to_json().encode() + camera.gain.tobytes()).hexdigest())
"""


def taken(numbers: str) -> str:
    program = [sys.executable, "-c", PROGRAM.format(numbers=numbers)]
    return subprocess.run(program, check=True, capture_output=True, text=True, timeout=100).stdout.strip()


@pytest.mark.system
def test_a_movie_is_the_same_in_another_process_with_another_past() -> None:
    assert taken("7,") == taken("3, 7")
