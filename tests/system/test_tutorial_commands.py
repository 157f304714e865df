"""The tutorial on the command line says nothing that does not work: every command of its shell blocks is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs/tutorials/movies-on-the-command-line.md"

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def test_every_command_of_the_tutorial_works(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", TUTORIAL.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = "set -euxo pipefail\n" + "\n".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 done, 2 failed" in done.stdout
    assert "links are not followed" in re.sub(r"\s+", " ", done.stdout)
    assert len(list((tmp_path / "raw").glob("*.tif"))) == 3
    assert len(list((tmp_path / "raw-truth").glob("*.json"))) == 3
    for product in ("*.mrc", "*.star"):
        assert len(list((tmp_path / "project/micrographs").glob(product))) >= 3
    assert (tmp_path / "project/micrographs_ctf.star").is_file()
    assert len(list((tmp_path / "project/pictures").rglob("*.*"))) >= 6
