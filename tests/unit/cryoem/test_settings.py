import pytest

from cloudlet.cryoem import WORKLOAD, CryoemSettings
from cloudlet.cryoem.errors import SettingsInvalid


def test_missing_settings_are_completed_with_defaults_and_completing_twice_changes_nothing() -> None:
    completed = WORKLOAD.check_settings({"gain": "/data/gain.mrc"})
    assert completed["cs_mm"] == 2.7
    assert completed["amplitude_contrast"] == 0.1
    assert completed["pixel_size_angstrom"] is None
    assert completed["gain"] == "/data/gain.mrc"
    assert WORKLOAD.check_settings(completed) == completed


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as told:
        WORKLOAD.check_settings({"pixelsize": 1.4, "voltage_kv": -200})
    assert "pixelsize" in told.value.message
    assert "voltage_kv" in told.value.message
    assert "pixel_size_angstrom" in told.value.remedy


def test_every_setting_has_a_title_and_a_reason() -> None:
    for field in CryoemSettings.model_fields.values():
        assert field.title
        assert field.description
