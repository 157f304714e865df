"""The challenge of VNC authentication."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.access.rfb.errors import PasswordRefused
from cloudlet.access.rfb.vncauth import answer

CHALLENGE = bytes(range(16))


def mirrored(data: bytes) -> str:
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data).decode("latin-1")


@pytest.mark.parametrize(
    ("key", "plain", "cipher"),
    [
        ("133457799bbcdff1", "0123456789abcdef", "85e813540f0ab405"),  # Grabbe, "The DES Algorithm Illustrated"
        ("8001010101010101", "0000000000000000", "95a8d72813daa94d"),  # NIST SP 500-20, variable key
        ("0101010101010101", "8000000000000000", "95f8a5e5dd31d900"),  # NIST SP 500-20, variable plain text
    ],
)
def test_answer_is_des_with_mirrored_key_bytes(key: str, plain: str, cipher: str) -> None:
    password = mirrored(bytes.fromhex(key))
    assert answer(bytes.fromhex(plain) * 2, password) == bytes.fromhex(cipher) * 2


@given(st.text(alphabet=st.characters(max_codepoint=255), min_size=8, max_size=30))
def test_only_eight_characters_count(password: str) -> None:
    assert answer(CHALLENGE, password) == answer(CHALLENGE, password[:8])


def test_password_that_vnc_cannot_carry_is_reported_without_being_repeated() -> None:
    with pytest.raises(PasswordRefused) as refused:
        answer(CHALLENGE, "пароль")
    assert "пароль" not in str(refused.value)
