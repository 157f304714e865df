"""What ties an answer of the provider to the browser that asked.

The browser holds a random secret in a cookie; each sign-in has a random state. Nonce and PKCE verifier are
derived from both, so the server stores neither, and who lacks the cookie cannot finish somebody's sign-in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass

__all__ = ["PkceSecrets", "new_secret"]


def new_secret() -> str:
    """Return 256 random bits as 43 characters that are safe in URLs and cookies."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class PkceSecrets:
    """The three values of one sign-in.

    Attributes
    ----------
    browser
        The secret in the browser's cookie.
    state
        The random name of this sign-in; comes back with the answer.
    """

    browser: str
    state: str

    def __repr__(self) -> str:
        return "PkceSecrets(...)"

    @property
    def nonce(self) -> str:
        """What the identity token must repeat (OpenID Connect Core, 3.1.2.1)."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """What is shown when the code is exchanged (RFC 7636, 4.1)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """The S256 transform of `verifier` (RFC 7636, 4.2)."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def _derived(self, purpose: str) -> str:
        message = f"{purpose} {self.state}".encode()
        return _base64url(hmac.digest(self.browser.encode(), message, "sha256"))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
