"""The operator's screen over a real socket, seen by a small RFB client of the tests' own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr
from tests.system.console_viewer import NOVNC_ENCODINGS, PATIENCE_SECONDS, ConsoleViewer, Refused

from cloudlet.testbed.console import LAYOUT, Rect, serve_console
from cloudlet.testbed.live import LiveMode
from cloudlet.testbed.microscope import Microscope, MicroscopeSettings, MicroscopeSnapshot

pytestmark = pytest.mark.system

PASSWORD = SecretStr("low dose")
ENTER, RIGHT = 0xFF0D, 0xFF53


def grey(state: MicroscopeSnapshot) -> NDArray[np.uint8]:
    return np.full((512, 512), 60 if state.live_mode is LiveMode.SEARCH else 120, np.uint8)


@pytest.fixture
def microscope(tmp_path: Path) -> Iterator[Microscope]:
    settings = MicroscopeSettings(
        raw_folder=tmp_path / "raw",
        truth_folder=tmp_path / "truth",
        width=64,
        height=64,
        cadence_seconds=0,
        writing_seconds=0,
        planned_movies=2,
        password=PASSWORD,
    )
    microscope = Microscope(settings, free_bytes=lambda: 10**12)
    microscope.start()
    yield microscope
    microscope.close()


@pytest.fixture
async def port(microscope: Microscope) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    task = asyncio.create_task(serve_console(microscope, listener, PASSWORD, pictures=grey))
    yield port
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class Arrive(Protocol):
    """Brings one more viewer to the console."""

    async def __call__(
        self, password: SecretStr = PASSWORD, *, version: str = "003.008", is_shared: bool = True
    ) -> ConsoleViewer: ...


@pytest.fixture
async def arrive(port: int) -> AsyncIterator[Arrive]:
    clients: list[ConsoleViewer] = []

    async def arrive(
        password: SecretStr = PASSWORD, *, version: str = "003.008", is_shared: bool = True
    ) -> ConsoleViewer:
        clients.append(ConsoleViewer(*await asyncio.open_connection("127.0.0.1", port)))
        await clients[-1].shake_hands(password, version, is_shared=is_shared)
        return clients[-1]

    yield arrive
    for client in clients:
        client.vanish()
    await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("version", ["003.003", "003.007", "003.008"])
async def test_every_version_of_the_protocol_lets_a_viewer_in(arrive: Arrive, version: str) -> None:
    client = await arrive(version=version)
    assert client.name == "Simulated microscope"
    assert len(np.unique(await client.see())) > 20


@pytest.mark.parametrize("version", ["003.003", "003.007", "003.008"])
async def test_a_wrong_password_is_refused(arrive: Arrive, version: str) -> None:
    with pytest.raises(Refused, match="Wrong password" if version == "003.008" else "^$"):
        await arrive(SecretStr("guessed"), version=version)


async def test_raw_and_tight_show_the_same_screen(arrive: Arrive) -> None:
    plain, packed = await arrive(), await arrive()
    packed.encodings(7, 0)
    panel = LAYOUT["column_panel"]
    assert (await plain.see(panel) == await packed.see(panel)).all()


async def test_a_viewer_like_novnc_gets_jpeg_pointer_and_qemu_keys(arrive: Arrive) -> None:
    client = await arrive()
    client.encodings(*NOVNC_ENCODINGS)
    await client.see()
    assert client.pseudo == {-239, -258}
    assert client.jpegs[0].startswith(b"\xff\xd8")


async def test_clicking_start_takes_the_planned_movies_and_the_bar_moves(
    arrive: Arrive, microscope: Microscope
) -> None:
    client = await arrive()
    before = await client.see(LAYOUT["movies"])
    client.click("start")
    await until(lambda: microscope.snapshot().acquisition.message.startswith("Finished"))
    assert microscope.snapshot().acquisition.done == 2
    assert len(list(microscope.settings.raw_folder.glob("*.tif"))) == 2
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await client.see(LAYOUT["movies"]) == before).all():  # noqa: ASYNC110 - drawn when it is drawn
            await asyncio.sleep(0.01)


async def test_a_defocus_is_typed_and_entered(arrive: Arrive, microscope: Microscope) -> None:
    client = await arrive()
    client.click("target_defocus_um")
    client.type("-2.05", ENTER)
    await until(lambda: microscope.snapshot().dials["target_defocus_um"] == 2.05)


async def test_only_what_has_changed_is_sent_again(arrive: Arrive) -> None:
    client = await arrive()
    await client.see()
    client.click("drift")
    seen: list[Rect] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(LAYOUT["drift"].covers(rect) for rect in seen):
            client.ask()
            seen += await client.update()
    allowed = [LAYOUT[name] for name in ("drift", "live", "header", "clock", "log_4", "column_panel", "disk")]
    assert all(any(area.covers(rect) for area in allowed) for rect in seen)


async def test_a_held_stage_button_outlives_its_viewer_until_somebody_lets_go(
    arrive: Arrive, microscope: Microscope
) -> None:
    lost = await arrive()
    lost.pointer("stage_right", 1)
    await until(lambda: microscope.snapshot().stage.is_moving)
    lost.vanish()
    await asyncio.sleep(0.3)
    assert microscope.snapshot().stage.is_moving
    other = await arrive()
    other.pointer("stage_up", 0)
    await until(lambda: not microscope.snapshot().stage.is_moving)


async def test_held_keys_are_released_when_their_viewer_is_lost(arrive: Arrive, microscope: Microscope) -> None:
    lost = await arrive()
    lost.key(RIGHT, is_down=True)
    await until(lambda: microscope.snapshot().stage.is_moving)
    lost.vanish()
    await until(lambda: not microscope.snapshot().stage.is_moving)


async def test_a_key_pressed_by_its_code_is_not_released_by_its_symbol(arrive: Arrive, microscope: Microscope) -> None:
    client = await arrive()
    client.writer.write(struct.pack(">BBHII", 255, 0, 1, RIGHT, 0xCD))
    await until(lambda: microscope.snapshot().stage.is_moving)
    client.key(RIGHT, is_down=False)
    client.click("live_focus")
    await until(lambda: microscope.snapshot().live_mode is LiveMode.FOCUS)
    assert microscope.snapshot().stage.is_moving
    client.writer.write(struct.pack(">BBHII", 255, 0, 0, RIGHT, 0xCD))
    await until(lambda: not microscope.snapshot().stage.is_moving)


async def test_a_held_plus_repeats(arrive: Arrive, microscope: Microscope) -> None:
    client = await arrive()
    client.pointer("drift_more", 1)
    await until(lambda: microscope.snapshot().dials["drift"] >= 3.0)
    client.pointer("drift_more", 0)
    client.click("live_focus")
    await until(lambda: microscope.snapshot().live_mode is LiveMode.FOCUS)  # so the release has arrived too
    still = microscope.snapshot().dials["drift"]
    await asyncio.sleep(0.3)
    assert microscope.snapshot().dials["drift"] == still


HOSTILE = {
    "unknown type": b"\x2a" * 64,
    "colour map": struct.pack(">B3x", 0) + struct.pack(">BBBBHHHBBBxxx", 8, 8, 0, 0, 7, 7, 3, 0, 3, 6),
    "impossible pixels": struct.pack(">B3x", 0) + struct.pack(">BBBBHHHBBBxxx", 32, 24, 0, 1, 255, 255, 255, 31, 8, 0),
    "too many encodings": struct.pack(">BxH", 2, 65535),
    "endless clipboard": struct.pack(">BxxxI", 6, 0x7FFFFFFF),
    "QEMU audio": struct.pack(">BBHII", 255, 1, 0, 0, 0),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_messages_end_only_their_own_connection(arrive: Arrive, what: str) -> None:
    good, bad = await arrive(), await arrive()
    bad.writer.write(HOSTILE[what])
    assert await bad.is_cut_off()
    assert (await good.see()).any()


async def test_noise_instead_of_a_greeting_ends_only_its_own_connection(port: int, arrive: Arrive) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await ConsoleViewer(reader, writer).is_cut_off()
    writer.close()
    await arrive()


async def test_a_viewer_that_does_not_share_sends_the_others_away(arrive: Arrive) -> None:
    first = await arrive()
    second = await arrive(is_shared=False)
    assert await first.is_cut_off()
    assert (await second.see()).any()


async def test_a_viewer_that_never_reads_costs_the_others_nothing(arrive: Arrive) -> None:
    deaf, good = await arrive(), await arrive()
    for _ in range(2000):
        deaf.ask(is_incremental=False)
    for _ in range(3):
        assert (await good.see()).any()


async def test_the_screen_says_when_no_beam_reaches_the_camera(arrive: Arrive, microscope: Microscope) -> None:
    client = await arrive()
    client.click("valves")
    client.click("start")
    await until(lambda: "Not started. The column valves are closed." in microscope.snapshot().log[-1].text)
    assert not microscope.snapshot().acquisition.is_running


async def test_a_viewer_too_many_is_reported_so(port: int, arrive: Arrive) -> None:
    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(32)]
    for reader, _ in crowd:
        await reader.readexactly(12)
    reader, late = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.read() == b"RFB 003.003\n" + struct.pack(">II", 0, 16) + b"Too many viewers"
    for writer in [late, *(writer for _, writer in crowd)]:
        writer.close()
        await writer.wait_closed()
    await arrive()
