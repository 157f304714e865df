"""The operator's screen as an RFB server, like the one beside a vendor's microscope."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from cloudlet.errors import CloudletError
from cloudlet.testbed.console.handshake import Desktop, refuse, welcome
from cloudlet.testbed.console.live_picture import LivePicture
from cloudlet.testbed.console.screen import Screen
from cloudlet.testbed.console.viewer import Viewer
from cloudlet.testbed.microscope import Microscope, MicroscopeSnapshot

__all__ = ["serve_console"]

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 32
_HANDSHAKE_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0
_TICK_SECONDS = 0.2
_HELD_TICK_SECONDS = 0.1
_PICTURE_SECONDS = 0.2


Pictures = Callable[[MicroscopeSnapshot], NDArray[np.uint8]]
"""Makes the next picture of the live view; called in a thread of its own, one call at a time."""


async def serve_console(
    microscope: Microscope, listener: socket.socket, password: SecretStr, *, pictures: Pictures | None = None
) -> None:
    """Serve the operator's screen until cancelled; then every viewer is disconnected.

    Parameters
    ----------
    microscope
        What is shown and operated; the caller starts and closes it.
    listener
        A bound TCP or Unix socket; it is closed at the end.
    password
        Of VNC authentication; eight characters count.
    pictures
        The live view; by default the simulated specimen's.
    """
    live = pictures or LivePicture(microscope.settings.seed).next
    await _Console(microscope, password, live).serve(listener)


class _Console:
    """The screen, its viewers, and the clockwork that keeps it moving while somebody looks."""

    def __init__(self, microscope: Microscope, password: SecretStr, pictures: Pictures) -> None:
        self._microscope = microscope
        self._pictures = pictures
        self._screen = Screen(microscope)
        self._desktop = Desktop(microscope.settings.name, self._screen.area, password)
        self._viewers: set[Viewer] = set()
        self._connections = 0
        self._must_move = asyncio.Event()

    async def serve(self, listener: socket.socket) -> None:
        """Take connections until cancelled."""
        async with asyncio.TaskGroup() as tasks:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.create_task(self._connected(reader, writer))

            server = await asyncio.start_server(accept, sock=listener)
            try:
                tasks.create_task(self._keep_live())
                await self._keep_moving()
            finally:
                # not wait_closed: it would wait for the connections that are ended only after this
                server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from its first byte to its last; whatever happens there reaches nobody else."""
        self._connections += 1
        try:
            await self._admit(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        except CloudletError as problem:
            logger.warning("%s", problem)
        except (OSError, EOFError) as loss:
            logger.info("a viewer is gone: %s", type(loss).__name__)
        except Exception:
            logger.exception("a viewer's connection failed")
        finally:
            self._connections -= 1
            await _hang_up(writer)

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections > _MOST_CONNECTIONS:
            refuse(writer, "Too many viewers")
            return
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            is_shared = await welcome(reader, writer, self._desktop)
        if not is_shared:
            for other in self._viewers:
                other.hang_up()
        await self._serve_viewer(Viewer(reader, writer, self._screen))

    async def _serve_viewer(self, viewer: Viewer) -> None:
        """Do what a viewer says and show it the screen, until it goes."""
        self._viewers.add(viewer)
        self._must_move.set()
        sender = asyncio.create_task(viewer.send_updates())
        sender.add_done_callback(lambda _: viewer.hang_up())
        try:
            while messages := await viewer.listen():
                for message in messages:
                    viewer.obey(message)
                self._spread()
        finally:
            self._viewers.discard(viewer)
            viewer.release_keys()
            self._spread()
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender

    def _spread(self) -> None:
        """Draw what hands have changed, and tell every viewer where pixels are new."""
        self._screen.settle()
        damage = self._screen.take_damage()
        for viewer in self._viewers:
            viewer.damaged(damage)

    async def _keep_moving(self) -> None:
        """Let the screen follow the microscope while somebody looks or holds a button; else sleep."""
        while await self._must_move.wait():
            async with _period(_HELD_TICK_SECONDS if self._screen.is_held else _TICK_SECONDS):
                self._screen.tick()
                self._spread()
            if not self._viewers and not self._screen.is_held:
                self._must_move.clear()

    async def _keep_live(self) -> None:
        """Let the live view run while somebody looks; its first picture takes long, which holds up nothing else."""
        while await self._must_move.wait():
            async with _period(_PICTURE_SECONDS):
                if any(viewer.is_watching for viewer in self._viewers):
                    self._screen.show_live(await asyncio.to_thread(self._pictures, self._microscope.snapshot()))
                    self._spread()


@contextlib.asynccontextmanager
async def _period(seconds: float) -> AsyncIterator[None]:
    """Let what happens inside, and the pause behind it, take `seconds` together."""
    loop = asyncio.get_running_loop()
    due = loop.time() + seconds
    yield
    await asyncio.sleep(due - loop.time())


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection once what was written has gone out, or after a while whether it has or not."""
    writer.close()
    with contextlib.suppress(OSError):
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await writer.wait_closed()
        except TimeoutError:
            writer.transport.abort()
