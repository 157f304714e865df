from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import serialize_compact

from cloudlet.identity.errors import Refusal, SignInRefused
from cloudlet.identity.oidc.signature import signed_claims

CLAIMS = {"sub": "ada"}


class Ring:
    """A key set before and after it is fetched again."""

    def __init__(self, keys: Sequence[Key], renewed: Sequence[Key] = ()) -> None:
        self._keys = keys
        self._renewed = renewed
        self.renewals = 0

    async def keys(self) -> Sequence[Key]:
        return self._keys

    async def renewed(self) -> Sequence[Key]:
        self.renewals += 1
        return self._renewed


@pytest.fixture(scope="module")
def first() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


@pytest.fixture(scope="module")
def second() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


def token(key: Key, **header: Any) -> str:
    return serialize_compact({"alg": "ES256", **header}, json.dumps(CLAIMS), key, algorithms=["ES256"])


async def claims_of(text: str, ring: Ring) -> dict[str, Any]:
    return await signed_claims(text, "ES256", ring.keys, ring.renewed)


async def test_known_key_is_enough(first: ECKey, second: ECKey) -> None:
    ring = Ring([second, first])
    assert await claims_of(token(first, kid=first.kid), ring) == CLAIMS
    assert ring.renewals == 0


async def test_key_rotated_since_the_last_look_is_fetched(first: ECKey, second: ECKey) -> None:
    ring = Ring([first], [first, second])
    assert await claims_of(token(second, kid=second.kid), ring) == CLAIMS
    assert ring.renewals == 1


async def test_token_that_names_no_key_is_tried_with_all(first: ECKey, second: ECKey) -> None:
    assert await claims_of(token(second), Ring([first, second])) == CLAIMS


async def test_key_without_name_is_tried_whatever_the_token_names(first: ECKey) -> None:
    nameless = ECKey.import_key(_without_kid(first))
    assert await claims_of(token(first, kid="any"), Ring([nameless])) == CLAIMS


async def test_wrong_key_under_the_right_name_is_refused(first: ECKey, second: ECKey) -> None:
    with pytest.raises(SignInRefused) as caught:
        await claims_of(token(second, kid=first.kid), Ring([first], [first]))
    assert caught.value.reason is Refusal.BAD_SIGNATURE


async def test_key_of_another_kind_never_fits(first: ECKey) -> None:
    with pytest.raises(SignInRefused) as caught:
        await claims_of(token(first), Ring([RSAKey.generate_key(2048)]))
    assert caught.value.reason is Refusal.BAD_SIGNATURE


async def test_changed_letter_anywhere_is_refused(first: ECKey) -> None:
    text = token(first)
    for place in range(0, len(text) - 1, 7):
        letter = "A" if text[place] != "A" else "B"
        with pytest.raises(SignInRefused):
            await claims_of(text[:place] + letter + text[place + 1 :], Ring([first], [first]))


@pytest.mark.parametrize("payload", [b"[]", b"7", b"not json", b"\xff", b""])
async def test_claims_that_are_no_object_are_refused(first: ECKey, payload: bytes) -> None:
    text = serialize_compact({"alg": "ES256"}, payload, first, algorithms=["ES256"])
    with pytest.raises(SignInRefused) as caught:
        await claims_of(text, Ring([first]))
    assert caught.value.reason is Refusal.MALFORMED


@given(st.text(max_size=200) | st.text("abcXYZ019_-.=", max_size=60).map(lambda text: f"{text}..{text}"))
def test_garbage_is_refused_and_never_crashes(text: str) -> None:
    with pytest.raises(SignInRefused):
        asyncio.run(claims_of(text, Ring([])))


def _without_kid(key: ECKey) -> dict[str, Any]:
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}
