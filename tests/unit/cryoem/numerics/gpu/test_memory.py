"""How room is asked for on a card, without one."""

from __future__ import annotations

import os

import numpy as np
import pytest

from cloudlet.cryoem.numerics.device import DeviceFull, Layout

if not os.environ.get("CLOUDLET_TESTS_COMPLETE"):
    pytest.importorskip("torch", reason="torch is not installed; `make torch` installs it")
import torch

from cloudlet.cryoem.numerics.gpu.memory import host_array, room_for, translate_memory_errors


def test_the_room_grows_with_frames_and_with_the_kind_of_count() -> None:
    k3, wide = (room_for(Layout(40, 4092, 5760, np.dtype(kind), 4)) for kind in ("uint8", "uint16"))
    assert 2.5e9 < k3 < 3.0e9
    assert wide - k3 == 40 * 4092 * 5760
    assert room_for(Layout(60, 4092, 5760, np.dtype("uint8"), 4)) > k3


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
    ],
)
def test_a_full_card_is_reported_in_whichever_words_it_comes(error: RuntimeError) -> None:
    @translate_memory_errors
    def work() -> None:
        raise error

    with pytest.raises(DeviceFull):
        work()


def test_other_errors_stay_what_they_are() -> None:
    @translate_memory_errors
    def work() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    with pytest.raises(RuntimeError, match="illegal"):
        work()


def test_values_come_to_the_host_as_they_were() -> None:
    values = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    array = host_array(values[:, 1:3])
    np.testing.assert_array_equal(array, [[1, 2], [5, 6], [9, 10]])
    array[0, 0] = 7
    assert values[0, 1] == 1
