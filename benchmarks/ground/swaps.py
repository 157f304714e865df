"""Somebody who may write to a project folder swaps what lies there for links, while we read and write there.

Another process exchanges a name and a link as fast as it can. What is sent of a secret, and what is written outside of
the project folder, is counted in bytes. Tries that were refused show that the links were met.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.swapping import swapping
from tests.unit.portal.weather import NOON, TESTER, HandClock, Site

from benchmarks.report import Row
from cloudlet.cryoem.batch import folder_lock
from cloudlet.cryoem.errors import ProductUnwritable
from cloudlet.cryoem.formats.atomic_write import atomic_write
from cloudlet.database import Database
from cloudlet.migrations import upgrade
from cloudlet.openat import FileBeneath
from cloudlet.portal.assets import Assets
from cloudlet.portal.errors import ImageMissing
from cloudlet.portal.images import open_picture

__all__ = ["measure"]

TRIES, QUICK_TRIES = 10_000, 1_000
REQUESTS_SHARE = 0.1
"""Of the pictures' tries: through the whole portal."""
MOST_SECONDS = 20.0
"""For each kind of swap."""
SECRET = b"secret " * 100


@dataclass
class Tries:
    """What became of the tries of one kind."""

    wanted: int
    succeeded: int = 0
    refused: int = 0
    harm: int = 0
    """Bytes."""
    _began: float = field(default_factory=time.monotonic)

    def __iter__(self) -> Iterator[None]:
        """Go on until there were enough, or it took too long."""
        while self.succeeded + self.refused < self.wanted and time.monotonic() - self._began < MOST_SECONDS:
            yield

    def count(self, *, is_refused: bool) -> None:
        """Note one try."""
        self.refused += is_refused
        self.succeeded += not is_refused

    def rows(self, name: str, harm: str) -> Iterator[Row]:
        """Yield how many tries there were, and what harm they did."""
        yield Row(f"{name}: tries", self.succeeded + self.refused, "")
        yield Row(f"{name}: tries that met a link", self.refused, "")
        yield Row.at_most(f"{name}: {harm}", self.harm, "B", 0)


def measure(is_quick: bool) -> Iterator[Row]:
    """Yield the harm that swaps of a picture, its folder, a lock and a product folder do."""
    share = -(-(QUICK_TRIES if is_quick else TRIES) // 3)
    with tempfile.TemporaryDirectory() as folder:
        yield from _pictures(Path(folder), -(-share // 2))
    with tempfile.TemporaryDirectory() as folder:
        yield from _locks(Path(folder), share).rows("lock", "bytes of its target lost or added")
    with tempfile.TemporaryDirectory() as folder:
        yield from _products(Path(folder), share).rows("product folder", "written outside")


def _pictures(folder: Path, tries: int) -> Iterator[Row]:
    with _site(folder) as site:
        run = site.begin_run("ada")
        exposure = site.runs.exposure(site.measure(run, "one.plate", {"haze": 3}), by=TESTER)
        picture = run.project_folder / exposure.results.images["plate"]
        (folder / "secrets").mkdir()
        (folder / "secrets" / picture.name).write_bytes(SECRET)
        link = run.project_folder / "link"

        def read() -> bytes:
            return b"".join(open_picture(run, exposure, "plate").pieces())

        for name, swapped, target in (
            ("picture", picture, folder / "secrets" / picture.name),
            ("folder of pictures", picture.parent, folder / "secrets"),
        ):
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            requests = int(REQUESTS_SHARE * tries)
            with swapping(swapped, link):
                yield from _read(tries - requests, read).rows(name, "secrets read")
                asked = asyncio.run(_ask(site, f"/exposures/{exposure.id}/images/plate", requests))
                yield from asked.rows(f"{name}, through the portal", "secrets sent")
            if swapped.is_symlink():
                swapped.unlink()
                link.rename(swapped)


def _read(wanted: int, read: Callable[[], bytes]) -> Tries:
    tries = Tries(wanted)
    for _ in tries:
        try:
            content = read()
        except ImageMissing:
            tries.count(is_refused=True)
            continue
        tries.count(is_refused=False)
        tries.harm += len(content) if SECRET in content else 0
    return tries


async def _ask(site: Site, address: str, wanted: int) -> Tries:
    tries = Tries(wanted)
    transport = httpx.ASGITransport(site.app(_no_assets(site.folder)))
    cookies, base = site.sign_in("ada"), site.web.base_url
    async with httpx.AsyncClient(transport=transport, base_url=base, cookies=cookies) as client:
        for _ in tries:
            answer = await client.get(address)
            tries.count(is_refused=answer.status_code != 200)
            tries.harm += len(answer.content) if SECRET in answer.content else 0
    return tries


def _locks(folder: Path, wanted: int) -> Tries:
    tries = Tries(wanted)
    target, lock, link = folder / "target", folder / "project" / ".cloudlet.lock", folder / "project" / "link"
    lock.parent.mkdir()
    lock.touch()
    link.symlink_to(target)
    target.write_bytes(SECRET)
    with swapping(lock, link):
        for _ in tries:
            try:
                with folder_lock(lock.parent):
                    tries.count(is_refused=False)
            except ProductUnwritable:
                tries.count(is_refused=True)
            if target.read_bytes() != SECRET:
                tries.harm += abs(len(SECRET) - target.stat().st_size)
                target.write_bytes(SECRET)
    return tries


def _products(folder: Path, wanted: int) -> Tries:
    tries = Tries(wanted)
    project, outside = folder / "project", folder / "outside"
    (project / "micrographs").mkdir(parents=True)
    outside.mkdir()
    (outside / "a.mrc").write_bytes(SECRET)
    (project / "link").symlink_to(outside)
    with swapping(project / "micrographs", project / "link"):
        for number, _ in enumerate(tries):
            try:
                with atomic_write(FileBeneath(project, f"micrographs/{'a' if number % 2 else number}.mrc")) as file:
                    file.write(b"ours")
                tries.count(is_refused=False)
            except ProductUnwritable:
                tries.count(is_refused=True)
    theirs = outside / "a.mrc"
    tries.harm = sum(path.stat().st_size for path in outside.iterdir() if path != theirs)
    tries.harm += 0 if theirs.read_bytes() == SECRET else len(SECRET)
    return tries


@contextmanager
def _site(folder: Path) -> Iterator[Site]:
    url = f"sqlite:///{folder / 'site.db'}"
    upgrade(url)
    database = Database(url)
    try:
        yield Site(database, folder, HandClock(NOON))
    finally:
        database.close()


def _no_assets(folder: Path) -> Assets:
    """Return a bundle of empty files, so that nothing needs to be built for pictures."""
    static = folder / "static"
    static.mkdir(exist_ok=True)
    names = ("portal.css", "page.js", "cockpit.js", "icons.svg", "favicon.svg", "licences.txt")
    (static / "manifest.json").write_text(json.dumps({name: name for name in names}))
    for name in names:
        (static / name).touch()
    return Assets(static)
