"""A limit on memory that ends with the work it was set for."""

from __future__ import annotations

import mmap
import resource

import pytest

from cloudlet.compute import memory_limited

GIB = 1 << 30


def test_more_than_the_limit_is_refused_and_afterwards_all_is_as_it_was() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with memory_limited(16 * GIB):
        with memory_limited(4 * GIB), pytest.raises(MemoryError):
            bytearray(5 * GIB)
        with pytest.raises(MemoryError):
            bytearray(17 * GIB)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_lower_limit_that_is_in_force_stays_in_force() -> None:
    with memory_limited(4 * GIB), memory_limited(16 * GIB):
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] == 4 * GIB


def test_address_space_that_is_only_reserved_does_not_count() -> None:
    with memory_limited(4 * GIB), mmap.mmap(-1, 256 * GIB, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as reserved:
        assert len(reserved) == 256 * GIB
