"""What the embedded identity provider is given; it has no other memory."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

__all__ = ["Person", "ProviderClient", "ProviderSettings"]

LOOPBACK_HOSTS = {"127.0.0.1", "localhost"}


@dataclass(frozen=True)
class Person:
    """Somebody who can be chosen on the provider's page."""

    subject: str
    """The person's lasting key; with the issuer it is the identity, so it must survive restarts."""
    name: str
    description: str = ""
    """What the person may do; shown below the name."""


@dataclass(frozen=True)
class ProviderClient:
    """A relying party: one portal."""

    client_id: str
    client_secret: SecretStr
    redirect_uris: tuple[str, ...]
    """The addresses that answers may go to, compared letter by letter."""


class ProviderSettings(BaseModel):
    """One embedded provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: str = Field(
        title="Instance",
        description="Short name of this demonstration; part of the cookie's name, because browsers send cookies of one "
        "port to every other and two demonstrations must not sign each other's people out.",
        pattern=r"^[a-z0-9-]{1,32}$",
    )
    issuer: str = Field(
        title="Issuer", description="The provider's lasting name; it may differ from where it is served now."
    )
    base_url: str = Field(
        title="Address",
        description="Where it is served now. Loopback only: who reaches it and knows the link can be anybody.",
    )
    portal_url: str = Field(title="Portal", description="Where the printed link leads to in the end.")
    secret: SecretStr = Field(
        title="Secret",
        description="The secret in the printed link; 256 random bits, made for this demonstration.",
        min_length=20,
    )
    clients: tuple[ProviderClient, ...] = Field(title="Clients", description="The portals that may ask.")
    people: tuple[Person, ...] = Field(title="People", description="Who can be chosen, in this order.", min_length=1)

    @field_validator("base_url")
    @classmethod
    def _is_loopback(cls, value: str) -> str:
        parts = urlsplit(value)
        is_bare = not parts.path.strip("/") and parts.username is None and not parts.query and not parts.fragment
        if parts.scheme != "http" or parts.hostname not in LOOPBACK_HOSTS or not is_bare:
            raise ValueError(
                "the embedded identity provider knows no passwords and is served on http://127.0.0.1 or "
                "http://localhost only; a site uses a real provider"
            )
        return value.rstrip("/")

    def client(self, client_id: str) -> ProviderClient | None:
        """Return the client of that id, None where there is none."""
        return next((client for client in self.clients if client.client_id == client_id), None)

    def person(self, subject: str) -> Person | None:
        """Return the person of that subject, None where there is none."""
        return next((person for person in self.people if person.subject == subject), None)
