"""A small cloudlet over real services, with a workload that was never heard of: plates of the weather."""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from PIL import Image

from cloudlet.access import Access, AccessSettings, Grant
from cloudlet.analytics import (
    AnalyticsError,
    Declaration,
    ExposureTask,
    Figure,
    ImageKind,
    Problem,
    Readiness,
    Results,
    Run,
    Runs,
    Stage,
)
from cloudlet.analytics.rules import FileStamp, Phase
from cloudlet.analytics.watcher_messages import FileChange
from cloudlet.database import Database
from cloudlet.events import Tail
from cloudlet.identity import Account, Actor, Guard, Identities, Identity, IdentitySettings
from cloudlet.identity.guard import session_cookie
from cloudlet.instruments import Instrument, Instruments, InstrumentSession, Level
from cloudlet.portal import PortalSettings
from cloudlet.portal.app import create_portal
from cloudlet.portal.assets import Assets
from cloudlet.portal.services import Services
from cloudlet.web import WebSettings

TESTER = Actor.host("tester")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISSUER = "https://login.example.org"
PEOPLE = {"ada": Level.OPERATE, "ben": Level.OBSERVE}

DECLARATION = Declaration(
    key="weather",
    title="Weather plates",
    exposure="plate",
    exposures="plates",
    figures=(
        Figure("haze", "Haze", "Å", 1, "How thick the air is; wait when it is high.", 5.0, "above", None, True),
        Figure("wind", "Wind", "µm", 2, "How fast the clouds go.", None, "above", "forecast", True),
        Figure("drift", "Drift", "px", 2, "How far the mast swayed; tie it down.", 1.5, "above", None, True),
        Figure("light", "Light", "counts", 0, "Mean light of the plate.", 20.0, "below", None, True),
        Figure("forecast", "Forecast", "µm", 2, "What was foretold."),
        Figure("tilt", "Tilt", "°", 0, "Angle of the mast."),
    ),
    images=(
        ImageKind("plate", "Plate", "The plate after development."),
        ImageKind("spectrum", "Spectrum", "Its power spectrum."),
    ),
    stages=(Stage("develop", "Developing"), Stage("measure", "Measuring")),
)


