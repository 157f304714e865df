"""Two real micrographs whose defocus three independent programs agree on, where the shared folder is there."""

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cloudlet.cryoem.numerics.ctf import Optics
from cloudlet.cryoem.numerics.ctf_fit import fit_ctf
from cloudlet.cryoem.numerics.spectrum import tile_size_for, tile_spectra

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "krios"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared folder with real micrographs is not here")


@pytest.mark.parametrize(
    ("name", "pixel_size", "defocus_angstrom", "is_certain"),
    [("epu2.9_example.mrc", 0.66655, 27_256, True), ("fei-extended.mrc", 0.85378, 10_600, False)],
)
def test_the_defocus_of_a_real_micrograph_is_what_other_programs_find(
    name: str, pixel_size: float, defocus_angstrom: float, is_certain: bool
) -> None:
    image = mrcfile.read(FOLDER / name).astype(np.float32)
    shape = image.shape[0], image.shape[1]
    fit = fit_ctf(tile_spectra(image, tile_size_for(shape, pixel_size)), shape, pixel_size, Optics(300, 2.7, 0.07))
    assert fit is not None
    assert abs(fit.defocus.mean_angstrom - defocus_angstrom) < 100
    assert fit.is_certain is is_certain
    assert (fit.repeatability_angstrom <= 50) is is_certain
