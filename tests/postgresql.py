"""A PostgreSQL server of one's own: a fresh cluster in a temporary folder, reached by a socket in it alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam
from typing import Any

from sqlalchemy import URL, Connection, NullPool, create_engine, text

__all__ = ["GUARDED", "POSTGRES", "Server", "program", "running_server"]

POSTGRES = "postgres"
ROLE = "cloudlet"
GUARDED = "guarded"
"""The one database of which the server demands a password."""
START_SECONDS = 60
KEEP = """
exec 3<&0
( "$@" 3<&- & server=$!; cat <&3 >/dev/null; kill -QUIT $server; wait $server; touch "$5/ended" ) &
"""
"""Runs a server that is nobody's child, because tests count theirs, until whoever holds our input closes it or dies."""
OWN_OPTIONS = {"listen_addresses": "", "shared_buffers": "32MB"}
HASTY_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
"""Where nothing outlives the tests, nothing need reach the disk."""


def program(name: str) -> str | None:
    """Return where a program is, PostgreSQL's too, which Debian keeps out of the PATH; None where it is not."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return shutil.which(name) or (str(found[-1]) if found else None)


class Server:
    """A running server, in which whoever may enter the folder may do everything.

    Parameters
    ----------
    folder
        Where its socket is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str = "postgres") -> str:
        """Return the address of one of its databases."""
        return f"postgresql://{ROLE}@/{name}?host={self.folder}"

    def make(self, name: str, *, template: str = "template0", options: str = "") -> str:
        """Make a database afresh, and return its address."""
        with self.connection() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy {options}"))
        return self.url(name)

    @contextmanager
    def connection(self, name: str = "postgres") -> Iterator[Connection]:
        """Yield a connection of the cluster's master, in which every statement is its own transaction."""
        address = URL.create("postgresql+psycopg", ROLE, database=name, query={"host": str(self.folder)})
        engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


@contextmanager
def running_server(*, is_durable: bool = False) -> Iterator[Server]:
    """Yield a server that ends with the block, and with this process if it is killed.

    Parameters
    ----------
    is_durable
        Whether what it commits reaches the disk, as it does in service.
    """
    postgres, initdb = program(POSTGRES), program("initdb")
    if postgres is None or initdb is None:
        raise RuntimeError("PostgreSQL is not installed; `make packages` installs it")
    folder = Path(tempfile.mkdtemp(prefix="cloudlet-postgresql-"))
    data, log = folder / "data", folder / "log"
    try:
        unprivileged = _unprivileged(folder)
        command = [initdb, "-D", str(data), f"--username={ROLE}", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        subprocess.run([*command, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **unprivileged)
        rules = data / "pg_hba.conf"
        rules.write_text(f"local {GUARDED} all scram-sha-256\n{rules.read_text()}")
        chosen = OWN_OPTIONS if is_durable else OWN_OPTIONS | HASTY_OPTIONS
        options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        command = ["sh", "-c", KEEP, "keep", postgres, "-D", str(data), "-k", str(folder), *options]
        with log.open("wb") as output:
            keeper = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd="/", **unprivileged
            )
        with keeper:  # leaving closes the input that the server hangs on
            keeper.wait()
            _wait(data / "postmaster.pid", log)
            yield Server(folder)
        _wait_for_end(folder)
    finally:
        shutil.rmtree(folder)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return how to start a process as somebody else, who owns `folder`, where we are root: the server refuses root."""
    if os.geteuid() != 0:
        return {}
    owner = getpwnam("postgres")  # the Debian package makes it
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _wait(pid_file: Path, log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not (pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")):
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
        time.sleep(0.02)


def _wait_for_end(folder: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while not (folder / "ended").exists():
        if time.monotonic() > give_up_at:
            raise RuntimeError("PostgreSQL did not end")
        time.sleep(0.02)
