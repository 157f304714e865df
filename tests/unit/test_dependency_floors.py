"""Every direct dependency has an oldest version, which the page for operators states and the tested version reaches."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/operations/dependencies.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENTS = [
    *PROJECT["dependencies"],
    *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
]
ROW = re.compile(r"^\| ([a-z0-9-]+) \| ([0-9.]+) \| (.*\S) \|$", re.MULTILINE)


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ;]", requirement, maxsplit=1)[0]


def floor_of(requirement: str) -> str:
    found = re.search(r">=([0-9.]+)", requirement)
    assert found, f"{requirement} has no floor"
    return found[1]


def numbers(version: str) -> tuple[int, ...]:
    """1.8 and 1.8.0 are the same version."""
    return tuple(int(part) for part in re.sub(r"(\.0)+$", "", version).split("."))


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=name_of)
def test_floor_of_each_dependency_is_on_the_page_with_its_reason(requirement: str) -> None:
    rows = {name: floor for name, floor, _ in ROW.findall(PAGE.read_text("utf-8"))}
    assert rows.get(name_of(requirement)) == floor_of(requirement), f"see {PAGE.relative_to(ROOT)}"


def test_page_names_no_dependency_that_is_gone() -> None:
    named = [name for name, _, _ in ROW.findall(PAGE.read_text("utf-8"))]
    assert named == sorted(map(name_of, REQUIREMENTS))


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=name_of)
def test_version_that_is_tested_reaches_the_floor(requirement: str) -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    pinned = {name.lower().replace("_", "-"): version for name, version in (line.split("==") for line in lines)}
    assert numbers(pinned[name_of(requirement)]) >= numbers(floor_of(requirement))
