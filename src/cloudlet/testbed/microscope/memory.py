"""The small file that lets a restarted microscope stand as it was left."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = ["Memory", "load", "save"]


class Memory(BaseModel):
    """What survives a restart."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dials: dict[str, float] = {}
    last_number: int = 0
    """The largest number that was ever given to a movie, so that none is given twice."""

    done: int = 0
    stage_x_um: float = 0.0
    stage_y_um: float = 0.0


def load(path: Path) -> Memory:
    """Return what was saved; a blank memory where nothing readable is."""
    try:
        return Memory.model_validate_json(path.read_text())
    except (OSError, ValidationError):
        return Memory()


def save(path: Path, memory: Memory) -> None:
    """Replace what is saved, whole or not at all.

    Raises
    ------
    OSError
        If the folder takes no file, for example because its disk is full.
    """
    beside = path.with_suffix(".new")
    beside.write_text(memory.model_dump_json(indent=1))
    beside.replace(path)
