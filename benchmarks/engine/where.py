"""When and on what something was measured."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

__all__ = ["where"]


def where(is_quick: bool) -> str:
    """Return the day, the hardware and the versions, in words."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "imagecodecs"))
    day = datetime.now(UTC).strftime("%-d %B %Y")
    described = f"{day}, {_processor()}{_card()}, Python {platform.python_version()}, {packages}, RELION {_relion()}"
    return f"{described}; fewer movies, seeds and repetitions" if is_quick else described


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    cores = sum(line.startswith("processor") for line in lines)
    return f"{cores} cores of {name or platform.machine()}"


def _card() -> str:
    if find_spec("torch") is None:
        return ""
    import torch

    return f", {torch.cuda.get_device_name()}, torch {torch.__version__}" if torch.cuda.is_available() else ""


def _relion() -> str:
    try:
        described = subprocess.run(["relion_refine", "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return "not there"
    return next((word for word in described.split() if word[:1].isdigit()), "of unknown version")
