import errno
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from PIL import Image

from cloudlet.cryoem.errors import ProductUnwritable
from cloudlet.cryoem.formats.atomic_write import atomic_write
from cloudlet.cryoem.formats.mrc_image import write_image
from cloudlet.cryoem.formats.picture import write_jpeg


def test_a_product_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    for text in ("first", "second"):
        with atomic_write(path) as temporary:
            temporary.write_text(text)
            assert not path.exists() or path.read_text() == "first"
    assert path.read_text() == "second"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_failure_leaves_the_old_product_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(ProductUnwritable, match="No space left"),
        atomic_write(tmp_path / "a.txt"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_in_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "micrographs").touch()
    with (
        pytest.raises(ProductUnwritable, match=r"a\.mrc cannot be written"),
        atomic_write(tmp_path / "micrographs" / "a.mrc"),
    ):
        pass


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with atomic_write(path) as one, atomic_write(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"


def test_an_image_keeps_rows_and_pixel_size(tmp_path: Path) -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_image(tmp_path / "a.mrc", image, 1.4)
    np.testing.assert_array_equal(mrcfile.read(tmp_path / "a.mrc"), image)
    with mrcfile.open(tmp_path / "a.mrc") as file:
        assert file.voxel_size.x == pytest.approx(1.4)
        assert file.data.dtype == np.float32


def test_the_last_row_is_the_top_of_a_picture(tmp_path: Path) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[30:] = 255
    write_jpeg(tmp_path / "a.jpg", picture)
    with Image.open(tmp_path / "a.jpg") as opened:
        shown = np.asarray(opened)
    assert shown.shape == (40, 60)
    assert shown[:8].mean() > 200
    assert shown[-20:].mean() < 20
