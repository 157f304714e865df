"""Which identity providers are trusted, and how long a sign-in lasts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cloudlet.validation import Key
from cloudlet.web import UNPROTECTED, is_protected

__all__ = ["Algorithm", "IdentityProviderSettings", "IdentitySettings"]

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
"""Asymmetric signatures only: with a shared secret everybody who can check a token can make one."""


class IdentityProviderSettings(BaseModel):
    """One trusted OpenID Connect provider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(title="Title", description="What the sign-in button calls the provider.", min_length=1)
    issuer: str = Field(
        title="Issuer",
        description="The provider's exact name, with or without a final slash as it writes it itself; one half "
        "of everybody's identity, so it must never change.",
    )
    discovery_url: str | None = Field(
        default=None,
        title="Discovery document",
        description="Where the provider's metadata is served. By default below the issuer, as the standard says; "
        "another address is for a provider that has moved and kept its name.",
    )
    client_id: str = Field(title="Client id", description="Our name at the provider.", min_length=1)
    client_secret_file: Path = Field(
        title="Client secret",
        description="File that holds nothing but our secret at the provider, readable by its owner alone, or by its "
        "group as well (mode 0600 or 0640): others are refused. Read at every sign-in, so that it can be replaced at "
        "any time.",
    )
    algorithm: Algorithm = Field(
        default="RS256",
        title="Signature algorithm",
        description="The one algorithm accepted on identity tokens. RS256 is what the standard demands of every "
        "provider; Globus signs with RS512.",
    )
    token_auth_method: Literal["client_secret_basic", "client_secret_post"] = Field(
        default="client_secret_basic",
        title="Client authentication",
        description="How our secret is sent. The standard's default is basic; CILogon's documentation asks for post.",
    )
    scopes: tuple[str, ...] = Field(
        default=("openid", "profile"),
        title="Scopes",
        description="What is asked for. The default gets the identity and a name to greet the person with; e-mail "
        "addresses are no identity and are not needed.",
    )

    @field_validator("issuer", "discovery_url")
    @classmethod
    def _is_protected(cls, value: str | None) -> str | None:
        if value is not None and not is_protected(value):
            raise ValueError(UNPROTECTED.format(scheme="http"))
        return value

    @field_validator("scopes")
    @classmethod
    def _has_openid(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in value:
            raise ValueError("the scopes must contain openid")
        return value

    @property
    def discovery_address(self) -> str:
        """Where the metadata is served now."""
        return self.discovery_url or self.issuer.rstrip("/") + "/.well-known/openid-configuration"


class IdentitySettings(BaseModel):
    """Who may vouch for people, and for how long we believe it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    providers: dict[Key, IdentityProviderSettings] = Field(
        default_factory=dict,
        title="Identity providers",
        description="By a short key that becomes part of the callback address registered with the provider "
        "(/sign-in/callback/KEY). Empty by default: nobody can sign in until a site names whom it trusts.",
    )
    session_idle_minutes: int = Field(
        default=60,
        ge=1,
        le=24 * 60,
        title="Idle time",
        description="Minutes without anybody's doing, after which a browser is signed out; an hour survives a meal, "
        "not a night at a shared desk. What an open page asks for by itself does not count.",
    )
    session_longest_hours: int = Field(
        default=12,
        ge=1,
        le=7 * 24,
        title="Longest session",
        description="Hours after which everybody signs in again, however busy; twelve cover one shift at a microscope.",
    )
