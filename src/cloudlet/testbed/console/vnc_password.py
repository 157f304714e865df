"""VNC authentication (RFC 6143, section 7.2.2): DES of a challenge under the password.

It is weak by today's measure - 56 bits, eight characters, no server identity - and is here because vendors'
consoles have nothing better: it belongs on a private network behind a gateway.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from pydantic import SecretStr

__all__ = ["CHALLENGE_BYTES", "answer", "is_right", "new_challenge"]

CHALLENGE_BYTES = 16


def new_challenge() -> bytes:
    """Return sixteen random bytes."""
    return secrets.token_bytes(CHALLENGE_BYTES)


def answer(challenge: bytes, password: SecretStr) -> bytes:
    """Return what a viewer that knows the password sends back for `challenge`; eight characters count."""
    key = password.get_secret_value().encode("latin-1", "replace")[:8].ljust(8, b"\0")
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in key)
    # triple DES under one key three times is DES; ECB because the protocol says so
    cipher = Cipher(TripleDES(mirrored * 3), modes.ECB())  # noqa: S305
    encryptor = cipher.encryptor()
    return encryptor.update(challenge) + encryptor.finalize()


def is_right(challenge: bytes, response: bytes, password: SecretStr) -> bool:
    """Say whether `response` answers `challenge`, in a time that does not depend on where it differs."""
    return hmac.compare_digest(answer(challenge, password), response)
