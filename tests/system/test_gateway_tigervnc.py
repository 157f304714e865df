"""The gateway before a real TigerVNC server with a password."""

from __future__ import annotations

import logging
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patience import eventually
from tests.system.gateway import SCOPE, Stage, Viewer, console_at, serving
from tests.system.tigervnc import HEIGHT, PASSWORD, WIDTH, TigerVnc, tigervnc

from cloudlet.access.rfb import Pointer, all_keys_up
from cloudlet.access.upstream_connector import UpstreamConnector
from cloudlet.identity import Actor
from cloudlet.instruments import Level

STAFF = Actor.host("staff")

pytestmark = [pytest.mark.system, pytest.mark.needs("Xvnc", "vncpasswd")]

RAW = struct.pack("!BxHi", 2, 1, 0)
WHOLE_SCREEN = struct.pack("!BBHHHH", 3, 0, 0, 0, WIDTH, HEIGHT)


@pytest.fixture
def xvnc(tmp_path: Path) -> Iterator[TigerVnc]:
    with tigervnc(tmp_path) as server:
        yield server


def colours_of_update(viewer: Viewer) -> Counter[bytes]:
    """Count the colours (blue, green, red) of one update in raw encoding."""
    kind, rectangles = struct.unpack("!BxH", viewer.exactly(4))
    assert kind == 0
    colours: Counter[bytes] = Counter()
    for _ in range(rectangles):
        _x, _y, width, height, encoding = struct.unpack("!HHHHi", viewer.exactly(12))
        assert encoding == 0
        pixels = viewer.exactly(4 * width * height)
        colours.update(pixels[start : start + 3] for start in range(0, len(pixels), 4))
    return colours


def password_file(folder: Path, password: str) -> Path:
    file = folder / "password"
    file.touch(mode=0o600)
    file.write_text(f"{password}\n")
    return file


@pytest.fixture
def stage(tmp_path: Path, xvnc: TigerVnc) -> Iterator[Stage]:
    consoles = console_at(xvnc.port, password_file(tmp_path, PASSWORD))
    with serving(f"sqlite:///{tmp_path / 'test.db'}", consoles) as stage:
        yield stage


def test_screen_arrives_pixel_by_pixel(stage: Stage, xvnc: TigerVnc) -> None:
    xvnc.paint(0x336699)
    with stage.viewer(stage.person("oskar", Level.OBSERVE)) as viewer:
        assert viewer.begin() == (WIDTH, HEIGHT)
        viewer.send(RAW + WHOLE_SCREEN)
        colours = colours_of_update(viewer)
    assert colours[bytes([0x99, 0x66, 0x33])] > 0.99 * WIDTH * HEIGHT  # all but the pointer's picture
    assert stage.access.console_state(SCOPE, by=STAFF).is_reachable


def test_operator_moves_the_pointer_and_an_observer_does_not(stage: Stage, xvnc: TigerVnc) -> None:
    operator, observer = stage.person("ada", Level.OPERATE), stage.person("oskar", Level.OBSERVE)
    with stage.console(operator) as first, stage.console(observer) as second:
        second.pointer(1, 11, 12)
        second.key(True, ord("a"))
        second.qemu_key(True, ord("a"), 0x1E)
        second.send(RAW + WHOLE_SCREEN)
        colours_of_update(second)
        assert xvnc.pointer().buttons == 0
        assert xvnc.keys_held() == 0
        first.pointer(1, 101, 102)
        first.key(True, ord("a"))
        eventually(lambda: (xvnc.pointer().x, xvnc.pointer().y, xvnc.pointer().buttons) == (101, 102, 1))
        eventually(lambda: xvnc.keys_held() == 1)


def test_buttons_and_keys_are_up_after_the_operators_browser_is_killed(stage: Stage, xvnc: TigerVnc) -> None:
    with stage.console(stage.person("ada", Level.OPERATE)) as viewer:
        viewer.pointer(1, 101, 102)
        viewer.key(True, ord("a"))
        viewer.qemu_key(True, ord("b"), 0x30)
        eventually(lambda: xvnc.pointer().buttons == 1 and xvnc.keys_held() == 2)
        viewer.send(RAW + 5 * WHOLE_SCREEN)  # so that the line is full of pixels when it is cut
        viewer.vanish()
        eventually(lambda: xvnc.pointer().buttons == 0 and xvnc.keys_held() == 0)
    assert (xvnc.pointer().x, xvnc.pointer().y) == (101, 102)


async def test_letting_go_of_every_key_is_heard_to_its_end(tmp_path: Path, xvnc: TigerVnc) -> None:
    console = console_at(xvnc.port, password_file(tmp_path, PASSWORD))[SCOPE]
    upstream = await UpstreamConnector(console).open()
    upstream.write(all_keys_up({0x6C1, 0x100263A}, has_scan_codes=True) + Pointer(0, 33, 44).encode())
    assert await upstream.close()  # a server that hung up in between has not read the rest
    eventually(lambda: (xvnc.pointer().x, xvnc.pointer().y) == (33, 44))
    assert xvnc.keys_held() == 0


def test_wrong_password_is_reported_once_and_not_tried_again(
    tmp_path: Path, xvnc: TigerVnc, caplog: pytest.LogCaptureFixture
) -> None:
    file = password_file(tmp_path, "mistaken")
    with (
        caplog.at_level(logging.DEBUG),
        serving(f"sqlite:///{tmp_path / 'test.db'}", console_at(xvnc.port, file)) as stage,
    ):
        ada = stage.person("ada", Level.OPERATE)
        for _ in range(8):
            with stage.viewer(ada) as viewer:
                viewer.shake_hands()
                code, reason = viewer.closing()
                assert code == 4502
                assert reason.startswith("The instrument's VNC server does not accept the password.")
        assert stage.operator() is None
        assert "password" in str(stage.access.console_state(SCOPE, by=STAFF).problem)
        file.write_text(PASSWORD)
        with stage.console(ada):
            assert stage.access.console_state(SCOPE, by=STAFF).is_reachable
    assert (tmp_path / "xvnc.log").read_bytes().count(b"AuthFailureException") <= 1
    assert "mistaken" not in caplog.text
    assert PASSWORD not in caplog.text
