"""A small RFB viewer of the tests' own, with eyes and hands."""

from __future__ import annotations

import asyncio
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from cloudlet.testbed.console import LAYOUT, Rect
from cloudlet.testbed.console.vnc_password import answer

WHOLE = Rect(0, 0, 1280, 800)
PATIENCE_SECONDS = 20.0
NOVNC_ENCODINGS = (1, 7, -260, 16, 5, 2, 0, -26, -254, -223, -224, -258, -308, -309, -312, -313, -307, -239)


class Refused(Exception):
    """The console did not let the client in."""


class ConsoleViewer:
    """An RFB viewer with eyes (Raw, Tight without JPEG decoding) and hands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.pixels: NDArray[np.uint8] = np.zeros((800, 1280, 3), np.uint8)
        self.name = ""
        self.pseudo: set[int] = set()
        self.jpegs: list[bytes] = []

    async def shake_hands(self, password: SecretStr, version: str, *, is_shared: bool) -> None:
        assert await self.reader.readexactly(12) == b"RFB 003.008\n"
        self.writer.write(f"RFB {version}\n".encode())
        if version == "003.003":
            assert await self.number() == 2
        else:
            offered = await self.reader.readexactly((await self.reader.readexactly(1))[0])
            assert offered == b"\x02"
            self.writer.write(b"\x02")
        self.writer.write(answer(await self.reader.readexactly(16), password))
        if await self.number() != 0:
            reason = await self.reader.readexactly(await self.number()) if version == "003.008" else b""
            raise Refused(reason.decode())
        self.writer.write(bytes([is_shared]))
        assert await self.reader.readexactly(4) == struct.pack(">HH", 1280, 800)
        await self.reader.readexactly(16)
        self.name = (await self.reader.readexactly(await self.number())).decode()

    async def number(self) -> int:
        return int.from_bytes(await self.reader.readexactly(4))

    def encodings(self, *numbers: int) -> None:
        self.writer.write(struct.pack(f">BxH{len(numbers)}i", 2, len(numbers), *numbers))

    def ask(self, area: Rect = WHOLE, *, is_incremental: bool = True) -> None:
        self.writer.write(struct.pack(">BBHHHH", 3, is_incremental, area.x, area.y, area.width, area.height))

    def pointer(self, where: str, buttons: int) -> None:
        self.writer.write(struct.pack(">BBHH", 5, buttons, *LAYOUT[where].centre))

    def click(self, where: str) -> None:
        self.pointer(where, 1)
        self.pointer(where, 0)

    def key(self, keysym: int, *, is_down: bool) -> None:
        self.writer.write(struct.pack(">BBxxI", 4, is_down, keysym))

    def type(self, text: str, *last: int) -> None:
        for keysym in [*map(ord, text), *last]:
            self.key(keysym, is_down=True)
            self.key(keysym, is_down=False)

    async def update(self) -> list[Rect]:
        """Read one update and return its rectangles of pixels."""
        kind, count = struct.unpack(">BxH", await self.reader.readexactly(4))
        assert kind == 0
        rects = [await self.rectangle() for _ in range(count)]
        return [rect for rect in rects if not rect.is_empty]

    async def rectangle(self) -> Rect:
        x, y, width, height, encoding = struct.unpack(">HHHHi", await self.reader.readexactly(12))
        rect = Rect(x, y, width, height)
        if encoding == 0:
            data = await self.reader.readexactly(rect.width * rect.height * 4)
            self.pixels[rect.rows_columns] = np.frombuffer(data, np.uint8).reshape(height, width, 4)[..., 2::-1]
        elif encoding == 7:
            await self.tight(rect)
        else:
            self.pseudo.add(encoding)
            if encoding == -239:
                await self.reader.readexactly(width * height * 4 + (width + 7) // 8 * height)
            return Rect(0, 0, 0, 0)
        return rect

    async def tight(self, rect: Rect) -> None:
        control = (await self.reader.readexactly(1))[0]
        if control == 0x80:
            self.pixels[rect.rows_columns] = list(await self.reader.readexactly(3))
        elif control == 0x90:
            self.jpegs.append(await self.reader.readexactly(await self.length()))
        else:
            assert control == 1, "stream 0, reset before every rectangle"
            size = rect.width * rect.height * 3
            data = await self.reader.readexactly(size if size < 12 else await self.length())
            plain = data if size < 12 else zlib.decompressobj().decompress(data)
            self.pixels[rect.rows_columns] = np.frombuffer(plain, np.uint8).reshape(rect.height, rect.width, 3)

    async def length(self) -> int:
        total = 0
        for shift in (0, 7, 14):
            byte = (await self.reader.readexactly(1))[0]
            total |= (byte & 0x7F) << shift if shift < 14 else byte << shift
            if byte < 0x80:
                break
        return total

    async def see(self, area: Rect = WHOLE) -> NDArray[np.uint8]:
        self.ask(area, is_incremental=False)
        await self.update()
        return self.pixels[area.rows_columns].copy()

    async def is_cut_off(self) -> bool:
        """Tell whether the console ends the connection, or breaks it, within `PATIENCE_SECONDS`."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:  # an OSError too, but the one that says that the line still stands
            return False
        except OSError:
            return True
        return True

    def vanish(self) -> None:
        """Go without a word, as a killed browser does."""
        self.writer.transport.abort()
