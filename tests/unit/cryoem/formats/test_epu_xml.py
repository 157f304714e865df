from pathlib import Path

import pytest

from cloudlet.cryoem.errors import MetadataUnreadable
from cloudlet.cryoem.formats.epu_xml import EpuMetadata, epu_path, parse_epu, read_epu

REAL = Path(__file__).parents[5] / "shared" / "data" / "metadata" / "Example1.xml"


@pytest.mark.parametrize("name", ["a_b_Fractions.tiff", "a_b_fractions.mrc", "a_b_EER.eer", "a_b.tif"])
def test_the_file_is_named_as_the_movie_without_what_is_added(name: str) -> None:
    assert epu_path(Path("/raw") / name) == Path("/raw/a_b.xml")


@pytest.mark.skipif(not REAL.exists(), reason="the shared folder with real metadata is not here")
def test_a_real_file_says_what_the_engine_needs() -> None:
    found = read_epu(REAL)
    assert found.voltage_kv == 200
    assert found.pixel_size_angstrom == pytest.approx(0.74913, abs=1e-4)
    assert found.total_dose == pytest.approx(42.02, abs=0.01)
    assert found.target_defocus_um == pytest.approx(1.1)
    assert found.gain_name == "20231018_120449_EER_GainReference.gain"
    assert (found.is_binned, found.readout) == (False, (4096, 4096))


SHOWN = b"""<a><pixelSize><x><numericValue>1E-10</numericValue></x></pixelSize>
<Binning><x>%d</x></Binning><ReadoutArea><height>400</height><width>600</width></ReadoutArea></a>"""


@pytest.mark.parametrize(
    ("binning", "shape", "pixel_size"),
    [(1, (400, 600), 1.0), (1, (600, 400), 1.0), (1, (800, 1200), 0.5), (1, (300, 600), None), (2, (400, 600), None)],
)
def test_the_pixel_size_is_that_of_the_frames(binning: int, shape: tuple[int, int], pixel_size: float | None) -> None:
    found = parse_epu(SHOWN % binning)
    assert found.frame_pixel_size_angstrom(*shape) == pixel_size
    assert found.is_super_resolution(*shape) == (shape == (800, 1200))


def test_what_is_not_said_or_0_is_unknown() -> None:
    assert parse_epu(b"<a><AccelerationVoltage>0</AccelerationVoltage></a>") == EpuMetadata()


@pytest.mark.parametrize(
    "raw",
    [
        b"no xml",
        b"<a>",
        b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>',
        b"<a/>" + b" " * (1 << 20),
        "<!DOCTYPE a><a/>".encode("utf-16"),
    ],
)
def test_what_is_no_metadata_is_reported(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.xml").write_bytes(raw)
    with pytest.raises(MetadataUnreadable, match=r"a\.xml cannot be read"):
        read_epu(tmp_path / "a.xml")
