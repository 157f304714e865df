"""How long one waits for another; each number is the same on both databases where both know it."""

from __future__ import annotations

__all__ = ["CONNECT_SECONDS", "IDLE_WRITER_SECONDS", "LOST_PEER_SECONDS", "TURN_OPTION", "TURN_SECONDS"]

TURN_SECONDS = 30
"""How long a writer waits for its turn before it gives up with an `OperationalError`, unless it says otherwise."""

TURN_OPTION = "cloudlet_turn_ms"
"""Execution option of a connection that begins to write: for how many milliseconds it may still wait for its turn."""

IDLE_WRITER_SECONDS = 20
"""How long a process that says nothing may hold the writer's place on PostgreSQL.

Between two statements of a unit of work lie milliseconds. A process that was stopped there, or whose host vanished, is
thrown out before those who wait for its place give up: this must stay below `TURN_SECONDS`.
"""

CONNECT_SECONDS = 10
"""How long a connection to a PostgreSQL server may take to come about."""

LOST_PEER_SECONDS = 20
"""How long either end of a network connection goes without a sign of life from the other before it counts as gone."""
