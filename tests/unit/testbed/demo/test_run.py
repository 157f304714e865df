"""What of its surroundings a demo takes on."""

from __future__ import annotations

import os

import pytest

from cloudlet.testbed.demo import run


def test_a_site_s_environment_does_not_lead_a_demo_to_the_site_s_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"CLOUDLET_DATABASE__URL": "postgresql://site", "HOME": "/home/ada"})
    run._forget_settings_of_others()
    assert dict(os.environ) == {"HOME": "/home/ada"}
