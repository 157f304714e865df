"""VNC authentication: the challenge of RFC 6143 section 7.2.2.

It is DES in ECB mode with the password as its key, each byte's bits mirrored, as the first VNC server happened to
do it. Only eight characters count, 56 bits protect them, and the server proves nothing: good enough on the private
leg between gateway and instrument and nowhere else. `cryptography` has no single DES; triple DES with one key
three times is the same cipher.
"""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from cloudlet.access.rfb.errors import PasswordRefused

__all__ = ["CHALLENGE_BYTES", "answer"]

CHALLENGE_BYTES = 16
KEY_BYTES = 8


def answer(challenge: bytes, password: str) -> bytes:
    """Return the 16 bytes that prove knowledge of `password`.

    Raises
    ------
    PasswordRefused
        The password holds a character that VNC cannot carry.
    """
    encryptor = Cipher(TripleDES(_key(password) * 3), modes.ECB()).encryptor()  # noqa: S305 - the protocol's own
    return encryptor.update(challenge) + encryptor.finalize()


def _key(password: str) -> bytes:
    try:
        plain = password.encode("latin-1")
    except UnicodeEncodeError as cause:
        raise PasswordRefused(
            "The console's password holds a character that VNC cannot carry.",
            "Set a password of up to eight ASCII characters on the instrument.",
        ) from cause
    return bytes(_mirrored(byte) for byte in plain[:KEY_BYTES].ljust(KEY_BYTES, b"\0"))


def _mirrored(byte: int) -> int:
    return int(f"{byte:08b}"[::-1], 2)
