"""Scientific instruments: the registry, the sessions held on them, and the levels of control."""

from cloudlet.instruments.events import SessionOpened
from cloudlet.instruments.models import Instrument, InstrumentSession, Level
from cloudlet.instruments.rules import may_view_results
from cloudlet.instruments.service import Instruments

__all__ = ["Instrument", "InstrumentSession", "Instruments", "Level", "SessionOpened", "may_view_results"]
