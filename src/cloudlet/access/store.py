"""The tables of grants, tickets, and who is at which console."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cloudlet.access.models import Grant, InputTrace, PointerState, Viewer
from cloudlet.database import Table
from cloudlet.instruments import Level

__all__ = ["ConsoleRow", "ControlRow", "GrantRow", "TicketRow", "ViewerRow"]


class GrantRow(Table):
    """A person may use a console for a time; a revoked one ends at the moment of revocation."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("ix_access_grant_person", "username", "instrument"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    instrument: Mapped[str] = mapped_column(index=True)
    level: Mapped[int]
    not_before: Mapped[datetime]
    not_after: Mapped[datetime | None]

    def as_model(self) -> Grant:
        """Return the row as others see it."""
        return Grant(self.username, self.instrument, Level(self.level), self.not_before, self.not_after)


class TicketRow(Table):
    """A ticket that was not used yet; using it deletes it."""

    __tablename__ = "access_ticket"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the ticket in hex; the ticket itself is stored nowhere."""
    username: Mapped[str]
    display_name: Mapped[str]
    instrument: Mapped[str]
    web_session: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ViewerRow(Table):
    """Somebody at a console now; leaving deletes the row."""

    __tablename__ = "access_viewer"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument: Mapped[str] = mapped_column(index=True)
    username: Mapped[str]
    display_name: Mapped[str]
    since: Mapped[datetime]

    def as_model(self, has_control: bool) -> Viewer:
        """Return the row as others see it."""
        return Viewer(self.username, self.display_name, has_control, self.since)


class ControlRow(Table):
    """A stretch of time in which one person operated; `until` is None while it lasts."""

    __tablename__ = "access_control"
    __table_args__ = (
        Index(
            "uq_access_control_one_operator",
            "instrument",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    instrument: Mapped[str]
    viewer: Mapped[int] = mapped_column(index=True)
    username: Mapped[str]
    since: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    until: Mapped[datetime | None]
    cause: Mapped[str | None]
    pointer_x: Mapped[int | None]
    pointer_y: Mapped[int | None]
    buttons: Mapped[int | None]
    keysyms: Mapped[list[int]] = mapped_column(JSON, default=list)
    """X11's numbers of unusual symbols that were pressed; empty from the end of the period on."""
    has_scan_codes: Mapped[bool] = mapped_column(default=False)

    def record_trace(self, trace: InputTrace) -> None:
        """Take over what is known of the operator's input."""
        if trace.pointer is not None:
            self.pointer_x, self.pointer_y, self.buttons = trace.pointer.x, trace.pointer.y, trace.pointer.buttons
        self.keysyms, self.has_scan_codes = sorted(trace.keysyms), trace.has_scan_codes

    def trace(self) -> InputTrace:
        """Return what was last known of the operator's input."""
        return InputTrace(self._pointer(), frozenset(self.keysyms), self.has_scan_codes)

    def _pointer(self) -> PointerState | None:
        if self.pointer_x is None or self.pointer_y is None or self.buttons is None:
            return None
        return PointerState(self.pointer_x, self.pointer_y, self.buttons)


class ConsoleRow(Table):
    """Whether the gateway's last try reached the console."""

    __tablename__ = "access_console"

    instrument: Mapped[str] = mapped_column(primary_key=True)
    is_reachable: Mapped[bool]
    problem: Mapped[str | None]
    checked_at: Mapped[datetime]
