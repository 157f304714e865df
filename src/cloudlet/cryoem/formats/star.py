"""STAR files as RELION writes them: blocks of pairs and blocks of one table each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from gemmi import cif

from cloudlet.cryoem.formats.atomic_write import atomic_write
from cloudlet.openat import FileBeneath

__all__ = ["StarValue", "add_pairs", "add_table", "write_star"]

StarValue = str | int | float

_PREFIX = "_rln"

_BARE = re.compile(r"[A-Za-z0-9./~+-][^\s'\"#]*")
"""Text that needs no quotes: RELION before version 5 takes them for part of the text, so none are set needlessly."""

_RESERVED = re.compile(r"(data|save)_.*|loop_|stop_|global_|\.", re.IGNORECASE)
"""Words of the format itself; a point alone says that there is no value."""


def add_pairs(document: cif.Document, block: str, pairs: Mapping[str, StarValue]) -> None:
    """Add a block of single values; keys are RELION's names without their prefix ``_rln``."""
    target = document.add_new_block(block)
    for key, value in pairs.items():
        target.set_pair(_PREFIX + key, _text(value))


def add_table(document: cif.Document, block: str, columns: Sequence[str], rows: Iterable[Sequence[StarValue]]) -> None:
    """Add a block with one table; columns are RELION's names without their prefix ``_rln``."""
    loop = document.add_new_block(block).init_loop(_PREFIX, list(columns))
    for row in rows:
        loop.add_row([_text(value) for value in row])


def write_star(product: FileBeneath, document: cif.Document) -> None:
    """Write a STAR file beside its final name and rename it.

    Raises
    ------
    ProductUnwritable
        The folder cannot be written or the disk is full.
    """
    with atomic_write(product) as file:
        # RELION 3.1 takes a last table that no blank line follows for empty, and says nothing
        file.write((document.as_string() + "\n").encode())


def _text(value: StarValue) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, int):
        return str(value)
    is_bare = _BARE.fullmatch(value) and not _RESERVED.fullmatch(value)
    return value if is_bare else cif.quote(value)
