"""What was measured against what the simulated microscope did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray
from tests.acceptance.demo import Demo

from cloudlet.testbed.models import Truth

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True)
class Comparison:
    """One movie, measured and true."""

    name: str
    defocus_error_angstrom: float
    astigmatism_error_angstrom: float
    motion_error_px: float
    """Root mean square over the frames of the distance between both paths, their means removed."""
    values: dict[str, float]
    truth: Truth


def compare(demo: Demo, exposure: dict[str, Any]) -> Comparison:
    """Compare the figures on the page and the shifts in the STAR file with the truth."""
    name, values = exposure["name"], exposure["values"]
    truth = Truth.from_json(_truth_file(demo, name).read_text())
    measured_u, measured_v = 1e4 * values["defocus_u"], 1e4 * values["defocus_v"]
    return Comparison(
        name=name,
        defocus_error_angstrom=abs((measured_u + measured_v) / 2 - truth.defocus_angstrom),
        astigmatism_error_angstrom=abs(measured_u - measured_v - truth.astigmatism_angstrom),
        motion_error_px=_motion_error(_shifts(demo.project / "micrographs" / f"{Path(name).stem}.star"), truth),
        values=values,
        truth=truth,
    )


def _truth_file(demo: Demo, name: str) -> Path:
    (found,) = demo.truth.glob(f"{Path(name).stem}*.json")
    return found


def _shifts(star: Path) -> NDArray[np.float64]:
    """Return the motion (frames, (y, x)) in pixels, rows upwards, from a RELION motion STAR file of a TIFF movie."""
    table = gemmi.cif.read(str(star)).find_block("global_shift").find("_rlnMicrograph", ["ShiftX", "ShiftY"])
    shifts = np.array([[float(row[1]), float(row[0])] for row in table])
    return -shifts


def _motion_error(measured: NDArray[np.float64], truth: Truth) -> float:
    true = np.array(truth.shifts_px)
    error = (measured - measured.mean(axis=0)) - (true - true.mean(axis=0))
    return float(np.sqrt((error**2).sum(axis=1).mean()))
