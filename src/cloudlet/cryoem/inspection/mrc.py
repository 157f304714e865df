"""MRC files: MRC2014 (Cheng et al., J. Struct. Biol. 2015, 192:146) and how a file departs from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from cloudlet.cryoem.formats.mrc_header import MrcLayout, read_header
from cloudlet.cryoem.formats.mrc_movie import MrcMovie
from cloudlet.cryoem.formats.raw_file import size_of
from cloudlet.cryoem.formats.readers import READERS
from cloudlet.cryoem.inspection.movies import add_frames
from cloudlet.cryoem.inspection.report import Report
from cloudlet.cryoem.names import Format
from cloudlet.errors import CloudletError

__all__ = ["inspect_mrc"]

_VERSIONS = (20140, 20141)
_EXTENSIONS = {b"CCP4", b"MRCO", b"SERI", b"AGAR", b"FEI1", b"FEI2", b"HDF5"}
_LABELS = 10
_MODES = {
    0: "8 bit integers",
    1: "16 bit integers",
    2: "32 bit floats",
    3: "complex 16 bit integers",
    4: "complex 32 bit floats",
    6: "16 bit integers without sign",
    12: "16 bit floats",
    101: "4 bit integers",
}


def inspect_mrc(path: Path, file: BinaryIO) -> Report:
    """Report header and frames."""
    report = Report("MRC file")
    try:
        header = read_header(path.name, file)
        _add_header(report, header.values)
        layout, contents = header.layout(), MrcMovie(header, file)
    except CloudletError as cause:
        report.problem = f"{cause.message} {cause.remedy}"
        return report
    report.kind = "MRC image" if layout.sections == 1 else "MRC stack"
    report.add("byte order", "big-endian" if header.order == ">" else "little-endian")
    if header.compression:
        report.add("compression", header.compression)
    else:
        _compare_size(report, layout, size_of(file))
    add_frames(report, path, file, contents, READERS[Format.MRC])
    return report


def _add_header(report: Report, header: Any) -> None:
    mode = int(header["mode"])
    report.add("mode", f"{mode}, {_MODES.get(mode, 'unknown')}")
    report.depart(mode not in _MODES, f"Mode {mode} is not one of MRC2014's, nor of IMOD's.")
    report.depart(mode == 101, "Mode 101 is IMOD's, not MRC2014's.")
    report.depart(bytes(header["map"]) != b"MAP ", f"It says {bytes(header['map'])!r} where 'MAP ' should stand.")
    version = int(header["nversion"])
    report.depart(version not in _VERSIONS, f"It does not say that it is MRC2014: version {version}.")
    cell = [float(header["cella"][axis]) for axis in "xyz"]
    grid = [int(header[name]) for name in ("mx", "my", "mz")]
    report.depart(min(grid) < 1, f"The sampling of its cell is {' × '.join(map(str, grid))}.")
    report.depart(not all(0 < side < np.inf for side in cell[:2]), "Its cell has no size: the pixel size is not known.")
    if min(grid) > 0 and 0 < cell[0] < np.inf:
        report.add("pixel size by the cell", f"{cell[0] / grid[0]:.5g} Å")
    axes = sorted(int(header[name]) for name in ("mapc", "mapr", "maps"))
    report.depart(axes != [1, 2, 3], f"Its axes are {axes}, not 1, 2 and 3.")
    report.depart(int(header["ispg"]) not in {0, 1, 401}, f"Its space group is {int(header['ispg'])}.")
    labels = int(header["nlabl"])
    report.depart(not 0 <= labels <= _LABELS, f"It claims {labels} labels; there are at most {_LABELS}.")
    for label in header["label"][: min(max(labels, 0), _LABELS)]:
        report.add("label", bytes(label).split(b"\0")[0].decode("latin-1").strip())
    extension, size = bytes(header["exttyp"]), int(header["nsymbt"])
    if size:
        report.add("extended header", f"{size:,} bytes of {extension.decode('latin-1').strip() or 'no type'}")
        report.depart(extension not in _EXTENSIONS, "It does not say of what type its extended header is.")
    low, high = float(header["dmin"]), float(header["dmax"])
    report.add("lowest and highest by the header", "not determined" if low > high else f"{low:g} to {high:g}")


def _compare_size(report: Report, layout: MrcLayout, size: int) -> None:
    expected = layout.first + layout.sections * layout.section_bytes
    report.depart(size > expected, f"It is {size - expected:,} bytes longer than its header says.")
    report.depart(size < expected, f"It is {expected - size:,} bytes shorter than its header says.")
