"""News between components and processes: rows written in the same transaction as what they tell of.

A component declares its events as frozen dataclasses; whoever is interested reads the table behind a cursor.
There is one writer at a time, so ids are committed in order and a reader at ``id > cursor`` misses nothing, unless it
was away for so long that what it missed was pruned: then it learns so, and reads the present state afresh.
"""

from cloudlet.events.models import Event, EventsMissed, StoredEvent
from cloudlet.events.store import latest, publish, read_after
from cloudlet.events.tail import Listener, Tail

__all__ = ["Event", "EventsMissed", "Listener", "StoredEvent", "Tail", "latest", "publish", "read_after"]
