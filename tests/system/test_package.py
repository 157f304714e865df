"""Wheel and source distribution carry the browser's part, and there is none without it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
STATIC = "src/cloudlet/portal/static"
UNNEEDED = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "node_modules", "build", "dist")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what a release is built from, with the bundle that is there."""
    return Path(shutil.copytree(ROOT, tmp_path / "tree", ignore=UNNEEDED))


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Make the one folder on the PATH of every build here: empty, and so without npm."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def build(target: str, tree: Path, programs: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", "dist"]
    environment = {**os.environ, "PATH": str(programs)}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def built(target: str, tree: Path, programs: Path) -> Path:
    done = build(target, tree, programs)
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = (tree / "dist").iterdir()
    return package


@pytest.mark.skipif(
    not (ROOT / STATIC / "manifest.json").is_file(),
    reason="needs the bundle; `npm run build` in frontend/ makes it",
)
def test_sdist_and_the_wheel_built_from_it_without_npm_carry_the_whole_bundle(
    tree: Path, programs: Path, tmp_path: Path
) -> None:
    manifest = json.loads((tree / STATIC / "manifest.json").read_text())
    bundle = {"manifest.json", *manifest.values()}
    with tarfile.open(built("sdist", tree, programs)) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert bundle <= {path.name for path in (source / STATIC).iterdir()}
    assert not (source / "frontend/node_modules").exists()

    with zipfile.ZipFile(built("wheel", source, programs)) as wheel:
        names = set(wheel.namelist())
        assert json.loads(wheel.read("cloudlet/portal/static/manifest.json")) == manifest
    assert {f"cloudlet/portal/static/{name}" for name in bundle} <= names


@pytest.mark.parametrize(
    ("npm", "sentence"),
    [
        (None, "Building the pages needs Node.js 20 or newer with npm. Install it and build again."),
        ("exit 1", "ci failed in"),
        ("exit 0", "The browser's bundle is incomplete:"),
    ],
)
@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_nothing_is_built_without_the_bundle(
    tree: Path, programs: Path, target: str, npm: str | None, sentence: str
) -> None:
    shutil.rmtree(tree / STATIC, ignore_errors=True)
    if npm is not None:
        program = programs / "npm"
        program.write_text(f"#!/bin/sh\n{npm}\n")
        program.chmod(0o755)
    done = build(target, tree, programs)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert not list(tree.glob("dist/*"))
