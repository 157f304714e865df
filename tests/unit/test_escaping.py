"""What is hidden in a text shows; what is written in it stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudlet.escaping import escape_controls

BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C]
OTHERS = [*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x2028, 0x2029, 0x2060, 0xFEFF, 0xD800, 0xDFFF]


@pytest.mark.parametrize("code", [*BIDI, *OTHERS])
def test_control_shows_its_number(code: int) -> None:
    assert escape_controls(f"a{chr(code)}b") == f"a\\u{code:04x}b"


def test_control_beyond_the_first_plane_shows_all_of_its_number() -> None:
    assert escape_controls("a\U000e0041b") == "a\\U000e0041b"


@pytest.mark.parametrize(
    "name",
    [
        "Grid 4 – Æther_0001.tif",
        "Zoë Ångström",
        "דנה כהן",
        "سارة",
        "می\u200cخواهم",
        "क्\u200dष",
        "李小龍",
        "🔬",
        "a\u00a0b",
    ],
)
def test_name_of_any_script_stays_as_it_is(name: str) -> None:
    assert escape_controls(name) == name


def test_what_is_to_be_kept_is_kept() -> None:
    assert escape_controls("- one\n- two\x1b", keep="\n") == "- one\n- two\\u001b"


@given(st.text())
def test_escaped_text_is_one_line_that_can_be_sent_and_has_nothing_left_to_escape(text: str) -> None:
    escaped = escape_controls(text)
    escaped.encode()
    assert len(escaped.splitlines()) <= 1
    assert escape_controls(escaped) == escaped
