from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode

from hypothesis import given
from hypothesis import strategies as st

from cloudlet.identity.oidc.pkce_secrets import PkceSecrets, new_secret

TEXT = st.text("abcXYZ019_-", min_size=1)


@given(TEXT, TEXT)
def test_verifier_and_challenge_have_the_shape_of_rfc_7636(browser: str, state: str) -> None:
    pkce = PkceSecrets(browser, state)
    assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", pkce.verifier)
    digest = hashlib.sha256(pkce.verifier.encode("ascii")).digest()
    assert pkce.challenge == urlsafe_b64encode(digest).decode().rstrip("=")


@given(TEXT, TEXT, TEXT, TEXT)
def test_each_browser_and_each_sign_in_has_its_own_values(a: str, b: str, c: str, d: str) -> None:
    first, second = PkceSecrets(a, b), PkceSecrets(c, d)
    assert first.nonce != first.verifier
    if first != second:
        assert first.nonce != second.nonce
        assert first.verifier != second.verifier


def test_pkce_secrets_do_not_show_themselves_in_logs() -> None:
    pkce = PkceSecrets("browser-secret", "state-secret")
    assert "secret" not in f"{pkce} {pkce!r}"


def test_secrets_are_long_and_different() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}
