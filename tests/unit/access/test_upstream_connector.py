"""The way to an instrument: refusals are remembered, and last words arrive."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloudlet.access import ConsoleSettings, ConsoleUnreachable
from cloudlet.access.backoff import Backoff
from cloudlet.access.upstream_connector import UpstreamConnector

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
INIT = struct.pack("!HH16sI", 64, 48, bytes(16), 0)
FAILED = bytes([0, 0, 0, 1]) + (7).to_bytes(4, "big") + b"Go away"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]


async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"RFB 003.008\n\x01\x01")
    await reader.readexactly(13)
    writer.write(bytes(4) + INIT)
    await reader.readexactly(1)


def connector_to(port: int, clock: Clock, password_file: Path | None = None) -> UpstreamConnector:
    return UpstreamConnector(ConsoleSettings(host="127.0.0.1", port=port, password_file=password_file), clock)


async def test_refused_password_is_not_tried_again_for_a_while_but_a_corrected_one_is(tmp_path: Path) -> None:
    tries = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.write(b"RFB 003.008\n\x01\x02" + bytes(16))
        await reader.readexactly(12 + 1 + 16)
        writer.write(FAILED)

    file, clock = tmp_path / "password", Clock()
    file.touch(mode=0o600)
    file.write_text("wrong")
    async with server(refuse) as port:
        connector = connector_to(port, clock, file)
        for _ in range(10):
            with pytest.raises(ConsoleUnreachable, match="does not accept the password"):
                await connector.open()
        assert tries == 1
        clock.now += timedelta(seconds=31)
        for _ in range(10):
            with pytest.raises(ConsoleUnreachable):
                await connector.open()
        assert tries == 2
        file.write_text("corrected")
        with pytest.raises(ConsoleUnreachable):
            await connector.open()
        assert tries == 3


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [(b"Too many viewers", 3), (b"Server is full", 3), (b"Too many security failures", 31)],
)
async def test_full_server_is_asked_again_soon_and_one_that_blocks_the_gateway_is_not(
    reason: bytes, seconds: int
) -> None:
    tries = 0

    async def refuse_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        if tries > 1:
            await let_in(reader, writer)
            await reader.read()
            return
        writer.write(b"RFB 003.008\n\x00" + len(reason).to_bytes(4, "big") + reason)
        await reader.readexactly(12)

    clock = Clock()
    async with server(refuse_once) as port:
        connector = connector_to(port, clock)
        with pytest.raises(ConsoleUnreachable):
            await connector.open()
        clock.now += timedelta(seconds=seconds - 2)
        with pytest.raises(ConsoleUnreachable):
            await connector.open()
        assert tries == 1
        clock.now += timedelta(seconds=2)
        await (await connector.open()).close()
    assert tries == 2


def test_pause_after_refusals_doubles_up_to_five_minutes_and_is_forgotten_after_success() -> None:
    backoff, now = Backoff(), NOON
    pauses = []
    for _ in range(6):
        backoff.refused(ConsoleUnreachable("No."), "password", now)
        pause = next(seconds for seconds in range(1, 1000) if is_open(backoff, now + timedelta(seconds=seconds)))
        pauses.append(pause)
        now += timedelta(hours=1)
    assert pauses == [30, 60, 120, 240, 300, 300]
    backoff.reached()
    assert is_open(backoff, now)


def is_open(backoff: Backoff, now: datetime) -> bool:
    try:
        backoff.check("password", now)
    except ConsoleUnreachable:
        return False
    return True


async def test_many_who_come_at_once_shake_hands_one_after_the_other() -> None:
    at_once, most = 0, 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await let_in(reader, writer)
        at_once -= 1
        await reader.read()

    async with server(count) as port:
        connector = connector_to(port, Clock())
        upstreams = await asyncio.gather(*(connector.open() for _ in range(5)))
        await asyncio.gather(*(upstream.close() for upstream in upstreams))
    assert most == 1


@pytest.mark.parametrize(
    ("said", "reported"),
    [
        (b"SSH-2.0-OpenSSH_9\n", "does not speak RFB"),
        (b"", "closes the connection at once"),
        (b"RFB 003.008\n", "closes the connection at once"),
        (b"RFB 003.008\n\x01\x13", "kinds of security"),
        (b"RFB 003.008\n\x01\x02", "asks for a password"),
    ],
)
async def test_what_is_wrong_is_reported_in_words_without_the_address(said: bytes, reported: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    async with server(talk) as port:
        with pytest.raises(ConsoleUnreachable, match=reported) as refused:
            await connector_to(port, Clock()).open()
    assert str(port) not in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)


async def test_server_that_just_hangs_up_on_a_wrong_password_is_not_asked_again(tmp_path: Path) -> None:
    tries = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        writer.write(b"RFB 003.008\n\x01\x02" + bytes(16))
        await reader.readexactly(12 + 1 + 16)

    file, clock = tmp_path / "password", Clock()
    file.touch(mode=0o600)
    file.write_text("wrong")
    async with server(hang_up) as port:
        connector = connector_to(port, clock, file)
        for _ in range(3):
            with pytest.raises(ConsoleUnreachable, match="does not accept the password"):
                await connector.open()
            clock.now += timedelta(seconds=5)
    assert tries == 1


async def test_missing_password_file_is_reported_without_its_path(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_in(reader, writer)

    async with server(talk) as port:
        with pytest.raises(ConsoleUnreachable, match="cannot use") as refused:
            await connector_to(port, Clock(), tmp_path / "nothing").open()
    assert str(tmp_path) not in str(refused.value)


async def test_password_that_others_can_read_is_not_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(100))

    file = tmp_path / "password"
    file.write_text("s3cret")
    file.chmod(0o644)
    async with server(talk) as port:
        with pytest.raises(ConsoleUnreachable, match="cannot use"):
            await connector_to(port, Clock(), file).open()
    assert not heard
    assert "chmod 600" in caplog.text


async def test_last_words_arrive_although_the_server_is_still_sending() -> None:
    heard = bytearray()
    done = asyncio.Event()

    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_in(reader, writer)
        for _ in range(20):
            writer.write(bytes(100_000))
            await asyncio.sleep(0.01)
        heard.extend(await reader.read())
        done.set()

    async with server(chatter) as port:
        upstream = await connector_to(port, Clock()).open()
        assert upstream.server_init.width == 64
        upstream.write(b"let go")
        assert await upstream.close()
        assert await upstream.close()
        await done.wait()
    assert heard == b"let go"


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize("sent", [b"", bytes(300_000)])
async def test_connection_reports_when_the_instrument_hung_up_before_the_last_words(is_read: bool, sent: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_in(reader, writer)
        writer.write(sent)
        writer.write_eof()
        await reader.read()

    async with server(hang_up) as port:
        upstream = await connector_to(port, Clock()).open()
        await asyncio.sleep(0.1)
        while is_read and await upstream.read():
            pass
        upstream.write(b"let go")
        assert not await upstream.close()


async def test_connection_reports_when_the_instrument_does_not_answer_the_last_words() -> None:
    over = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_in(reader, writer)
        await over.wait()

    async with server(keep_silent) as port:
        upstream = await connector_to(port, Clock()).open()
        upstream.write(b"let go")
        assert not await upstream.close()
        over.set()


async def test_silent_instrument_is_noticed_although_input_is_on_its_way() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_in(reader, writer)
        await reader.read()

    async with server(talk) as port:
        upstream = await connector_to(port, Clock()).open()
        connection = upstream._writer.get_extra_info("socket")
        assert 0 < connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000
        await upstream.close()
