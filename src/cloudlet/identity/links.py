"""Local accounts, and the link table that alone decides which identity acts as which of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudlet.audit import Act, record
from cloudlet.events import publish
from cloudlet.identity.errors import AccountRefused, LinkRefused
from cloudlet.identity.events import AccountMade, IdentityLinked
from cloudlet.identity.models import Account, Identity
from cloudlet.identity.rules import is_username
from cloudlet.identity.store import AccountRow, LinkRow

__all__ = ["account_of", "add_link", "make_account"]


def account_of(work: Session, identity: Identity) -> Account | None:
    """Return the account that `identity` acts as, None where it has none."""
    query = (
        select(AccountRow)
        .join(LinkRow, LinkRow.username == AccountRow.username)
        .where(LinkRow.issuer == identity.issuer, LinkRow.subject == identity.subject)
    )
    row = work.scalar(query)
    return None if row is None else row.as_model()


def make_account(work: Session, account: Account, *, by: str, at: datetime) -> None:
    """Make `account` where there is none of its name.

    Raises
    ------
    AccountRefused
        The user name is not one.
    """
    if not is_username(account.username):
        raise AccountRefused(
            f"{account.username!r} cannot be a user name.",
            "Use 1 to 32 lower-case letters, digits, - and _, beginning with a letter or _.",
        )
    if work.get(AccountRow, account.username) is not None:
        return
    work.add(AccountRow(username=account.username, display_name=account.display_name, made_at=at))
    work.flush()
    record(work, Act(by, "identity.account-made", account.username))
    publish(work, AccountMade(account.username))


def add_link(work: Session, identity: Identity, username: str, *, by: str, at: datetime) -> None:
    """Let `identity` act as the account `username`, which must be there; doing it again changes nothing.

    Raises
    ------
    LinkRefused
        The identity acts as another account already.
    """
    issuer, subject = identity.issuer, identity.subject
    row = work.get(LinkRow, (issuer, subject))
    if row is not None and row.username != username:
        raise LinkRefused(
            f"This identity is linked to the account {row.username} already.",
            "An identity acts as one account only: check whether it is the same person.",
        )
    if row is None:
        work.add(LinkRow(issuer=issuer, subject=subject, username=username, linked_at=at, linked_by=by))
        record(work, Act(by, "identity.linked", username, {"issuer": issuer, "subject": subject}))
        publish(work, IdentityLinked(username, issuer=issuer, identity_subject=subject))
