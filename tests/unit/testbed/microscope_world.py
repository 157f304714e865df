"""A small simulated microscope whose time, disk and folders belong to the test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cloudlet.testbed.microscope import Microscope, MicroscopeSettings


@dataclass
class World:
    """What surrounds the microscope: seconds that pass when the test says so, and a disk of any size."""

    folder: Path
    seconds: float = 100.0
    free_bytes: int = 10**12
    made: list[Microscope] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 3, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def settings(self, **changes: Any) -> MicroscopeSettings:
        given: dict[str, Any] = {
            "raw_folder": self.folder / "raw",
            "truth_folder": self.folder / "truth",
            "width": 64,
            "height": 64,
            "cadence_seconds": 0,
            "writing_seconds": 0,
            "planned_movies": 3,
            "password": SecretStr("low dose"),
        }
        return MicroscopeSettings(**(given | changes))

    def microscope(self, **changes: Any) -> Microscope:
        self.made.append(
            Microscope(
                self.settings(**changes),
                clock=self.now,
                monotonic=lambda: self.seconds,
                free_bytes=lambda: self.free_bytes,
            )
        )
        return self.made[-1]