class WeatherWorkload:
    """Declares; processes nothing here."""

    declaration = DECLARATION
    product_folders = ("plate", "spectrum")

    def named_files(self, settings: Mapping[str, Any]) -> Sequence[Path]:
        return []

    def check_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return settings

    def is_exposure(self, name: str) -> bool:
        return name.endswith(".plate")

    def product_key(self, name: str) -> str:
        return name

    def readiness(self, path: Path, settings: Mapping[str, Any]) -> Readiness:
        return Readiness(is_complete=True)

    def process(self, task: ExposureTask) -> Results:
        raise AnalyticsError("Plates are not developed here.")

    def collect(self, project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
        return None


class HandClock:
    """A clock that goes when it is told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Site:
    """A small cloudlet: services, people and a session, seeded on demand."""

    database: Database
    folder: Path
    clock: Callable[[], datetime]
    web: WebSettings = field(default_factory=lambda: WebSettings(base_url="http://127.0.0.1:8440"))
    settings: PortalSettings = field(default_factory=lambda: PortalSettings(contact="help@example.org"))

    def __post_init__(self) -> None:
        access = AccessSettings(gateway_url="ws://127.0.0.1:8441", origins=(self.web.base_url,))
        self.identities = Identities(self.database, IdentitySettings(), self.clock)
        instruments = Instruments(self.database, self.clock)
        self.services = Services(
            guard=Guard(self.identities, self.web),
            instruments=instruments,
            access=Access(self.database, instruments, self.identities, access, self.clock),
            runs=Runs(self.database, instruments, self.clock),
            tail=Tail(self.database, interval=0.02),
            providers={"home": "Example University"},
            clock=self.clock,
        )
        self.instruments, self.runs = self.services.instruments, self.services.runs
        self.instruments.register(
            Instrument("mast", "North mast", "A 20 m mast with a plate camera."), by=Actor.rule("settings")
        )
        for person, level in PEOPLE.items():
            self.grant(person, level)

    def grant(self, username: str, level: Level) -> None:
        grant = Grant(username, "mast", level, NOON - timedelta(days=1), None)
        self.services.access.grant(grant, by=Actor.rule("test"))

    def sign_in(self, username: str, *, is_linked: bool = True) -> dict[str, str]:
        """Return the cookies of a browser in which the person is signed in."""
        identity = Identity(ISSUER, f"{username}-subject")
        if is_linked:
            self.identities.link(identity, Account(username, username.title()), by=Actor.rule("test"))
        secret = secrets.token_urlsafe(32)
        self.identities.open_session(identity, username.title(), secret)
        return {session_cookie(self.web): secret}

    def open_session(self, *people: str) -> InstrumentSession:
        """Begin a session on the instrument for `people`, each at the level they have on the instrument."""
        return self.instruments.open_session(
            "mast",
            title="Autumn storms",
            project="weather-7",
            raw_folder=self.folder / "raw",
            project_folder=self.folder / "project",
            people={person: PEOPLE.get(person, Level.OPERATE) for person in people},
            starts_at=NOON - timedelta(hours=2),
            ends_at=None,
            by=Actor.rule("test"),
        )

    def begin_run(self, *people: str) -> Run:
        """Begin a session of `people` with a run."""
        (self.folder / "project").mkdir(exist_ok=True)
        run = self.runs.ensure_run(self.open_session(*people), WeatherWorkload(), {})
        self.runs.note_scan(run.id)
        return run

    def see(self, run: Run, name: str, written_at: datetime, problem: Problem | None = None) -> None:
        """Let the watcher report a file; one with a problem has failed."""
        sight = FileStamp(12_345_678, int(written_at.timestamp()) * 10**9)
        phase = Phase.READY if problem is None else Phase.FAILED
        self.runs.ledger(run.id).store_changes([FileChange(name, phase, sight, problem)])

    def measure(self, run: Run, name: str, values: Mapping[str, float], written_at: datetime = NOON) -> int:
        """Store the result of one exposure with two small pictures; return its number."""
        self.see(run, name, written_at)
        attempt = self.runs.ledger(run.id).begin_next()
        assert attempt is not None
        images = {key: f"{key}/{name}.png" for key in ("plate", "spectrum")}
        for place, path in enumerate(images.values()):
            draw(self.folder / "project" / path, seed=attempt.exposure_id * 2 + place)
        results = Results(values, images, {}, {"develop": 0.5, "measure": 0.25})
        assert self.runs.ledger(run.id).finish(attempt, results)
        return attempt.exposure_id

    def fail(self, run: Run, name: str, written_at: datetime = NOON) -> int:
        """Store a failed exposure; return its number."""
        problem = Problem("plate-cracked", "The plate is cracked.", "Expose another one.")
        self.see(run, name, written_at, problem)
        found = [exposure for exposure in self.runs.exposures(run.id, by=TESTER) if exposure.name == name]
        return found[0].id

    def newest_change(self, run: Run) -> int:
        """Return the number of the run's last change."""
        return max(exposure.change for exposure in self.runs.exposures(run.id, by=TESTER))

    def app(self, assets: Assets) -> FastAPI:
        """Return the portal."""
        sources = ("ws://127.0.0.1:8441",)
        return create_portal(self.services, self.settings, self.web, connect_sources=sources, assets=assets)


def draw(path: Path, seed: int, size: int = 24) -> None:
    """Write a small picture of something."""
    path.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(seed)
    waves = [(chance.uniform(0.05, 0.6), chance.uniform(0, 6.3)) for _ in range(6)]
    rows = [
        [int(128 + 18 * sum(math.sin(a * x + b * y * a) for a, b in waves)) % 256 for x in range(size)]
        for y in range(size)
    ]
    Image.frombytes("L", (size, size), bytes(v for row in rows for v in row)).save(path)
