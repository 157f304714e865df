"""The particles of many micrographs in one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from gemmi import cif

from cloudlet.cryoem.errors import ParticlesLost
from cloudlet.cryoem.formats.collection_star import OpticsGroup
from cloudlet.cryoem.formats.particle_star import Particle, ParticleStack, join_particle_stars, write_particle_star
from cloudlet.cryoem.numerics.ctf import Defocus
from cloudlet.openat import FileBeneath


def written(folder: Path, name: str, count: int, pixel_size: float = 1.0, side: int = 64) -> FileBeneath:
    """The particles of one micrograph, in rows 0, 1, 2 and so on."""
    particles = [Particle(float(row), 7.25, 0.5, Defocus(15_000.0, 14_000.0, 30.0)) for row in range(count)]
    optics = OpticsGroup(pixel_size, 1, 300, 2.7, 0.1)
    stack = ParticleStack(f"particles/{name}.mrcs", f"micrographs/{name}.mrc", optics, pixel_size, side, 0.0, particles)
    star = FileBeneath(folder, f"{name}.star")
    write_particle_star(star, stack)
    return star


def table(path: Path, block: str, *columns: str) -> list[list[str]]:
    found = cif.read(str(path)).find_block(block)
    assert found is not None
    return [[cif.as_string(cell) for cell in row] for row in found.find("_rln", list(columns))]


def test_all_particles_follow_each_other_as_they_were(tmp_path: Path) -> None:
    join_particle_stars(FileBeneath(tmp_path, "all.star"), [written(tmp_path, "a", 2), written(tmp_path, "b c", 1)])
    columns = ("CoordinateY", "CoordinateX", "ImageName", "MicrographName", "OpticsGroup", "DefocusU")
    assert table(tmp_path / "all.star", "particles", *columns) == [
        ["0.000000", "7.250000", "000001@particles/a.mrcs", "micrographs/a.mrc", "1", "15000.000000"],
        ["1.000000", "7.250000", "000002@particles/a.mrcs", "micrographs/a.mrc", "1", "15000.000000"],
        ["0.000000", "7.250000", "000001@particles/b c.mrcs", "micrographs/b c.mrc", "1", "15000.000000"],
    ]
    assert table(tmp_path / "all.star", "optics", "OpticsGroupName", "OpticsGroup") == [["opticsGroup1", "1"]]


def test_other_optics_are_another_group(tmp_path: Path) -> None:
    sizes = {"a": (1.0, 64), "b": (1.4, 64), "c": (1.0, 64), "d": (1.0, 32)}
    join_particle_stars(
        FileBeneath(tmp_path, "all.star"), [written(tmp_path, name, 1, *size) for name, size in sizes.items()]
    )
    assert [row[0] for row in table(tmp_path / "all.star", "particles", "OpticsGroup")] == ["1", "2", "1", "3"]
    columns = ("OpticsGroupName", "OpticsGroup", "ImagePixelSize", "ImageSize")
    assert table(tmp_path / "all.star", "optics", *columns) == [
        ["opticsGroup1", "1", "1.000000", "64"],
        ["opticsGroup2", "2", "1.400000", "64"],
        ["opticsGroup3", "3", "1.000000", "32"],
    ]


@pytest.mark.parametrize("spoil", ["gone", "broken", "another", "cut", "link"])
def test_particles_that_are_no_longer_there_are_reported(tmp_path: Path, spoil: str) -> None:
    stars = [written(tmp_path, "a", 2), written(tmp_path, "b", 2)]
    last = tmp_path / "b.star"
    if spoil == "gone":
        last.unlink()
    elif spoil == "broken":
        last.write_bytes(b"\xff\xfe data_")
    elif spoil == "link":
        last.rename(tmp_path / "elsewhere.star")
        last.symlink_to(tmp_path / "elsewhere.star")
    elif spoil == "another":
        last.write_text("data_other\n\n_rlnVoltage 300\n")
    else:
        last.write_text(last.read_text().partition("data_particles")[0])
    with pytest.raises(ParticlesLost, match=r"^b\.star"):
        join_particle_stars(FileBeneath(tmp_path, "all.star"), stars)
    assert not (tmp_path / "all.star").exists()
