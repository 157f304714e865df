from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.identity.errors import Refusal, SignInRefused
from cloudlet.identity.oidc.claims import Expected, check_claims

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = NOW.timestamp()
EXPECTED = Expected("https://idp.example", "us", "RS256", "the-nonce", "the-access-token", NOW)
GOOD: dict[str, Any] = {
    "iss": "https://idp.example",
    "sub": "ada",
    "aud": "us",
    "iat": SECONDS,
    "exp": SECONDS + 300,
    "nonce": "the-nonce",
}
ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()) | st.just({})


def refusal(**changes: Any) -> Refusal | None:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value != "absent"}
    try:
        check_claims(claims, EXPECTED)
    except SignInRefused as error:
        return error.reason
    return None


def test_good_claims_give_the_subject() -> None:
    assert check_claims(GOOD, EXPECTED) == "ada"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["us"]},
        {"aud": ["us", "them"], "azp": "us"},
        {"azp": "us"},
        {"exp": SECONDS - 59},
        {"iat": SECONDS + 60},
        {"nbf": SECONDS},
        {"sub": "http://cilogon.org/serverA/users/7"},
        {"unknown": {"deeply": ["nested"]}},
    ],
)
def test_what_the_standard_allows_is_accepted(changes: dict[str, Any]) -> None:
    assert refusal(**changes) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://idp.example/"}, Refusal.WRONG_ISSUER),
        ({"iss": "absent"}, Refusal.WRONG_ISSUER),
        ({"aud": "absent"}, Refusal.WRONG_AUDIENCE),
        ({"aud": "us and them"}, Refusal.WRONG_AUDIENCE),
        ({"aud": {"us": 1}}, Refusal.WRONG_AUDIENCE),
        ({"aud": []}, Refusal.WRONG_AUDIENCE),
        ({"azp": "them"}, Refusal.WRONG_PARTY),
        ({"aud": ["us", "them"]}, Refusal.WRONG_PARTY),
        ({"aud": ["us", "them"], "azp": "them"}, Refusal.WRONG_PARTY),
        ({"exp": SECONDS - 60}, Refusal.EXPIRED),
        ({"exp": "absent"}, Refusal.EXPIRED),
        ({"exp": True}, Refusal.EXPIRED),
        ({"exp": "2099-01-01"}, Refusal.EXPIRED),
        ({"exp": float("nan")}, Refusal.EXPIRED),
        ({"exp": float("inf")}, Refusal.EXPIRED),
        ({"exp": 10**400}, Refusal.EXPIRED),
        ({"iat": SECONDS + 61}, Refusal.FROM_THE_FUTURE),
        ({"iat": "absent"}, Refusal.FROM_THE_FUTURE),
        ({"iat": float("nan")}, Refusal.FROM_THE_FUTURE),
        ({"nbf": SECONDS + 61}, Refusal.FROM_THE_FUTURE),
        ({"nonce": None}, Refusal.WRONG_NONCE),
        ({"sub": ""}, Refusal.NO_SUBJECT),
        ({"sub": 7}, Refusal.NO_SUBJECT),
        ({"sub": "a" * 256}, Refusal.NO_SUBJECT),
        ({"sub": "ada\n"}, Refusal.NO_SUBJECT),
        ({"at_hash": None}, Refusal.WRONG_HASH),
        ({"at_hash": ""}, Refusal.WRONG_HASH),
    ],
)
def test_everything_else_is_refused_by_the_check_it_fails(changes: dict[str, Any], reason: Refusal) -> None:
    assert refusal(**changes) is reason


@pytest.mark.parametrize(("algorithm", "name"), [("RS256", "sha256"), ("PS384", "sha384"), ("ES512", "sha512")])
def test_hash_of_the_access_token_goes_with_the_algorithm(algorithm: str, name: str) -> None:
    digest = hashlib.new(name, b"the-access-token").digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    expected = Expected("https://idp.example", "us", algorithm, "the-nonce", "the-access-token", NOW)
    assert check_claims({**GOOD, "at_hash": half}, expected) == "ada"


@given(st.dictionaries(st.sampled_from([*GOOD, "azp", "nbf", "at_hash"]), ODD, min_size=1))
def test_odd_claims_are_refused_and_never_crash(odd: dict[str, Any]) -> None:
    claims = {**GOOD, **odd}
    try:
        subject = check_claims(claims, EXPECTED)
    except SignInRefused:
        return
    assert subject == claims["sub"]
    assert claims["iss"] == EXPECTED.issuer
    assert claims["nonce"] == EXPECTED.nonce
    assert "us" in claims["aud"]
