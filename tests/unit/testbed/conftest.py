"""Fixtures around the simulated microscope."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.testbed.microscope_world import World

from cloudlet.testbed.microscope import Microscope


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    for microscope in world.made:
        microscope.close()


@pytest.fixture
def microscope(world: World) -> Microscope:
    return world.microscope()


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for what happens in the microscope's own thread."""

    def wait(is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < end, "it did not happen within a minute"
            time.sleep(0.005)

    return wait
