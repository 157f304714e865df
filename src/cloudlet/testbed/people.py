"""The people of the demo: one for each thing that a person may or may not do."""

from __future__ import annotations

from dataclasses import dataclass

from cloudlet.identity import Account
from cloudlet.instruments import Level

__all__ = ["RESIDENTS", "Resident"]


@dataclass(frozen=True)
class Resident:
    """Somebody who can sign in to the demo."""

    subject: str
    """The identity provider's name for the person; never changes."""
    account: Account
    level: Level | None
    """The highest level on the simulated microscope; None for no rights at all."""
    description: str
    """Who this is, in words for the choice at sign-in."""


RESIDENTS = (
    Resident(
        subject="4d1f0c52-ada",
        account=Account("ada", "Ada Park"),
        level=Level.OPERATE,
        description="Researcher, may operate the microscope",
    ),
    Resident(
        subject="9b7e63aa-ben",
        account=Account("ben", "Ben Osei"),
        level=Level.OBSERVE,
        description="Colleague, may observe",
    ),
    Resident(
        subject="c05d8871-cleo",
        account=Account("cleo", "Cleo Marsh"),
        level=None,
        description="Has an account and no rights yet",
    ),
)
