"""RELION's own motion correction (version 3.1) in place of ours.

RELION reads TIFF movies from their last row as we do, MRC and EER as stored, so that its shifts, its local model and
its micrographs lie as ours. It ends with status 0 where its patches could not be aligned: then it writes no local
model.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import mrcfile
import numpy as np
from gemmi import cif
from numpy.typing import NDArray

from cloudlet.cryoem.acquisition import Acquisition
from cloudlet.cryoem.calibration import Calibration, calibrated
from cloudlet.cryoem.correction import Correction, StageTimer, figures_of, motion_of
from cloudlet.cryoem.errors import ProgramFailed, ProgramMissing, ProgramTimedOut
from cloudlet.cryoem.external.program import CannotRun, TookTooLong, run_program
from cloudlet.cryoem.formats.atomic_write import translate_write_errors
from cloudlet.cryoem.formats.collection_star import OPTICS_COLUMNS, OpticsGroup
from cloudlet.cryoem.formats.motion_star import MovieMotion
from cloudlet.cryoem.formats.movie import MovieFile, MovieFrames
from cloudlet.cryoem.formats.mrc_image import write_image
from cloudlet.cryoem.formats.star import add_table, write_star
from cloudlet.cryoem.numerics.cpu.weighting import CpuHalfPlane
from cloudlet.cryoem.numerics.threads import Threads
from cloudlet.cryoem.products import ProductPaths
from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.openat import FileBeneath, private_folder

__all__ = ["RelionCorrector", "command_for"]

_FOLDER = ".relion"
_SHOWN = 400
"""Characters of what a failed program said last."""


class RelionCorrector:
    """RELION as a separate process; implements `cloudlet.cryoem.correction.Corrector`."""

    def __init__(self, threads: int, settings: CryoemSettings) -> None:
        self._threads, self._settings = threads, settings

    def correct(
        self, movie: MovieFile, acquisition: Acquisition, project_folder: Path, timer: StageTimer
    ) -> Correction:
        """Correct one movie; see `cloudlet.cryoem.correction.Corrector`."""
        path = movie.path
        with timer.stage("read"):
            frames = movie.frames(acquisition.fractions)
            total, shape = _total(frames), (frames.outline.frames, frames.outline.rows, frames.outline.columns)
        with timer.stage("gain"):
            calibration = calibrated(path, total, acquisition.gain, self._settings, acquisition.defects)
        with timer.stage("motion"), _workspace(path, project_folder) as folder:
            _write_input(folder, path, (shape[1], shape[2]), acquisition, calibration)
            command = command_for(self._settings.relion_motion_command, path, acquisition, self._threads)
            _run(command, folder, self._settings.relion_motion_seconds)
            results = folder / "MC"
            motion = _motion(results / "movie.star", path, shape, acquisition, calibration)
            micrograph, unweighted = _image(results / "movie.mrc"), _image(results / "movie_noDW.mrc")
        with timer.stage("sums"):
            plane = CpuHalfPlane.of(micrograph, Threads(self._threads))
        pixel = acquisition.pixel_size_angstrom * acquisition.binning
        counts = float((total if calibration.gain is None else total * calibration.gain).mean()) / shape[0]
        return Correction(
            micrograph=micrograph,
            plane=plane,
            unweighted=unweighted,
            halves=None,
            pixel_size_angstrom=pixel,
            motion=motion,
            figures=figures_of(acquisition, calibration, counts, motion.motion),
        )


def command_for(program: str, movie: Path, acquisition: Acquisition, threads: int) -> list[str]:
    """Return RELION's command line, to be run in a folder with ``movies.star`` and ``gain.mrc``."""
    command = [program, "--i", "movies.star", "--o", "MC/", "--use_own", "--j", str(threads)]
    command += ["--first_frame_sum", "1", "--last_frame_sum", "-1", "--bin_factor", str(acquisition.binning)]
    command += ["--bfactor", "150", "--patch_x", "5", "--patch_y", "5", "--dose_weighting", "--save_noDW"]
    command += ["--gainref", "gain.mrc"]
    command += ["--dose_per_frame", f"{acquisition.dose / len(acquisition.frame_doses):.6g}"]
    command += ["--preexposure", f"{acquisition.pre_exposure:.6g}"]
    if acquisition.is_eer:
        fractions = acquisition.fractions
        command += ["--eer_grouping", str(fractions.frames), "--eer_upsampling", str(fractions.upsampling)]
    return command


