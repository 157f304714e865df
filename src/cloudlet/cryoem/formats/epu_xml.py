"""EPU's metadata: an XML file beside each movie, named as the movie without what EPU adds to it.

Lengths are metres, voltages volts, doses electrons per square metre, the applied defocus negative for underfocus. The
pixel size is that of the image EPU shows; frames may be of finer pixels, or of coarser ones.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import BinaryIO
from xml.etree import ElementTree

from cloudlet.cryoem.errors import MetadataUnreadable
from cloudlet.cryoem.formats.raw_file import opened, refusing
from cloudlet.cryoem.names import movie_stem

__all__ = ["EpuMetadata", "epu_of", "epu_path", "parse_epu", "read_epu"]

_LARGEST_BYTES = 1 << 20
"""A real one has 19 kB."""

_ADDED = re.compile(r"[_-](fractions|EER|frames)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class EpuMetadata:
    """What the file says; None where it does not, and where it says 0."""

    voltage_kv: float | None = None
    pixel_size_angstrom: float | None = None
    """Of the image that was read out."""
    is_binned: bool = False
    """Whether the camera binned that image."""
    readout: tuple[int, int] | None = None
    """Its (rows, columns)."""
    total_dose: float | None = None
    """Electrons per square angstrom over the whole exposure."""
    target_defocus_um: float | None = None
    """Underfocus is positive here."""
    gain_name: str | None = None
    """Base name of the gain reference of an EER movie."""

    def frame_pixel_size_angstrom(self, rows: int, columns: int) -> float | None:
        """Return the pixel size of frames of so many rows and columns; None where they are not of the image's."""
        if self.pixel_size_angstrom is None or self.is_binned:
            return None
        if self.is_super_resolution(rows, columns):
            return self.pixel_size_angstrom / 2
        fits = self.readout is None or (rows, columns) in {self.readout, self.readout[::-1]}
        return self.pixel_size_angstrom if fits else None

    def is_super_resolution(self, rows: int, columns: int) -> bool:
        """Return whether frames have twice the rows and columns of the image."""
        return self.readout is not None and sorted((rows, columns)) == [2 * size for size in sorted(self.readout)]


def epu_path(movie: Path) -> Path:
    """Return where a movie's XML is: ``NAME.xml`` for ``NAME_Fractions.tiff`` and ``NAME_EER.eer``."""
    return movie.with_name(_ADDED.sub("", movie_stem(movie.name)) + ".xml")


def read_epu(path: Path) -> EpuMetadata:
    """Read a file.

    Raises
    ------
    FileNotFoundError
        There is none.
    MetadataUnreadable
        It cannot be read or understood, or is far too large.
    """
    with refusing(path, _unreadable), opened(path) as file:
        return epu_of(path, file)


def epu_of(path: Path, file: BinaryIO) -> EpuMetadata:
    """Read an open file; raises MetadataUnreadable as `read_epu`."""
    with refusing(path, _unreadable):
        raw = file.read(_LARGEST_BYTES + 1)
        if len(raw) > _LARGEST_BYTES:
            raise ValueError("it is too large to be metadata")
        return parse_epu(raw)


def parse_epu(raw: bytes) -> EpuMetadata:
    """Take a file apart.

    Raises
    ------
    ValueError
        It is no XML in UTF-8, or declares entities, which could be made to grow without end.
    """
    if b"<!" in raw or b"\0" in raw:  # in UTF-16, they would not be seen
        raise ValueError("it holds declarations, or is no UTF-8")
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314 - declarations are refused above
    except ElementTree.ParseError as cause:
        raise ValueError(f"it is no XML: {cause}") from cause
    custom = {_text(one, "Key"): _text(one, "Value") for one in root.iter() if _name(one).startswith("KeyValueOf")}
    voltage, dose, defocus = (
        _number(_text(root, "AccelerationVoltage")),
        _number(custom.get("Dose")),
        custom.get("AppliedDefocus"),
    )
    pixel, applied = _number(_text(_first(root, "pixelSize"), "numericValue")), _number(defocus)
    gain = next((value for key, value in custom.items() if key.endswith(".EerGainReference")), "")
    return EpuMetadata(
        voltage_kv=None if voltage is None else voltage / 1e3,
        pixel_size_angstrom=None if pixel is None else pixel * 1e10,
        is_binned=_number(_text(_first(root, "Binning"), "x")) not in {None, 1.0},
        readout=_readout(_first(root, "ReadoutArea")),
        total_dose=None if dose is None else dose / 1e20,
        target_defocus_um=None if applied is None else 0.0 - applied * 1e6,
        gain_name=PureWindowsPath(gain).name or None,
    )


def _readout(area: ElementTree.Element) -> tuple[int, int] | None:
    rows, columns = _number(_text(area, "height")), _number(_text(area, "width"))
    return None if rows is None or columns is None else (int(rows), int(columns))


def _first(root: ElementTree.Element, name: str) -> ElementTree.Element:
    """Return the first descendant of that name, an empty element where there is none."""
    return next((one for one in root.iter() if _name(one) == name), ElementTree.Element(name))


def _text(element: ElementTree.Element, name: str) -> str:
    """Return the text of the first descendant of that name, whatever its namespace."""
    return (_first(element, name).text or "").strip()


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "0")
    except ValueError:
        return None
    return number if number and math.isfinite(number) else None


def _unreadable(path: Path, why: str) -> MetadataUnreadable:
    return MetadataUnreadable(f"{path.name} cannot be read: {why}.", "Copy it again, or move it out of the raw folder.")
