"""A real TigerVNC server, and a look at its pointer, buttons, keys and screen from the X11 side."""

from __future__ import annotations

import ctypes
import ctypes.util
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PASSWORD", "TigerVnc", "tigervnc"]

PASSWORD = "s3cret-8"
WIDTH, HEIGHT = 320, 240


@dataclass(frozen=True)
class PointerNow:
    """Where the X server has its pointer, and which buttons it holds for pressed."""

    x: int
    y: int
    buttons: int


class TigerVnc:
    """A running Xvnc; asks it through libX11, as any program on the instrument would."""

    def __init__(self, port: int, display: int) -> None:
        self.port = port
        self._x11 = ctypes.CDLL(ctypes.util.find_library("X11"))
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XDefaultRootWindow.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(f":{display}".encode()))
        assert self._display.value, "Xvnc does not answer"
        self._root = ctypes.c_ulong(self._x11.XDefaultRootWindow(self._display))

    def pointer(self) -> PointerNow:
        """Return the pointer; bit 0 of its buttons is the left one."""
        windows = (ctypes.c_ulong(), ctypes.c_ulong())
        places = (ctypes.c_int(), ctypes.c_int(), ctypes.c_int(), ctypes.c_int())
        mask = ctypes.c_uint()
        wanted = [ctypes.byref(value) for value in (*windows, *places, mask)]
        self._x11.XQueryPointer(self._display, self._root, *wanted)
        return PointerNow(places[0].value, places[1].value, mask.value >> 8 & 0x1F)

    def keys_held(self) -> int:
        """Return how many keys are down."""
        keys = ctypes.create_string_buffer(32)
        self._x11.XQueryKeymap(self._display, keys)
        return sum(byte.bit_count() for byte in keys.raw)

    def paint(self, colour: int) -> None:
        """Fill the screen with `colour`, 0xRRGGBB."""
        self._x11.XSetWindowBackground(self._display, self._root, ctypes.c_ulong(colour))
        self._x11.XClearWindow(self._display, self._root)
        self._x11.XSync(self._display, 0)

    def close(self) -> None:
        """Hang up on the X server."""
        self._x11.XCloseDisplay(self._display)


@contextmanager
def tigervnc(folder: Path) -> Iterator[TigerVnc]:
    """Run Xvnc on loopback with a password and without TLS, its files in `folder`."""
    port = _free_port()
    command = [
        "Xvnc", "-displayfd", "1", "-geometry", f"{WIDTH}x{HEIGHT}", "-depth", "24", "-localhost",
        "-rfbport", str(port), "-SecurityTypes", "VncAuth", "-PasswordFile", str(_password_file(folder)),
        "-nolisten", "tcp", "-AlwaysShared",
    ]  # fmt: skip
    with (folder / "xvnc.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        with process.stdout:
            server = TigerVnc(port, int(process.stdout.readline()))
        yield server
        server.close()
    finally:
        process.terminate()
        process.wait(10)


def _password_file(folder: Path) -> Path:
    file = folder / "xvnc-password"
    hidden = subprocess.run(["vncpasswd", "-f"], input=PASSWORD.encode(), capture_output=True, check=True)
    file.write_bytes(hidden.stdout)
    return file


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
