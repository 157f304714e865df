"""A toy workload: counts the bytes of text files, and misbehaves where a file asks for it.

A file is complete when its last line is ``END``. Its first word says what happens.
When looked into: ``JUNK`` is no exposure, ``STUCK`` hangs, ``BREAK`` kills, ``ODD`` surprises,
``VAST`` asks for more memory than there is.
When processed: ``SLEEP n`` waits, ``DIE`` kills the worker (``DIE n`` only the first n times), ``REFUSE`` and ``CRASH``
fail, ``FULL`` finds no room, ``NAN`` cannot be measured, ``NOTHING`` gives no results,
``LARGE`` asks for more memory than there is.
Results are kept under the file's name up to its first dot.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cloudlet.analytics import (
    AnalyticsError,
    Declaration,
    ExposureTask,
    Figure,
    ImageKind,
    Problem,
    Readiness,
    Results,
    Stage,
)

END = b"END\n"
VAST_BYTES = 3 << 30
"""Reserved, never touched: more than a watcher may have, and than the workers of these tests."""


class Refused(AnalyticsError):
    slug = "refused"


@dataclass(frozen=True)
class Counting:
    """Picklable, as every workload is."""

    @property
    def declaration(self) -> Declaration:
        figure = Figure("length", "Length", "B", 0, "How long the file is.", is_vital=True)
        image = ImageKind("page", "Page", "Nothing to see.")
        return Declaration("counting", "Counting", "text", "texts", (figure,), (image,), (Stage("count", "Count"),))

    @property
    def product_folders(self) -> Sequence[str]:
        return ("kept",)

    def product_key(self, name: str) -> str:
        return name.partition(".")[0]

    def named_files(self, settings: Mapping[str, Any]) -> Sequence[Path]:
        return []

    def check_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        if unknown := settings.keys() - {"factor"}:
            raise Refused(f"There is no setting {min(unknown)!r}.")
        return {"factor": 1, **settings}

    def is_exposure(self, name: str) -> bool:
        return name.endswith(".txt")

    def readiness(self, path: Path, settings: Mapping[str, Any]) -> Readiness:
        content = path.read_bytes()
        if content.startswith(b"STUCK"):
            time.sleep(3600)
        if content.startswith(b"BREAK"):
            os.kill(os.getpid(), signal.SIGKILL)
        if content.startswith(b"ODD"):
            raise KeyError("a bug in the workload")
        if content.startswith(b"VAST"):
            bytearray(VAST_BYTES)
        if content.startswith(b"JUNK"):
            return Readiness(False, Problem("junk", "This is no text.", "Remove it."), is_final=True)
        if content.endswith(END):
            return Readiness(True)
        return Readiness(False, Problem("unended", "The text has no end.", "Write END."))

    def process(self, task: ExposureTask) -> Results:
        content = task.path.read_bytes()
        marks = _note_attempt(task)
        length = float(len(content) * task.settings["factor"])
        match content.decode().split():
            case ["SLEEP", seconds, *_]:
                time.sleep(float(seconds))
            case ["DIE", times, *_] if times.isdigit() and marks > int(times):
                pass
            case ["DIE", *_]:
                os.kill(os.getpid(), signal.SIGKILL)
            case ["REFUSE", *_]:
                raise Refused("The text may not be counted.", "Write another one.")
            case ["FULL", *_]:
                raise OSError(errno.ENOSPC, "No space left on device")
            case ["CRASH", *_]:
                raise ZeroDivisionError
            case ["LARGE", *_]:
                bytearray(VAST_BYTES)
            case ["NAN", *_]:
                length = float("nan")
            case ["NOTHING", *_]:
                return cast(Results, None)
        kept = task.project_folder / "kept" / self.product_key(task.path.name)
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(content)
        return Results({"length": length}, seconds={"count": 0.0})

    def collect(self, project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
        beside = project_folder / f".lengths.{os.getpid()}"
        beside.write_text(json.dumps({name: results.measurements for name, results in done}))
        beside.rename(project_folder / "lengths.json")


def _note_attempt(task: ExposureTask) -> int:
    """Append to a file that counts attempts, and return their number."""
    marks = task.project_folder / f"{task.path.name}.attempts"
    with marks.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(marks.read_text().splitlines())
