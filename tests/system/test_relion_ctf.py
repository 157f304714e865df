"""RELION's own CTF: defocus, astigmatism and the sense of its angle are the same there as here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from benchmarks.engine.relion_images import fitted, projected

from cloudlet.cryoem.numerics.ctf import Defocus, Optics, ctf
from cloudlet.cryoem.numerics.ctf_fit import CtfSearch, fit_ctf
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra

pytestmark = [pytest.mark.system, pytest.mark.needs("relion_ctf_toolbox")]

SIDE, PIXEL = 2048, 1.06


def relions_ctf(folder: Path, defocus: Defocus, phase_shift: float = 0.0) -> np.ndarray:
    """Return what RELION takes for the CTF, laid out as ``fft2``."""
    command = ["relion_ctf_toolbox", "--simulate", "ctf.mrc", "--box", str(SIDE), "--angpix", str(PIXEL)]
    command += ["--kV", "300", "--Cs", "2.7", "--Q0", "0.1", "--defU", str(defocus.u_angstrom)]
    command += ["--defV", str(defocus.v_angstrom), "--defAng", str(defocus.angle_degrees)]
    command += ["--phase_shift", str(phase_shift)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return np.fft.ifftshift(mrcfile.read(folder / "ctf.mrc"))


@pytest.mark.parametrize("angle", [30.0, -55.0])
def test_what_relion_would_have_defocused_is_fitted_as_relion_means_it(tmp_path: Path, angle: float) -> None:
    theirs = relions_ctf(tmp_path, Defocus(15_000, 12_500, angle))
    noise = np.random.default_rng(0).standard_normal((SIDE, SIDE))
    image = (100 + np.fft.ifft2(np.fft.fft2(noise) * theirs).real).astype(np.float32)
    fit = fit_ctf(tile_spectra(image, tile_size_for((SIDE, SIDE), PIXEL)), (SIDE, SIDE), PIXEL, Optics(300, 2.7, 0.1))
    assert fit is not None
    assert fit.defocus.u_angstrom == pytest.approx(15_000, abs=10)
    assert fit.defocus.v_angstrom == pytest.approx(12_500, abs=10)
    assert fit.defocus.angle_degrees == pytest.approx(angle, abs=0.3)


def test_a_phase_shift_is_relions_too(tmp_path: Path) -> None:
    theirs = relions_ctf(tmp_path, Defocus(9_000, 8_800, 10), phase_shift=70.0)
    noise = np.random.default_rng(1).standard_normal((SIDE, SIDE))
    image = (100 + np.fft.ifft2(np.fft.fft2(noise) * theirs).real).astype(np.float32)
    spectra = tile_spectra(image, tile_size_for((SIDE, SIDE), PIXEL))
    search = CtfSearch(phase_shifts=tuple(np.radians(np.arange(0, 180, 7.5))))
    fit = fit_ctf(spectra, (SIDE, SIDE), PIXEL, Optics(300, 2.7, 0.1), search)
    assert fit is not None
    assert np.degrees(fit.phase_shift) == pytest.approx(70, abs=3)
    assert fit.defocus.mean_angstrom == pytest.approx(8_900, abs=40)


def test_the_ctf_itself_is_relions(tmp_path: Path) -> None:
    defocus = Defocus(15_000, 12_500, 30.0)
    ours, theirs = ctf(SIDE, PIXEL, Optics(300, 2.7, 0.1), defocus), relions_ctf(tmp_path, defocus)
    inner = np.s_[1 : SIDE // 2 - 1, 1 : SIDE // 2 - 1]
    np.testing.assert_allclose(-ours[inner], theirs[inner], atol=5e-3)  # particles are white there


@pytest.mark.needs("relion_project")
def test_images_that_relion_has_made_are_fitted_with_what_relion_was_told(tmp_path: Path) -> None:
    # small projections, for speed: halves of their images differ by about 10 angstrom
    told = [Defocus(15_000, 12_500, 30.0), Defocus(9_000, 8_700, -70.0)]
    for image, theirs in zip(projected(tmp_path, told, box=160), told, strict=True):
        ours = fitted(image).defocus
        assert ours.mean_angstrom == pytest.approx(theirs.mean_angstrom, abs=30)
        assert ours.astigmatism_angstrom == pytest.approx(theirs.astigmatism_angstrom, abs=30)
        assert ours.angle_degrees == pytest.approx(theirs.angle_degrees, abs=3)
