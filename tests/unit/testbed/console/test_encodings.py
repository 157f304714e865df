from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from pydantic import SecretStr

from cloudlet.testbed.console import encodings, vnc_password
from cloudlet.testbed.console.pixel_format import NATIVE, PixelFormat

Picture = NDArray[np.uint8]
pictures = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(lambda size: arrays(np.uint8, (*size, 3)))

FORMATS = {
    "native": NATIVE,
    "red lowest": PixelFormat(shifts=(0, 8, 16)),
    "big endian": PixelFormat(is_big_endian=True),
    "565": PixelFormat(16, 16, maxima=(31, 63, 31), shifts=(11, 5, 0)),
    "233": PixelFormat(8, 8, maxima=(7, 7, 3), shifts=(0, 3, 6)),
}


def length(data: bytes) -> tuple[int, bytes]:
    """Read Tight's compact length as RFC 6143's successor, the RFB community wiki, defines it."""
    total = 0
    for index in range(3):
        total |= (data[index] & (0x7F if index < 2 else 0xFF)) << 7 * index
        if index == 2 or data[index] < 0x80:
            return total, data[index + 1 :]
    raise AssertionError


def tight_pixels(data: bytes, picture: Picture) -> bytes:
    """Decode fill and basic rectangles into the pixels' bytes."""
    height, width, _ = picture.shape
    if data[0] == 0x80:
        return data[1:] * (height * width)
    assert data[0] == 1
    if height * width * 3 < 12:
        return data[1:]
    size, packed = length(data[1:])
    assert size == len(packed)
    return zlib.decompressobj().decompress(packed)


@pytest.mark.parametrize("name", FORMATS)
def test_a_pixel_format_is_read_as_it_was_written(name: str) -> None:
    assert PixelFormat.parse(FORMATS[name].to_bytes()) == FORMATS[name]


@pytest.mark.parametrize("name", FORMATS)
@given(picture=pictures)
def test_raw_pixels_hold_each_colour_where_the_format_says(name: str, picture: Picture) -> None:
    wanted = FORMATS[name]
    order = ">" if wanted.is_big_endian else "<"
    numbers = np.frombuffer(encodings.raw(picture, wanted), f"{order}u{wanted.bits // 8}").reshape(picture.shape[:2])
    for channel, (most, shift) in enumerate(zip(wanted.maxima, wanted.shifts, strict=True)):
        assert (((numbers >> shift) & most) == picture[..., channel].astype(int) * most // 255).all()


@given(pictures)
def test_tight_gives_every_pixel_back(picture: Picture) -> None:
    assert tight_pixels(encodings.tight(picture, NATIVE), picture) == picture.tobytes()


@given(arrays(np.uint8, (3,)), st.integers(1, 9), st.integers(1, 9))
def test_one_colour_takes_four_bytes(colour: Picture, height: int, width: int) -> None:
    picture = np.broadcast_to(colour, (height, width, 3))
    assert encodings.tight(picture, NATIVE) == b"\x80" + colour.tobytes()


def test_long_rectangles_carry_three_bytes_of_length() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 90, 3), np.uint8)
    assert tight_pixels(encodings.tight(noise, NATIVE), noise) == noise.tobytes()


def test_tight_follows_odd_pixel_formats() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (7, 9, 3), np.uint8)
    data = encodings.tight(picture, FORMATS["565"])
    size, packed = length(data[1:])
    assert size == len(packed)
    assert zlib.decompressobj().decompress(packed) == FORMATS["565"].pack(picture)


def test_a_jpeg_looks_like_its_picture() -> None:
    ramp = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    data = encodings.jpeg(ramp, 90)
    size, body = length(data[1:])
    assert (data[0], size) == (0x90, len(body))
    seen = np.asarray(Image.open(io.BytesIO(body)))
    assert np.abs(seen.astype(int) - ramp).max() < 12


@pytest.mark.parametrize(
    ("numbers", "percent"), [((7, -32), 30), ((7, -26), 72), ((-23, 7), 93), ((7, -22, -33), None)]
)
def test_the_quality_is_the_one_that_was_asked_for(numbers: tuple[int, ...], percent: int | None) -> None:
    assert encodings.jpeg_percent(numbers) == percent


def test_the_pointer_has_a_mask_of_whole_bytes() -> None:
    data = encodings.cursor(NATIVE)
    x, y, width, height, number = struct.unpack(">HHHHi", data[:12])
    assert (x, y, number) == (0, 0, -239)
    assert len(data) == 12 + width * height * 4 + (width + 7) // 8 * height


def test_the_password_turns_into_des_with_mirrored_bytes() -> None:
    # the known answer of DES: key 133457799BBCDFF1, plain text 0123456789ABCDEF, cipher 85E813540F0AB405
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in bytes.fromhex("133457799BBCDFF1"))
    challenge = bytes.fromhex("0123456789ABCDEF") * 2
    response = vnc_password.answer(challenge, SecretStr(key.decode("latin-1")))
    assert response == bytes.fromhex("85E813540F0AB405") * 2


def test_only_the_right_answer_is_right() -> None:
    challenge, password = vnc_password.new_challenge(), SecretStr("low dose")
    assert vnc_password.is_right(challenge, vnc_password.answer(challenge, password), password)
    assert not vnc_password.is_right(challenge, vnc_password.answer(challenge, SecretStr("low dosf")), password)
    assert not vnc_password.is_right(challenge, bytes(16), password)


def test_eight_characters_of_a_password_count() -> None:
    challenge = vnc_password.new_challenge()
    long, short = SecretStr("low dose and more"), SecretStr("low dose")
    assert vnc_password.answer(challenge, long) == vnc_password.answer(challenge, short)
