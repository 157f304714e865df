"""Movies as they should not be, each with what is to be said of it; written afresh where they are wanted.

``python -m tests.data.bad.corpus FOLDER`` writes them all.
"""

from __future__ import annotations

import gzip
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import mrcfile
import numpy as np
import tifffile
from benchmarks.simulator.eer import encode_events, write_eer
from numpy.typing import NDArray

__all__ = ["FINE", "write_corpus"]

FINE = ""
"""Said of a movie that is odd, but can be measured."""

SIDE = 288
BOMB_BYTES = 1 << 30

Frames = NDArray[np.generic]
Written = dict[str, str]
"""Name of a movie to what its sentence holds."""


def write_corpus(folder: Path) -> Written:
    """Write everything into a folder that is there, and return what is to be said of each movie."""
    reported: Written = {}
    for write in (_tiffs, _bombs, _mrcs, _floats, _gains, _counts, _sizes, _eers, _metadata, _names):
        reported |= dict(write(folder))
    return reported


def _frames(count: int = 3, side: int = SIDE, rate: float = 20.0, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).poisson(rate, (count, side, side)).astype(np.uint8)


def _tiff(path: Path, frames: Frames, compression: str | None = "lzw", rows: int | None = None) -> Path:
    with tifffile.TiffWriter(path) as tiff:
        for frame in frames:
            tiff.write(frame, photometric="minisblack", compression=compression, rowsperstrip=rows, metadata=None)
    return path


def _patch(path: Path, tag: str, value: int, page: int = 0) -> None:
    """Write another value over a tag's first one."""
    with tifffile.TiffFile(path) as tiff:
        found = tiff.pages[page].tags[tag]
        place, kind = found.valueoffset, "<H" if found.dtype == 3 else "<I"
    raw = bytearray(path.read_bytes())
    raw[place : place + struct.calcsize(kind)] = struct.pack(kind, value)
    path.write_bytes(raw)


def _tiffs(folder: Path) -> Iterator[tuple[str, str]]:
    def made(name: str, **how: int) -> Path:
        return _tiff(folder / name, _frames(), **how)  # type: ignore[arg-type]

    path = made("cut-strip.tif")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    yield path.name, "ends"
    for name, tag, value, why in (
        ("strip-too-long.tif", "StripByteCounts", 1 << 30, "ends"),
        ("strip-too-short.tif", "StripByteCounts", 100, "cannot be decoded"),
        ("strip-of-nothing.tif", "StripByteCounts", 0, "cannot be decoded"),
        ("strip-elsewhere.tif", "StripOffsets", 10, "cannot be decoded"),
        ("height-too-large.tif", "ImageLength", 20_000, "differs in size"),
        ("width-too-large.tif", "ImageWidth", 20_000, "differs in size"),
        ("no-width.tif", "ImageWidth", 0, "differs in size|pixels"),
        ("no-rows-a-strip.tif", "RowsPerStrip", 0, "cannot be decoded"),
        ("unknown-compression.tif", "Compression", 31_337, "is compressed as 31337"),
        ("other-bits.tif", "BitsPerSample", 16, "differs in size|cannot be decoded"),
    ):
        _patch(made(name), tag, value)
        yield name, why
    path = made("wrong-endian.tif")
    path.write_bytes(b"MM\0*" + path.read_bytes()[4:])
    yield path.name, "ends before its first frame|more pages"
    path = made("garbage.tif", rows=32)
    raw = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        first, size = tiff.pages[1].dataoffsets[3], tiff.pages[1].databytecounts[3]
    raw[first : first + size] = np.random.default_rng(0).bytes(size)
    path.write_bytes(raw)
    yield path.name, "Frame 2 of garbage.tif cannot be decoded"
    path = made("loop.tif")
    raw = bytearray(path.read_bytes())
    (start,) = struct.unpack("<I", raw[4:8])
    (tags,) = struct.unpack("<H", raw[start : start + 2])
    raw[start + 2 + 12 * tags : start + 6 + 12 * tags] = struct.pack("<I", start)
    path.write_bytes(raw)
    yield path.name, "more pages or strips"
    with tifffile.TiffWriter(folder / "pages-differ.tif") as tiff:
        for side in (SIDE, SIDE, SIDE - 8):
            tiff.write(_frames(1, side)[0], metadata=None)
    yield "pages-differ.tif", "Frame 3 of pages-differ.tif differs"
    tifffile.imwrite(folder / "colours.tif", np.zeros((SIDE, SIDE, 3), np.uint8), photometric="rgb")
    yield "colours.tif", "not grey counts"
    (folder / "text.tif").write_text("These are the shifts of yesterday.\n")
    yield "text.tif", "is called a TIFF file but is none"
    (folder / "empty.tif").touch()
    yield "empty.tif", "is empty"
    (folder / "no-pages.tif").write_bytes(b"II*\0\0\0\0\0")
    yield "no-pages.tif", "ends before its first frame"


