"""Letting go over a line of its own, unless somebody operates again."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from cloudlet.access import release as module
from cloudlet.access.release import Releaser
from cloudlet.access.upstream_connector import UpstreamConnector

SCOPE = "scope-1"
LET_GO = b"\x05\x00\x00\x0a\x00\x14"


class Instrument:
    """A connector and its connections; the first ones break before anything is read."""

    def __init__(self, breaking: int = 0) -> None:
        self.heard: list[bytes] = []
        self.opened = 0
        self.closed = 0
        self.is_operated = False
        self.somebody_takes_control = False
        self._breaking = breaking

    async def open(self) -> Instrument:
        self.opened += 1
        await asyncio.sleep(0)
        self.is_operated = self.somebody_takes_control
        return self

    def write(self, data: bytes) -> None:
        self.heard.append(data)

    async def close(self) -> bool:
        self.closed += 1
        return self.closed > self._breaking

    def releaser(self) -> Releaser:
        return Releaser({SCOPE: cast(UpstreamConnector, self)}, lambda _: self.is_operated)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSES_SECONDS", (0, 0, 0))


async def let_go(instrument: Instrument) -> None:
    releaser = instrument.releaser()
    async with releaser.running():
        releaser.schedule(SCOPE, LET_GO)
        await asyncio.gather(*releaser._running)


async def test_what_was_held_is_let_go_over_a_line_of_its_own() -> None:
    instrument = Instrument()
    await let_go(instrument)
    assert (instrument.heard, instrument.closed) == ([LET_GO], 1)


async def test_who_takes_control_while_the_line_is_opened_gets_no_foreign_input() -> None:
    instrument = Instrument()
    instrument.somebody_takes_control = True
    await let_go(instrument)
    assert (instrument.heard, instrument.opened, instrument.closed) == ([], 1, 1)


async def test_letting_go_is_repeated_until_the_instrument_has_read_it() -> None:
    instrument = Instrument(breaking=2)
    await let_go(instrument)
    assert instrument.heard == [LET_GO] * 3


async def test_no_line_is_opened_while_somebody_operates() -> None:
    instrument = Instrument()
    instrument.is_operated = True
    await let_go(instrument)
    assert instrument.opened == 0
