"""What is wrong with the workloads of a site, all of it at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloudlet.analytics import check_workloads


@dataclass(frozen=True)
class Chosen:
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def test_a_bad_setting_and_a_missing_workload_are_reported_at_once_by_instrument() -> None:
    problems = check_workloads(
        {
            "arctica": Chosen("cryoem", {"voltage_kv": -1}),
            "krios": Chosen("cryoem"),
            "titan": Chosen("no-such"),
        }
    )
    assert {key: problem.slug for key, problem in problems.items()} == {
        "arctica": "settings-invalid",
        "titan": "workload-unknown",
    }
    assert "voltage_kv" in problems["arctica"].message
    assert "cryoem" in problems["titan"].remedy


SETTINGS = """
[instruments.arctica]
title = "Arctica"
workload = { name = "cryoem", settings = { voltage_kv = -1 } }

[instruments.krios]
title = "Krios"

[instruments.titan]
title = "Titan"
workload = { name = "no-such" }
"""


def test_cloudlet_check_tells_them_all_and_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "cloudlet.toml"
    path.write_text(SETTINGS)
    command = [sys.executable, "-m", "cloudlet", "check", "--settings", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"NO_COLOR": "1", "COLUMNS": "200"})
    assert done.returncode == 2
    for reported in ("instruments.arctica.workload", "voltage_kv", "instruments.titan.workload", "'no-such'"):
        assert reported in done.stderr
    assert "krios" not in done.stderr


def test_cloudlet_check_tells_of_workloads_beside_other_settings_and_closes_with_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cloudlet.toml"
    path.write_text(f"[portal]\ncolour = 'blue'\n{SETTINGS}")
    command = [sys.executable, "-m", "cloudlet", "check", "--settings", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"NO_COLOR": "1", "COLUMNS": "200"})
    assert done.returncode == 2
    for reported in ("portal.colour", "instruments.arctica.workload", "instruments.titan.workload"):
        assert reported in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Every setting is explained")


@pytest.mark.parametrize("fault", ["import no_such_library", "1 / 0"])
def test_a_workload_that_cannot_be_imported_is_reported_with_the_others(tmp_path: Path, fault: str) -> None:
    (tmp_path / "broken_plugin.py").write_text(fault)
    registered = tmp_path / "broken_plugin-1.dist-info"
    registered.mkdir()
    (registered / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-plugin\nVersion: 1\n")
    (registered / "entry_points.txt").write_text("[cloudlet.workloads]\nbroken = broken_plugin:WORKLOAD\n")
    path = tmp_path / "cloudlet.toml"
    path.write_text(SETTINGS.replace('"no-such"', '"broken"'))
    command = [sys.executable, "-m", "cloudlet", "check", "--settings", str(path)]
    environment = {"NO_COLOR": "1", "COLUMNS": "200", "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path[1:]])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for reported in (
        "voltage_kv",
        "instruments.titan.workload",
        "'broken' cannot be loaded from broken_plugin",
    ):
        assert reported in done.stderr
