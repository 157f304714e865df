"""News between components and processes: rows written in the same transaction as what they tell of.

A component declares its events as frozen dataclasses; whoever is interested reads the table behind a cursor.
SQLite has one writer at a time, so ids are committed in order and a reader at ``id > cursor`` misses nothing.
"""

from cloudlet.events.models import Event, StoredEvent
from cloudlet.events.store import latest, publish, read_after
from cloudlet.events.tail import EventsMissed, Listener, Tail

__all__ = ["Event", "EventsMissed", "Listener", "StoredEvent", "Tail", "latest", "publish", "read_after"]
