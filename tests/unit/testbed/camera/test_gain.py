from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from cloudlet.testbed.camera import Camera
from cloudlet.testbed.gain import OtherGainReference, gain_name, write_gain
from cloudlet.testbed.models import Dials


def test_reference_is_32_bit_mrc_in_array_order(tmp_path: Path, camera: Camera) -> None:
    path = tmp_path / gain_name("GRID1")
    write_gain(path, camera.gain, 1.4)
    assert mrcfile.validate(path)
    with mrcfile.open(path) as mrc:
        assert mrc.header.mode == 2
        assert np.array_equal(mrc.data, camera.gain)
        assert float(mrc.voxel_size.x) == pytest.approx(1.4)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_reference_times_raw_is_flat(camera: Camera) -> None:
    frames = camera.expose(3, Dials(frames=64)).frames
    columns = (frames.clip(0, 20).mean(axis=0) * camera.gain).mean(axis=0)
    assert abs(np.corrcoef(columns, camera.gain.mean(axis=0))[0, 1]) < 0.3


def test_something_else_under_that_name_is_refused(tmp_path: Path, camera: Camera) -> None:
    path = tmp_path / "gain.mrc"
    path.write_bytes(b"not an MRC file")
    with pytest.raises(OtherGainReference):
        write_gain(path, camera.gain, 1.4)
    assert path.read_bytes() == b"not an MRC file"
