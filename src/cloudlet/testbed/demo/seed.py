"""Making the demo's accounts, links, rights and instrument session, through the services and nothing else."""

from __future__ import annotations

from cloudlet.access import Access, Grant
from cloudlet.clock import utc_now
from cloudlet.database import Database
from cloudlet.identity import Actor, Identities, Identity
from cloudlet.instruments import Instrument, Instruments, Level
from cloudlet.settings import Settings
from cloudlet.testbed.demo.folder import DemoFolder
from cloudlet.testbed.people import RESIDENTS

__all__ = ["DEMO", "INSTRUMENT", "seed"]

INSTRUMENT = "arctica"
DEMO = Actor.rule("demo")


def seed(database: Database, settings: Settings, folder: DemoFolder, issuer: str) -> None:
    """Write what is missing; a second start finds everything there and writes nothing."""
    identities = Identities(database, settings.identity)
    for resident in RESIDENTS:
        identities.link(Identity(issuer, resident.subject), resident.account, by=DEMO)
    instruments = Instruments(database)
    described = settings.instruments[INSTRUMENT]
    instruments.register(Instrument(INSTRUMENT, described.title, described.description), by=DEMO)
    _grant(Access(database, instruments, identities, settings.access))
    if not instruments.current_sessions(INSTRUMENT):
        _open_session(instruments, folder)


def _grant(access: Access) -> None:
    for resident in RESIDENTS:
        if resident.level is not None and access.level(resident.account.username, INSTRUMENT) is None:
            grant = Grant(
                username=resident.account.username,
                instrument=INSTRUMENT,
                level=resident.level,
                not_before=utc_now(),
                not_after=None,
            )
            access.grant(grant, by=DEMO)


def _open_session(instruments: Instruments, folder: DemoFolder) -> None:
    people: dict[str, Level] = {
        resident.account.username: resident.level for resident in RESIDENTS if resident.level is not None
    }
    instruments.open_session(
        INSTRUMENT,
        title="TolC on thin carbon",
        project="demo",
        raw_folder=folder.raw,
        project_folder=folder.project,
        people=people,
        starts_at=utc_now(),
        ends_at=None,
        by=DEMO,
    )
