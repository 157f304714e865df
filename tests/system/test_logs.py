"""What strangers can make the processes write: short lines, without queries, secrets and tracebacks."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

SECRET = "xyzzy"
BEGINS = "begins as process"

SETTINGS = """
[database]
url = "sqlite:///{folder}/cloudlet.db"
[web]
base_url = "http://127.0.0.1:{portal}"
[access]
gateway_url = "ws://127.0.0.1:{gateway}"
origins = ["http://127.0.0.1:{portal}"]
[instruments.mast]
title = "Mast"
[instruments.mast.console]
host = "127.0.0.1"
port = 1
"""


class Process:
    """One of the product's processes, and what it has logged since it began to serve."""

    def __init__(self, folder: Path, name: str, listener: socket.socket) -> None:
        self.port = listener.getsockname()[1]
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cloudlet", name, "--fd", str(listener.fileno())],
                cwd=folder,
                stderr=log,
                pass_fds=[listener.fileno()],
            )

    def ask(self, data: bytes) -> bytes:
        """Send `data`, and return the answer as far as it comes; then do it again, and reset the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(data)
            answer = connection.recv(4096)
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(data)
        return answer

    def end(self) -> list[str]:
        """End the process, and return the lines that it wrote after its first."""
        self.process.terminate()
        self.process.wait(20)
        first, *others = self._log.read_text().splitlines()
        assert BEGINS in first
        return others


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[dict[str, Process]]:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=64) as portal,
        socket.create_server(("127.0.0.1", 0), backlog=64) as gateway,
    ):
        ports = {"portal": portal.getsockname()[1], "gateway": gateway.getsockname()[1]}
        (tmp_path / "cloudlet.toml").write_text(SETTINGS.format(folder=tmp_path, **ports))
        subprocess.run([sys.executable, "-m", "cloudlet", "upgrade"], cwd=tmp_path, check=True)
        started = {"portal": Process(tmp_path, "portal", portal), "gateway": Process(tmp_path, "gateway", gateway)}
        try:
            for process in started.values():
                assert b"200" in process.ask(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            yield started
        finally:
            for process in started.values():
                process.process.kill()
                process.process.wait()


def request(target: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "host: 127.0.0.1", *headers, "", ""]).encode("latin-1")


def handshake(target: str, *headers: str, port: int = 0) -> bytes:
    return request(
        target,
        "upgrade: websocket",
        "connection: Upgrade",
        f"origin: http://127.0.0.1:{port}",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        *(headers or ("sec-websocket-version: 13", f"sec-websocket-protocol: rfb.cloudlet, ticket.{SECRET}")),
    )


def test_strangers_make_no_tracebacks_no_queries_and_one_line_for_a_refused_ticket(
    processes: dict[str, Process],
) -> None:
    portal, gateway = processes["portal"], processes["gateway"]
    for data in (
        b"\0\xff\r\n\r\n",
        request(f"/?code={SECRET}"),
        request(f"/sign-in/callback?code={SECRET}&state={SECRET}"),
        request(f"/%00%ff%0a{SECRET}?{SECRET}"),
        request("/", "content-length: -1"),
        request("/", "transfer-encoding: chunked") + b"zz\r\n",
        request("/sign-out", "content-type: multipart/form-data; boundary=x", "content-length: 3", method="POST")
        + b"--y",
        request(f"http://evil.example/?{SECRET}"),
        handshake(f"/?{SECRET}"),
    ):
        assert portal.ask(data)
    assert portal.end() == []

    tickets = 5
    for number in range(tickets):
        assert b"403" in gateway.ask(handshake(f"/console/mast?n={number}&{SECRET}", port=portal.port))
    for data in (
        b"\0\xff\r\n\r\n",
        handshake(f"/nowhere?{SECRET}"),
        handshake("/console/mast", "sec-websocket-version: 7"),
        handshake(f"/console/mast?{SECRET}", *(f"x{number}: y" for number in range(300))),
        request(f"/console/mast?{SECRET}"),
    ):
        gateway.ask(data)
    lines = gateway.end()
    assert not any(SECRET in line or "Traceback" in line for line in lines)
    refused = [line for line in lines if "a console was refused" in line]
    assert len(refused) in range(tickets, 2 * tickets + 1)  # those that were reset may be gone before they are read
    assert lines == refused
