"""Text from elsewhere, written so that it shows what is in it.

Names come from identity providers, cameras and people. A character that turns the direction of the text makes
"exe.tiff" of "ffit.exe"; a line feed in a log makes two records of one; an escape sequence paints a terminal. So
control and format characters are shown by their numbers. Letters of every script stay as they are, and so do the two
joiners, without which Persian and many scripts of India cannot be written.
"""

from __future__ import annotations

from unicodedata import category

__all__ = ["escape_controls"]

SHOWN_BY_NUMBER = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode's classes of controls, format characters, halves of pairs, and separators of lines and paragraphs."""
JOINERS = {"\u200c", "\u200d"}


def escape_controls(text: str, *, keep: str = "") -> str:
    r"""Return `text` with its controls written as ``\u202e`` is here, but for those in `keep`."""
    if text.isprintable():
        return text
    return "".join(sign if sign in keep or _is_shown(sign) else _number(sign) for sign in text)


def _is_shown(sign: str) -> bool:
    return sign in JOINERS or category(sign) not in SHOWN_BY_NUMBER


def _number(sign: str) -> str:
    code = ord(sign)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
