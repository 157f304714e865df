from __future__ import annotations

from typing import Any

import pytest

from cloudlet.identity.errors import ProviderUnreachable, Refusal, SignInRefused
from cloudlet.identity.oidc.cached_fetch import CachedFetch


class Source:
    """Counts how often it is asked, and fails when told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None

    def __call__(self) -> int:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.asked


DOWN = ProviderUnreachable("It does not answer.", "Wait.")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def kept(source: Source, clock: Any) -> CachedFetch[int]:
    return CachedFetch(source, clock)


def test_fresh_answer_is_used_for_an_hour(kept: CachedFetch[int], source: Source, clock: Any) -> None:
    assert kept.get() == 1
    clock.advance(minutes=59)
    assert kept.get() == 1
    clock.advance(minutes=1)
    assert kept.get() == 2
    assert source.asked == 2


def test_aged_answer_serves_a_day_while_the_provider_is_down(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    kept.get()
    source.error = DOWN
    clock.advance(hours=23, minutes=59)
    assert kept.get() == 1
    clock.advance(minutes=1)
    with pytest.raises(ProviderUnreachable):
        kept.get()


def test_provider_that_is_down_is_asked_every_five_seconds_at_most(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    source.error = DOWN
    for _ in range(10):
        with pytest.raises(ProviderUnreachable, match="does not answer"):
            kept.get()
    assert source.asked == 1
    source.error = None
    clock.advance(seconds=5)
    assert kept.get() == 2


def test_renewal_is_asked_for_once_in_five_seconds(kept: CachedFetch[int], source: Source, clock: Any) -> None:
    assert kept.get() == 1
    assert [kept.renewed() for _ in range(5)] == [2] * 5
    clock.advance(seconds=5)
    assert kept.renewed() == 3


def test_renewal_falls_back_to_what_is_kept(kept: CachedFetch[int], source: Source) -> None:
    kept.get()
    source.error = DOWN
    assert kept.renewed() == 1


def test_untrusted_answer_is_never_papered_over_with_an_old_one(
    kept: CachedFetch[int], source: Source, clock: Any
) -> None:
    kept.get()
    source.error = SignInRefused(Refusal.WRONG_DISCOVERY)
    clock.advance(hours=2)
    with pytest.raises(SignInRefused):
        kept.get()
