"""Control goes from one to the next, never to two at once."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from tests.patience import eventually
from tests.system.fake_vnc import FakeVnc
from tests.system.gateway import SCOPE, Stage

from cloudlet.access.presence_store import PresenceStore
from cloudlet.access.store import ViewerRow
from cloudlet.identity import Actor
from cloudlet.instruments import Level

STAFF = Actor.host("staff")

pytestmark = pytest.mark.system

MOST_WINDOWS = 8


def test_window_too_many_leaves_control_where_it_is(stage: Stage, vnc: FakeVnc) -> None:
    ada, ben = stage.person("ada", Level.OPERATE), stage.person("ben", Level.OPERATE)
    with ExitStack() as windows:
        for _ in range(MOST_WINDOWS - 1):
            windows.enter_context(stage.console(ada))
        last, too_many = (windows.enter_context(stage.viewer(ada)) for _ in range(2))
        assert too_many.closing()[0] == 4429
        last.begin()
        eventually(lambda: len(stage.access.console_state(SCOPE, by=STAFF).observers) == MOST_WINDOWS - 1)
        last.pointer(0, 11, 11)
        vnc.wait_for(lambda: len(vnc.inputs) == 1)
        observer = windows.enter_context(stage.console(ben))
        observer.pointer(0, 22, 22)
        observer.marker()
        vnc.wait_for(lambda: vnc.messages[-1][0] == 3)
        assert stage.operator() == "ada"
    assert len(vnc.inputs) == 1


def test_window_that_was_closed_makes_room_for_another(stage: Stage) -> None:
    ada = stage.person("ada", Level.OBSERVE)
    with ExitStack() as windows:
        for _ in range(MOST_WINDOWS - 1):
            windows.enter_context(stage.console(ada))
        for _ in range(3):
            with stage.console(ada):
                pass
            eventually(lambda: len(stage.access.console_state(SCOPE, by=STAFF).observers) == MOST_WINDOWS - 1)


def test_operator_whose_control_ended_on_the_record_alone_stops_operating(stage: Stage, vnc: FakeVnc) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        viewer.pointer(1, 10, 20)
        vnc.wait_for(lambda: len(vnc.inputs) == 1)
        with stage.database.read() as work:
            (place,) = work.query(ViewerRow.id).one()
        PresenceStore(stage.database).lose_control(place, "test")
        vnc.wait_for(lambda: len(vnc.inputs) == 2)
        viewer.pointer(1, 30, 30)
        viewer.marker()
        vnc.wait_for(lambda: vnc.messages[-1][0] == 3)
    assert len(vnc.inputs) == 2
