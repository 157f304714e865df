"""One person cannot keep the others from an instrument."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from tests.system.fake_vnc import FakeVnc
from tests.system.gateway import Stage

from cloudlet.instruments import Level

pytestmark = pytest.mark.system

MOST_WINDOWS = 8


def test_sockets_that_never_say_a_word_take_no_connection_of_the_instrument(stage: Stage, vnc: FakeVnc) -> None:
    observer = stage.person("oskar", Level.OBSERVE)
    with ExitStack() as sockets:
        silent = [sockets.enter_context(stage.viewer(observer)) for _ in range(MOST_WINDOWS + 1)]
        assert silent[-1].closing()[0] == 4429
        for viewer in silent[:-1]:
            viewer.exactly(12)
        with stage.console(stage.person("ada", Level.OPERATE)):
            assert stage.operator() == "ada"
        assert len(vnc.connections) == 1
