import errno
import os
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from PIL import Image
from tests.swapping import swapping, until_both

from cloudlet.cryoem.errors import ProductUnwritable
from cloudlet.cryoem.formats.atomic_write import atomic_write
from cloudlet.cryoem.formats.mrc_image import write_image
from cloudlet.cryoem.formats.picture import write_jpeg
from cloudlet.openat import FileBeneath


def test_a_product_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    for text in (b"first", b"second"):
        with atomic_write(FileBeneath(tmp_path, "new/a.txt")) as file:
            file.write(text)
            file.flush()
            assert not path.exists() or path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_project_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    with atomic_write(FileBeneath(tmp_path / "some" / "project", "new/a.txt")) as file:
        file.write(b"all")
    assert (tmp_path / "some" / "project" / "new" / "a.txt").read_text() == "all"


def test_a_failure_leaves_the_old_product_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic_write(FileBeneath(tmp_path, "a.txt")) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(ProductUnwritable, match="No space left"),
        atomic_write(FileBeneath(tmp_path, "a.txt")),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_in_place_of_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "micrographs").touch()
    with (
        pytest.raises(ProductUnwritable, match=r"a\.mrc cannot be written"),
        atomic_write(FileBeneath(tmp_path, "micrographs/a.mrc")),
    ):
        pass


@pytest.mark.parametrize("link", ["micrographs", "micrographs/grid"])
def test_nothing_is_written_through_a_linked_folder(tmp_path: Path, link: str) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / link).parent.mkdir(parents=True)
    elsewhere.mkdir()
    (project / link).symlink_to(elsewhere)
    with (
        pytest.raises(ProductUnwritable, match=r"is a link.* Remove the link"),
        atomic_write(FileBeneath(project, f"{link}/a.mrc")),
    ):
        pytest.fail("it was begun")
    assert not list(elsewhere.iterdir())


def test_a_link_in_place_of_the_product_is_replaced_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("theirs")
    (tmp_path / "a.star").symlink_to(tmp_path / "elsewhere")
    with atomic_write(FileBeneath(tmp_path, "a.star")) as file:
        file.write(b"ours")
    assert (tmp_path / "elsewhere").read_text() == "theirs"
    assert not (tmp_path / "a.star").is_symlink()
    assert (tmp_path / "a.star").read_text() == "ours"


def test_a_product_stays_in_the_folder_that_was_opened_whatever_takes_its_place(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.mrc").write_text("theirs")
    with atomic_write(FileBeneath(project.parent, "project/micrographs/a.mrc")) as file:
        file.write(b"ours")
        (project / "micrographs").rename(project / "away")
        (project / "micrographs").symlink_to(elsewhere)
    assert (elsewhere / "a.mrc").read_text() == "theirs"
    assert [path.name for path in elsewhere.iterdir()] == ["a.mrc"]
    assert (project / "away" / "a.mrc").read_text() == "ours"


def test_nothing_is_written_elsewhere_while_somebody_swaps_the_folder_for_a_link(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / "micrographs").mkdir(parents=True)
    elsewhere.mkdir()
    (project / "link").symlink_to(elsewhere)

    def attempt() -> bool:
        try:
            with atomic_write(FileBeneath(project, "micrographs/a.mrc")) as file:
                file.write(b"ours")
        except ProductUnwritable:
            return False
        return True

    with swapping(project / "micrographs", project / "link"):
        until_both(attempt)
    assert not list(elsewhere.iterdir())


def test_a_product_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    former = os.umask(0o027)
    try:
        with atomic_write(FileBeneath(tmp_path, "micrographs/a.mrc")):
            pass
    finally:
        os.umask(former)
    assert (tmp_path / "micrographs").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "micrographs" / "a.mrc").stat().st_mode & 0o777 == 0o640


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    product = FileBeneath(tmp_path, "a.txt")
    with atomic_write(product) as one, atomic_write(product) as other:
        one.write(b"one")
        other.write(b"other")
    assert (tmp_path / "a.txt").read_text() == "one"


def test_an_image_keeps_rows_and_pixel_size(tmp_path: Path) -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_image(FileBeneath(tmp_path, "a.mrc"), image, 1.4)
    np.testing.assert_array_equal(mrcfile.read(tmp_path / "a.mrc"), image)
    with mrcfile.open(tmp_path / "a.mrc") as file:
        assert file.voxel_size.x == pytest.approx(1.4)
        assert file.data.dtype == np.float32


def test_the_last_row_is_the_top_of_a_picture(tmp_path: Path) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[30:] = 255
    write_jpeg(FileBeneath(tmp_path, "a.jpg"), picture)
    with Image.open(tmp_path / "a.jpg") as opened:
        shown = np.asarray(opened)
    assert shown.shape == (40, 60)
    assert shown[:8].mean() > 200
    assert shown[-20:].mean() < 20
