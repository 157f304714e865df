"""An instrument that writes down what reaches it, and a gateway in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.fake_vnc import FakeVnc
from tests.system.gateway import Stage, console_at, serving


@pytest.fixture
def vnc() -> Iterator[FakeVnc]:
    server = FakeVnc()
    yield server
    server.close()


@pytest.fixture
def stage(tmp_path: Path, vnc: FakeVnc) -> Iterator[Stage]:
    with serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(vnc.port)) as stage:
        yield stage
