"""Names of movies are whatever a camera or somebody else wrote: what commands print of them steers no terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from cloudlet.cryoem.inspection.printing import print_reports
from cloudlet.cryoem.preview import print_preview

NAME = "evil\x1b[31m\u202efit\n.tif"
SHOWN = r"evil\u001b[31m\u202efit\u000a.tif"


def preview(console: Console, file: Path) -> None:
    print_preview(console, file.parent, {})


def inspect(console: Console, file: Path) -> None:
    print_reports(console, [file], as_json=False)


@pytest.mark.parametrize("command", [preview, inspect])
def test_controls_in_a_name_are_shown_by_their_numbers(
    tmp_path: Path, command: Callable[[Console, Path], None]
) -> None:
    (tmp_path / NAME).write_bytes(b"no movie")
    printed = io.StringIO()
    command(Console(file=printed, width=400), tmp_path / NAME)
    assert SHOWN in printed.getvalue()
    assert not {"\x1b", "\u202e"} & set(printed.getvalue())


def test_programs_get_the_name_as_it_is(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"no movie")
    printed = io.StringIO()
    print_reports(Console(file=printed), [tmp_path / NAME], as_json=True)
    assert r"evil\u001b[31m\u202efit\n.tif" in printed.getvalue()
