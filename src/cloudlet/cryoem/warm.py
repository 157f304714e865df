"""Compiling the engine once, at installation, instead of in front of the first movie."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import tifffile

from cloudlet.cryoem.formats.eer_events import SOURCE_MARGIN, EventCode, add_events
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.stages import process_movie

__all__ = ["warm"]

_SIDE = 512
_KNOWN = {"pixel_size_angstrom": 1.4, "voltage_kv": 300.0, "dose_per_frame": 2.0, "particle_diameter": 100.0}


def warm() -> None:
    """Process a small movie of each type of counts; numba keeps what it compiles."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        raw, project = Path(folder) / "raw", Path(folder) / "project"
        raw.mkdir()
        gain = raw / "gain.tif"
        tifffile.imwrite(gain, np.ones((_SIDE, _SIDE), np.float32))
        for kind in (np.uint8, np.int8, np.uint16, np.int16, np.float32):
            movie = raw / f"{np.dtype(kind).name}.tif"
            with tifffile.TiffWriter(movie) as tiff:
                for _ in range(3):
                    frame = rng.poisson(4, (_SIDE, _SIDE)).astype(kind)
                    tiff.write(frame, photometric="minisblack", compression="lzw", metadata=None)
            process_movie(movie, project, CryoemSettings(**_KNOWN, gain=gain, half_precision=kind == np.int8))
    for image in (np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint16)):
        add_events(np.zeros(64 + SOURCE_MARGIN, np.uint8), [64], EventCode(7, 2, 2), (8, 8), 1, image)


if __name__ == "__main__":
    warm()