def _total(frames: MovieFrames) -> NDArray[np.float32]:
    outline = frames.outline
    total = np.zeros((outline.rows, outline.columns), np.float32)
    frame = np.empty(total.shape, outline.dtype)
    for index in range(outline.frames):
        frames.read_frame(index, frame)
        total += frame
    return total


@contextmanager
def _workspace(path: Path, project_folder: Path) -> Iterator[Path]:
    """Yield a folder of its own within the project folder, never among the raw data; it is removed afterwards.

    RELION follows links, hence nobody else may write there.

    Raises
    ------
    ProductUnwritable
        It cannot be made, or would lie behind a link.
    """
    place = ProductPaths(path).target(project_folder, f"{_FOLDER}/{secrets.token_hex(6)}")
    with ExitStack() as until_removed:
        with translate_write_errors(place):  # of the folder alone: what is done in it has errors of its own
            folder = until_removed.enter_context(private_folder(place))
        yield folder


def _write_input(
    folder: Path, path: Path, shape: tuple[int, int], acquisition: Acquisition, calibration: Calibration
) -> None:
    name = "movie" + path.suffix.lower()
    (folder / name).symlink_to(path.absolute())
    gain = np.ones(shape, np.float32) if calibration.gain is None else calibration.gain.copy()
    gain[calibration.defects.rows, calibration.defects.columns] = 0  # RELION's word for a defect too
    write_image(FileBeneath(folder, "gain.mrc"), gain, acquisition.pixel_size_angstrom)
    document = cif.Document()
    optics = OpticsGroup(
        acquisition.pixel_size_angstrom,
        acquisition.binning,
        acquisition.voltage_kv,
        acquisition.cs_mm,
        acquisition.amplitude_contrast,
    )
    add_table(document, "optics", OPTICS_COLUMNS, [optics.row(1)])
    add_table(document, "movies", ["MicrographMovieName", "OpticsGroup"], [(name, 1)])
    write_star(FileBeneath(folder, "movies.star"), document)


def _run(command: list[str], folder: Path, seconds: float) -> None:
    """Run RELION in a folder.

    Raises
    ------
    ProgramMissing
        It is not installed.
    ProgramTimedOut
        It took longer than `seconds`.
    ProgramFailed
        It ended with another status than 0.
    """
    try:
        ended = run_program(command, folder, seconds)
    except CannotRun as cause:
        raise ProgramMissing(
            f"RELION's motion correction, {command[0]}, cannot be run: {cause}.",
            "Install RELION, or set relion_motion_command to where it is, or motion_program to own.",
        ) from cause
    except TookTooLong as cause:
        raise ProgramTimedOut(
            f"RELION's motion correction was stopped because it took longer than {seconds:g} s.",
            "Retry it when the machine is less busy, raise relion_motion_seconds, or set motion_program to own.",
        ) from cause
    if ended.status != 0:
        raise _failed(ended.said_last)


def _failed(output: bytes) -> ProgramFailed:
    said = " ".join(output.decode(errors="replace").split())[-_SHOWN:]
    return ProgramFailed(
        f"RELION's motion correction failed; it said last: {said or 'nothing'}.",
        "Look whether RELION itself can correct this movie, or set motion_program to own.",
    )


def _image(path: Path) -> NDArray[np.float32]:
    try:
        image: NDArray[np.float32] = np.ascontiguousarray(mrcfile.read(path), np.float32)
    except (OSError, ValueError) as cause:
        raise _failed(f"{path.name} is missing or cannot be read".encode()) from cause
    return image


def _motion(
    star: Path, path: Path, shape: tuple[int, int, int], acquisition: Acquisition, calibration: Calibration
) -> MovieMotion:
    try:
        document = cif.read(str(star))
        table = document.find_block("global_shift").find("_rlnMicrograph", ["ShiftX", "ShiftY"])
        shifts = np.array([[float(row[1]), float(row[0])] for row in table])
        model = document.find_block("local_motion_model")
        coefficients = None if model is None else [float(one) for one in model.find_values("_rlnMotionModelCoeff")]
    except (OSError, ValueError, AttributeError, RuntimeError) as cause:
        raise _failed(f"{star.name} is missing or cannot be read".encode()) from cause
    if shifts.shape != (shape[0], 2):
        raise _failed(f"{star.name} has shifts of {len(shifts)} frames instead of {shape[0]}".encode())
    local = None if not coefficients else -np.array(coefficients).reshape(2, -1)[::-1]
    return motion_of(path, acquisition, calibration, shape, shifts[0] - shifts, local)
