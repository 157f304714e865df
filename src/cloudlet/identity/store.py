"""The tables of accounts, of the identities that act as them, and of web sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cloudlet.database import Table
from cloudlet.identity.models import Account, Identity

__all__ = ["AccountRow", "LinkRow", "WebSessionRow"]


class AccountRow(Table):
    """A local account."""

    __tablename__ = "account"

    username: Mapped[str] = mapped_column(primary_key=True)
    display_name: Mapped[str]
    made_at: Mapped[datetime]

    def as_model(self) -> Account:
        """Return the row as others see it."""
        return Account(username=self.username, display_name=self.display_name)


class LinkRow(Table):
    """Which account an identity acts as; once it stands, it alone decides."""

    __tablename__ = "identity_link"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(ForeignKey("account.username"), index=True)
    linked_at: Mapped[datetime]
    linked_by: Mapped[str]


class WebSessionRow(Table):
    """A signed-in browser; the account is looked up afresh each time, so that nothing here can be outdated."""

    __tablename__ = "web_session"

    id: Mapped[str] = mapped_column(primary_key=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)

    @property
    def identity(self) -> Identity:
        """Who signed in."""
        return Identity(self.issuer, self.subject)
