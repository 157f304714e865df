"""Numbers in addresses, none larger than the database can compare."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

__all__ = ["Cursor", "Number"]

LARGEST = 2**63 - 1

Number = Annotated[int, Path(ge=1, le=LARGEST)]
"""The number of a run or of an exposure."""

Cursor = Annotated[int, Query(ge=0, le=LARGEST, description="Number of the last change that is known; 0 for none.")]
