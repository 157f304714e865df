import pytest

from cloudlet.cryoem import WORKLOAD, CryoemSettings
from cloudlet.errors import SettingsInvalid


def test_missing_settings_are_completed_with_defaults_and_completing_twice_changes_nothing() -> None:
    completed = WORKLOAD.check_settings({"gain": "/data/gain.mrc"})
    assert completed["cs_mm"] == 2.7
    assert completed["amplitude_contrast"] == 0.1
    assert completed["pixel_size_angstrom"] is None
    assert completed["gain"] == "/data/gain.mrc"
    assert WORKLOAD.check_settings(completed) == completed


def test_everything_wrong_is_reported_at_once() -> None:
    with pytest.raises(SettingsInvalid) as reported:
        WORKLOAD.check_settings({"pixelsize": 1.4, "voltage_kv": -200})
    assert "pixelsize: there is no such setting; did you mean pixel_size_angstrom?" in reported.value.message
    assert "voltage_kv: it must be at least 60." in reported.value.message
    assert "pixel_size_angstrom" in reported.value.remedy


def test_a_value_of_the_wrong_kind_is_reported_in_our_words() -> None:
    with pytest.raises(SettingsInvalid) as reported:
        WORKLOAD.check_settings({"binning": "abc", "motion_program": "other", "device": "gpu"})
    assert str(reported.value) == (
        "These settings cannot be used: binning: it must be a whole number. motion_program: it must be 'own' or "
        "'relion'. device: it must be auto, cpu, cuda, or cuda:N for the card of that number."
    )


def test_every_setting_has_a_title_and_a_reason() -> None:
    for field in CryoemSettings.model_fields.values():
        assert field.title
        assert field.description
