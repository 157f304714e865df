import re

import numpy as np
import pytest
from tests.unit.cryoem.formats.fuzzing import fuzz


def test_a_round_that_fails_prints_a_seed_that_plays_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[float] = []

    def fails_in_the_end(rng: np.random.Generator) -> None:
        drawn.append(rng.random())
        if drawn[-1] > 0.9:  # about one round in ten
            raise IndexError

    monkeypatch.delenv("CLOUDLET_FUZZ_SEED", raising=False)
    monkeypatch.setenv("CLOUDLET_FUZZ_SECONDS", "60")
    with pytest.raises(IndexError):
        fuzz(fails_in_the_end)
    printed = re.search(r"CLOUDLET_FUZZ_SEED=(\d+)", capsys.readouterr().out)
    assert printed
    monkeypatch.setenv("CLOUDLET_FUZZ_SEED", printed[1])
    with pytest.raises(IndexError):
        fuzz(fails_in_the_end)
    assert drawn[-1] == drawn[-2], "the first round of the second time is the last one of the first"
