"""Rounds of random bytes, each of which can be had again: what fails prints the seed of its round.

``CLOUDLET_FUZZ_SEED=N`` begins with that round, ``CLOUDLET_FUZZ_SECONDS`` says how long to go on.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable

import numpy as np

__all__ = ["fuzz"]

SEED, SECONDS = "CLOUDLET_FUZZ_SEED", "CLOUDLET_FUZZ_SECONDS"
_USUAL_SECONDS = 1.5


def fuzz(round_of: Callable[[np.random.Generator], None], share: float = 1.0) -> None:
    """Play rounds with generators of their own for a share of the time, one at least; the seeds count up."""
    seed = int(os.environ.get(SEED) or secrets.randbits(32))
    end = time.monotonic() + share * float(os.environ.get(SECONDS) or _USUAL_SECONDS)
    while True:
        try:
            round_of(np.random.default_rng(seed))
        except BaseException:
            print(f"{SEED}={seed} plays this round again.")  # noqa: T201 - pytest shows it with what failed
            raise
        seed += 1
        if time.monotonic() >= end:
            return
