from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cloudlet.identity import IdentityProviderSettings, IdentitySettings, SignInRefused
from cloudlet.identity.errors import Refusal, SignInExpired

GOOD: dict[str, Any] = {
    "title": "Example",
    "issuer": "https://idp.example",
    "client_id": "us",
    "client_secret_file": Path("/run/secrets/idp"),
}


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://idp.example"},
        {"discovery_url": "http://idp.example/.well-known/openid-configuration"},
        {"algorithm": "none"},
        {"algorithm": "HS256"},
        {"scopes": ("profile",)},
        {"token_auth_method": "none"},
        {"client_secret": "in-the-settings"},
    ],
)
def test_provider_that_could_not_be_trusted_is_refused_at_start(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        IdentityProviderSettings(**{**GOOD, **change})


@pytest.mark.parametrize("key", ["", "Demo", "a/b", "a" * 33, "-a"])
def test_provider_key_must_fit_into_an_address(key: str) -> None:
    with pytest.raises(ValidationError):
        IdentitySettings(providers={key: IdentityProviderSettings(**GOOD)})


@pytest.mark.parametrize("model", [IdentitySettings, IdentityProviderSettings])
def test_every_setting_says_what_it_is(model: Any) -> None:
    for field in model.model_fields.values():
        assert field.title
        assert field.description


@pytest.mark.parametrize("error", [SignInRefused(Refusal.EXPIRED), SignInExpired(Refusal.TOO_LATE)])
def test_refusals_survive_the_way_between_processes(error: Any) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(copy), copy.reason) == (str(error), error.reason)
