"""What all tests share: leaving out, in words, what this machine cannot run."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from tests.postgresql import program

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")  # machines are shared: an example may take long without being wrong


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out tests whose programs are missing, unless nothing may be left out."""
    if os.environ.get("CLOUDLET_TESTS_COMPLETE"):
        return
    for item in items:
        for mark in item.iter_markers("needs"):
            missing = [name for name in mark.args if program(name) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}; `make packages` installs it"))