def _bombs(folder: Path) -> Iterator[tuple[str, str]]:
    """Strips that would expand to gigabytes, where the page announces 80 kilobytes."""
    squeezed = {
        "bomb-lzw.tif": (5, imagecodecs.lzw_encode(bytes(64 << 20))),
        "bomb-deflate.tif": (8, _deflated(BOMB_BYTES)),
        "bomb-zstd.tif": (50_000, imagecodecs.zstd_encode(bytes(BOMB_BYTES // 3))),
    }
    for name, (compression, strip) in squeezed.items():
        path = _tiff(folder / name, _frames(2), compression=None)
        raw = bytearray(path.read_bytes())
        place = len(raw)
        path.write_bytes(raw + strip)
        for page in range(2):
            _patch(path, "Compression", compression, page)
            _patch(path, "StripOffsets", place, page)
            _patch(path, "StripByteCounts", len(strip), page)
        yield name, "empty|cannot be decoded"
    mrcfile.write(folder / "bomb.mrc", _frames(2).astype(np.int16))
    raw = (folder / "bomb.mrc").read_bytes()
    (folder / "bomb.mrc").unlink()
    with gzip.open(folder / "bomb.mrc.gz", "wb", compresslevel=1) as file:
        file.write(raw)
        for _ in range(BOMB_BYTES >> 24):
            file.write(bytes(1 << 24))
    yield "bomb.mrc.gz", FINE


def _deflated(size: int) -> bytes:
    squeeze, piece = zlib.compressobj(1), bytes(1 << 24)
    return b"".join(squeeze.compress(piece) for _ in range(size >> 24)) + squeeze.flush()


def _mrcs(folder: Path) -> Iterator[tuple[str, str]]:
    for name, place, value, why in (
        ("no-sections.mrc", 8, 0, "holds no movie"),
        ("sections-below-zero.mrc", 8, -4, "holds no movie"),
        ("too-many-sections.mrc", 8, 1 << 20, "ends in the middle of frame"),
        ("too-wide.mrc", 0, 2**31 - 1, "ends in the middle of frame|single frame|claim"),
        ("complex.mrc", 12, 4, "of mode 4"),
        ("long-extension.mrc", 92, 2**31 - 1, "ends in the middle of frame"),
        ("extension-below-zero.mrc", 92, -1024, "holds no movie"),
    ):
        mrcfile.write(folder / name, _frames().astype(np.int16))
        raw = bytearray((folder / name).read_bytes())
        raw[place : place + 4] = struct.pack("<i", value)
        (folder / name).write_bytes(raw)
        yield name, why
    mrcfile.write(folder / "cut-gzip.mrc", _frames().astype(np.int16))
    whole = gzip.compress((folder / "cut-gzip.mrc").read_bytes())
    (folder / "cut-gzip.mrc").unlink()
    (folder / "cut-gzip.mrc.gz").write_bytes(whole[: len(whole) // 2])
    yield "cut-gzip.mrc.gz", "ends in the middle of frame|damaged"
    (folder / "noise.mrc").write_bytes(np.random.default_rng(1).bytes(100_000))
    yield "noise.mrc", "is called an MRC file but is none"


def _floats(folder: Path) -> Iterator[tuple[str, str]]:
    for name, value, why in (
        ("not-a-number.tif", np.nan, "no numbers"),
        ("infinite.tif", np.inf, "no numbers"),
        ("minus-infinite.tif", -np.inf, "no numbers"),
        ("overflowing.tif", 3e38, "no numbers|larger"),
    ):
        frames = _frames().astype(np.float32)
        frames[1, 100, 50:60] = value
        if name == "overflowing.tif":
            frames[:, 100, 50:60] = value
        _tiff(folder / name, frames, compression="deflate")
        yield name, why


def _gains(folder: Path) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng(5)
    pattern = rng.normal(1, 0.1, (SIDE, SIDE)).clip(0.5, 2)
    counts = rng.poisson(40 / pattern, (6, SIDE, SIDE)).astype(np.uint8)
    other = rng.normal(1, 0.1, (SIDE, SIDE)).clip(0.5, 2)
    spoilt = pattern.copy()
    spoilt[3, 4] = np.nan
    for name, frames, gain, why in (
        ("pattern-of-another-session.tif", counts, other, "another session's"),
        ("pattern-of-another-size.tif", counts, pattern[:200], "288 × 200 pixels, the frames are 288 × 288"),
        ("pattern-not-a-number.tif", counts, spoilt, "no numbers"),
        ("pattern-of-zero.tif", counts, np.zeros_like(pattern), "all 0"),
        ("corrected-already.tif", rng.poisson(40, counts.shape).astype(np.uint8), pattern, "gain-corrected already"),
        ("pattern-missing.tif", counts, None, "is not in"),
        ("pattern-turned.tif", counts, np.rot90(pattern), FINE),
    ):
        _tiff(folder / name, frames)
        reference = f"Ref_{Path(name).stem}.tif"
        if gain is not None:
            tifffile.imwrite(folder / reference, gain.astype(np.float32)[::-1])
        _mdoc(folder, name, f"GainReference = {reference}")
        yield name, why


def _counts(folder: Path) -> Iterator[tuple[str, str]]:
    frames = _frames(5)
    frames[2] = 0
    _tiff(folder / "dead-frame.tif", frames)
    yield "dead-frame.tif", FINE
    _tiff(folder / "all-zero.tif", np.zeros_like(frames))
    yield "all-zero.tif", "are empty"
    frames[1:] = 0
    _tiff(folder / "all-but-one-zero.tif", frames)
    yield "all-but-one-zero.tif", "Fewer than two frames"
    _tiff(folder / "all-alike.tif", np.full((4, SIDE, SIDE), 65_535, np.uint16))
    yield "all-alike.tif", FINE
    _tiff(folder / "below-zero.tif", -_frames().astype(np.int16))
    yield "below-zero.tif", "Fewer than two frames|negative|below"


def _sizes(folder: Path) -> Iterator[tuple[str, str]]:
    _tiff(folder / "one-frame.tif", _frames(1))
    yield "one-frame.tif", "a single frame"
    _tiff(folder / "64-pixels.tif", _frames(4, 64))
    yield "64-pixels.tif", "too small to be measured"
    _tiff(folder / "2000-frames.tif", _frames(2000, 256, 1.0))
    yield "2000-frames.tif", "holds 2000 frames; at most 1000"
    _tiff(folder / "200-frames.tif", _frames(200, 256, 1.0))
    yield "200-frames.tif", FINE
    wide = np.random.default_rng(0).poisson(3, (2, 512, 16_384)).astype(np.uint8)
    _tiff(folder / "16k-wide.tif", wide)
    yield "16k-wide.tif", FINE


def _eers(folder: Path) -> Iterator[tuple[str, str]]:
    total = 512 * 512
    rng = np.random.default_rng(2)

    def coded(count: int) -> bytes:
        pixels = np.sort(rng.choice(total, count, replace=False))
        return encode_events(pixels, rng.integers(0, 16, count), total)

    good = [coded(20_000) for _ in range(8)]
    for name, frames, why in (
        ("events-missing.eer", [good[0][: len(good[0]) // 2], *good[1:]], "Raw frame 1 .* cannot be decoded"),
        ("events-random.eer", [*good[:7], rng.bytes(len(good[7]))], "Raw frame 8 .* cannot be decoded|^$"),
        ("no-events.eer", [coded(0)] * 8, "are empty"),
        ("frames-of-nothing.eer", [b"\0\0"] * 8, "cannot be decoded"),
    ):
        write_eer(folder / name, frames, (512, 512))
        yield name, why
    write_eer(folder / "cut.eer", good, (512, 512))
    raw = (folder / "cut.eer").read_bytes()
    (folder / "cut.eer").write_bytes(raw[: len(raw) * 2 // 3])
    yield "cut.eer", "ends"
    _tiff(folder / "frames-called.eer", _frames())
    yield "frames-called.eer", "holds no electron events"


def _mdoc(folder: Path, movie: str, *lines: str) -> None:
    text = ["T = SerialEM: A microscope", "", "[FrameSet = 0]", f"SubFramePath = X:\\frames\\{movie}", *lines]
    (folder / f"{movie}.mdoc").write_text("\n".join(text) + "\n")


def _metadata(folder: Path) -> Iterator[tuple[str, str]]:
    cases: dict[str, tuple[Callable[[Path], object], str]] = {
        "fewer-than-announced.tif": (
            lambda path: _mdoc(folder, path.name, "NumSubFrames = 9"),
            "holds 3 of the 9 frames",
        ),
        "mdoc-of-noise.tif": (
            lambda path: path.with_name(path.name + ".mdoc").write_bytes(np.random.default_rng(0).bytes(5000)),
            FINE,
        ),
        "mdoc-of-large-numbers.tif": (
            lambda path: _mdoc(
                folder, path.name, "FrameDosesAndNumber = 1e300 3", "Voltage = inf", "TargetDefocus = nan"
            ),
            "which is no number",
        ),
        "mdoc-without-end.tif": (
            lambda path: path.with_name(path.name + ".mdoc").write_bytes(b"a" * (5 << 20)),
            "too large to be metadata",
        ),
        "entities.tif": (
            lambda path: path.with_name("entities.xml").write_text(
                '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
            ),
            "it holds declarations",
        ),
        "broken-xml.tif": (lambda path: path.with_name("broken-xml.xml").write_text("<a><b></a>"), "it is no XML"),
        "list-of-another-camera.tif": (
            lambda path: (
                _mdoc(folder, path.name, "DefectFile = defects_other.txt"),
                path.with_name("defects_other.txt").write_text("CameraSizeX 100\nCameraSizeY 100\n"),
            ),
            "it is for 100 × 100 pixels",
        ),
    }
    for name, (spoil, why) in cases.items():
        spoil(_tiff(folder / name, _frames()))
        yield name, why


def _names(folder: Path) -> Iterator[tuple[str, str]]:
    for name in ("-rf.tif", "[bold]x.tif", "two words.tif", "line\nbreak.tif", "ümläut.tif", "%s{0}.tif"):
        _tiff(folder / name, _frames(2))
        yield name, FINE


if __name__ == "__main__":
    chosen = Path(sys.argv[1])
    chosen.mkdir(parents=True, exist_ok=True)
    for movie, sentence in write_corpus(chosen).items():
        sys.stdout.write(f"{movie!r}: {sentence or 'can be measured'}\n")
