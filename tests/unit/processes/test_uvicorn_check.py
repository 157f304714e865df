"""A uvicorn that is not the one whose classes are extended."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn
from starlette.applications import Starlette

from cloudlet.processes.connections import PromptProtocol
from cloudlet.processes.console_protocol import ConsoleProtocol
from cloudlet.processes.uvicorn_check import ServerUnsuitable, check_uvicorn


class ProtocolOfTomorrow(asyncio.Protocol):
    """What another release might make of it."""

    def __init__(self, **_options: object) -> None:
        self.connections: set[object] = set()
        self.loop = None


def test_the_installed_uvicorn_is_suitable() -> None:
    check_uvicorn(uvicorn.Config(Starlette(), http=PromptProtocol, ws=ConsoleProtocol))


def test_what_is_missing_is_named_with_a_remedy() -> None:
    config = uvicorn.Config(Starlette(), http=ProtocolOfTomorrow, ws="none")
    with pytest.raises(ServerUnsuitable) as problem:
        check_uvicorn(config)
    assert "ProtocolOfTomorrow.on_response_complete" in problem.value.message
    assert "ProtocolOfTomorrow.loop" not in problem.value.message
    assert "constraints.txt" in problem.value.remedy
