"""Running both programs as a whole process tree, and what that costs."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import gemmi
import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from benchmarks.engine.movies import Made

__all__ = ["Cost", "decode_seconds", "path_of", "run_engine", "run_relion", "stage_seconds"]


@dataclass(frozen=True)
class Cost:
    """Of a process and all it started."""

    cpu_seconds: float
    wall_seconds: float
    most_gigabytes: float
    """Of its largest process."""


def run_engine(made: Made, folder: Path, *, movies: int, workers: int = 1, device: str = "cpu") -> Cost:
    """Process so many copies of a movie by `cloudlet process` into a fresh folder, on one core for each worker."""
    raw, out = folder / "raw", folder / "out"
    for each in (raw, out):
        shutil.rmtree(each, ignore_errors=True)
    raw.mkdir(parents=True)
    for number in range(movies):
        os.link(made.path, raw / f"{made.path.stem}_{number:02d}{made.path.suffix}")
    command = [sys.executable, "-m", "cloudlet", "process", str(raw), "--out", str(out), f"--workers={workers}"]
    command += [*made.options, f"--device={device}"]
    # one worker has one thread: as many as it is let have cores
    core = sorted(os.sched_getaffinity(0))[:workers]
    return _run(["taskset", "-c", ",".join(map(str, core)), *command], folder)


def run_relion(made: Made, folder: Path, threads: int = 1) -> Cost:
    """Correct a movie by RELION's own motion correction, in 5 x 5 patches with dose weighting."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "movie.tif").symlink_to(made.path)
    (folder / "gain.mrc").symlink_to(made.gain)
    optics = f"opticsGroup1 1 {made.spec.pixel_size_angstrom} {made.spec.voltage_kv} 2.7 0.1"
    columns = ["OpticsGroupName", "OpticsGroup", "MicrographOriginalPixelSize", "Voltage"]
    columns += ["SphericalAberration", "AmplitudeContrast"]
    text = "data_optics\n\nloop_\n" + "".join(f"_rln{name}\n" for name in columns) + optics
    text += "\n\ndata_movies\n\nloop_\n_rlnMicrographMovieName\n_rlnOpticsGroup\nmovie.tif 1\n"
    (folder / "movies.star").write_text(text)
    command = ["relion_run_motioncorr", "--i", "movies.star", "--o", "MC/", "--use_own", "--j", str(threads)]
    command += ["--first_frame_sum", "1", "--last_frame_sum", "-1", "--bin_factor", "1", "--bfactor", "150"]
    command += ["--dose_per_frame", str(made.dose_per_frame), "--preexposure", "0", "--dose_weighting"]
    command += ["--patch_x", "5", "--patch_y", "5", "--gainref", "gain.mrc"]
    return _run(command, folder)


def decode_seconds(made: Made) -> float:
    """Return the CPU seconds that imagecodecs takes to decode all strips on one thread, at best of three."""
    with tifffile.TiffFile(made.path) as tiff:
        places = [(page.rowsperstrip, page.shape, page.dataoffsets, page.databytecounts) for page in tiff.pages]
    raw = made.path.read_bytes()
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for rows, shape, offsets, counts in places:
            for place, count in zip(offsets, counts, strict=True):
                imagecodecs.lzw_decode(raw[place : place + count], out=rows * shape[1])
        best = min(best, time.process_time() - begin)
    return best


def stage_seconds(out: Path) -> dict[str, float]:
    """Return the wall seconds of each stage, in the mean over the movies of a results folder but for the first."""
    with closing(sqlite3.connect(out / "cloudlet.db")) as database:
        rows = database.execute("select results from exposure where state = 'done' order by finished_at").fetchall()
    seconds = [json.loads(text)["seconds"] for (text,) in rows[1:]]
    return {stage: float(np.mean([one[stage] for one in seconds])) for stage in seconds[0]}


def path_of(star: Path) -> NDArray[np.float64]:
    """Return the motion (frames, 2) in pixels from a motion STAR file."""
    block = gemmi.cif.read(str(star)).find_block("global_shift")
    if block is None:
        raise ValueError(f"{star} holds no shifts")
    table = block.find("_rlnMicrograph", ["ShiftX", "ShiftY"])
    return -np.array([[float(row[1]), float(row[0])] for row in table])


def _run(command: list[str], folder: Path) -> Cost:
    begin = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        running = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(running.pid, 0)  # of this process and its own children alone
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode != 0:
            output.seek(0)
            raise RuntimeError(f"{command[:4]} ended with {running.returncode}: {output.read()[-4000:]}")
    return Cost(used.ru_utime + used.ru_stime, time.monotonic() - begin, used.ru_maxrss * 1024 / 1e9)
