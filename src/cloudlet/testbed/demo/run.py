"""Starting the demo, telling the person where it is, and ending it without a trace."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from cloudlet.analytics import Runs
from cloudlet.clock import utc_now
from cloudlet.database import Database
from cloudlet.errors import CloudletError
from cloudlet.instruments import Instruments
from cloudlet.migrations import upgrade
from cloudlet.processes.supervisor import Program, Supervisor
from cloudlet.settings import load
from cloudlet.testbed.demo.configuration import write_configuration
from cloudlet.testbed.demo.folder import HOST, Addresses, DemoFolder
from cloudlet.testbed.demo.seed import DEMO, INSTRUMENT, seed
from cloudlet.testbed.people import RESIDENTS

__all__ = ["DemoNotReady", "run_demo"]

READY_SECONDS = 60.0

Signs = Mapping[str, Callable[[], bool]]
"""Program to whether it has shown that it is there."""


class DemoNotReady(CloudletError):
    """A process of the demo did not come up."""

    slug = "demo-not-ready"


def run_demo(data: Path | None, *, cadence_seconds: float, planned_movies: int) -> None:
    """Run the demo until Ctrl-C.

    Parameters
    ----------
    data
        Folder to keep everything in; None for a temporary one that is removed at the end.
    cadence_seconds
        From one movie of the simulated camera to the next.
    planned_movies
        In an acquisition.

    Raises
    ------
    FolderInUse
        Another demo runs in `data`.
    FolderNotPrivate, FolderNotUsable, FolderOfSomethingElse
        `data` is no folder for a demo.
    DemoNotReady
        A process did not come up; the sentence says where its log is.
    """
    _forget_settings_of_others()
    started_at, began = time.monotonic(), utc_now()
    screen = Console()
    with DemoFolder.opened(data) as folder:
        sockets = folder.addresses().listen()
        addresses = Addresses(**{name: listener.getsockname()[1] for name, listener in sockets.items()})
        folder.remember_addresses(addresses)
        written = write_configuration(folder, addresses, cadence_seconds=cadence_seconds, planned_movies=planned_movies)
        programs = _programs(folder, sockets)
        upgrade(f"sqlite:///{folder.database}")
        with Supervisor(programs, folder.logs, screen.print) as supervisor:
            with _seeded(folder, written.issuer) as database:
                runs = Runs(database, Instruments(database))
                _wait_until_ready(supervisor, _signs(addresses, runs, began), folder.logs)
            if not supervisor.asked_to_stop:
                _greet(screen, written.link, time.monotonic() - started_at, data)
            supervisor.keep()
        screen.print("\nThe demo has ended." if data else "\nThe demo has ended and left nothing behind.")


def _forget_settings_of_others() -> None:
    """Take out of the environment what would go over the demo's settings, and lead it to a site's own database."""
    for name in [name for name in os.environ if name.startswith("CLOUDLET_")]:
        del os.environ[name]


def _programs(folder: DemoFolder, sockets: Mapping[str, socket.socket]) -> list[Program]:
    def program(name: str, arguments: list[str], *own: str) -> Program:
        numbers = [str(sockets[key].fileno()) for key in own]
        listeners = tuple(sockets[key] for key in own)
        return Program(name, [sys.executable, "-m", *arguments, *numbers], listeners)

    def command(name: str, *own: str) -> Program:
        options = ["--settings", str(folder.settings), *(["--fd"] if own else [])]
        return program(name, ["cloudlet", name, *options], *own)

    return [
        program("testbed", ["cloudlet.testbed.process", str(folder.testbed)], "provider", "console"),
        command("portal", "portal"),
        command("gateway", "gateway"),
        command("edge"),
    ]


@contextmanager
def _seeded(folder: DemoFolder, issuer: str) -> Iterator[Database]:
    settings = load(folder.settings)
    database = Database(settings.database.url)
    try:
        seed(database, settings, folder, issuer)
        yield database
    finally:
        database.close()


def _signs(addresses: Addresses, runs: Runs, began: datetime) -> Signs:
    return {
        "testbed": partial(_answers, addresses.provider),
        "portal": partial(_answers, addresses.portal),
        "gateway": partial(_answers, addresses.gateway),
        "edge": partial(_has_looked, runs, began),
    }


def _wait_until_ready(supervisor: Supervisor, signs: Signs, logs: Path) -> None:
    give_up_at = time.monotonic() + READY_SECONDS
    waiting = list(signs)

    def everything_is_there() -> bool:
        while waiting and signs[waiting[0]]():
            waiting.pop(0)
        if waiting and time.monotonic() > give_up_at:
            name = waiting[0]
            raise DemoNotReady(f"The {name} did not come up.", f"Its log is {logs / name}.log; keep it with --data.")
        return not waiting

    supervisor.keep(until=everything_is_there)


def _has_looked(runs: Runs, began: datetime) -> bool:
    """Return whether the edge has looked into the raw folder since `began`; it listens on no port that could answer."""
    run = runs.latest_run(INSTRUMENT, by=DEMO)
    return run is not None and run.scanned_at is not None and run.scanned_at >= began


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=1):
            return True
    except urllib.error.HTTPError:
        return True  # it has no such page, but it is there
    except OSError:
        return False


def _greet(screen: Console, link: str, seconds: float, data: Path | None) -> None:
    screen.print(f"\n[bold]The cloudlet is ready[/] after {seconds:.1f} s. Open this link in a browser:\n")
    screen.print(f"  {link}\n", soft_wrap=True, highlight=False)
    for resident in RESIDENTS:
        screen.print(f"  {resident.account.display_name:<12} {resident.description}", highlight=False)
    where = f"in {data}" if data else "in a temporary folder, removed at the end"
    screen.print(f"\nIts data is {where}. Ctrl-C ends it.", highlight=False)
