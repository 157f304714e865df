from pathlib import Path

import pytest

from cloudlet.cryoem import devices
from cloudlet.cryoem.devices import device_for
from cloudlet.cryoem.errors import DeviceMissing
from cloudlet.cryoem.numerics.cpu import CpuDevice
from cloudlet.cryoem.settings import checked_settings
from cloudlet.errors import CloudletError


def test_the_processor_is_the_same_device_each_time() -> None:
    assert isinstance(device_for("cpu", 2, 0), CpuDevice)
    assert device_for("cpu", 2, 0) is device_for("cpu", 2, 0)


def test_without_a_card_the_processor_is_chosen() -> None:
    if devices._DRIVER.exists():
        pytest.skip("there is a graphics card here")
    assert isinstance(device_for("auto", 1, 0), CpuDevice)


@pytest.mark.parametrize("name", ["cuda", "cuda:99"])
def test_a_card_that_is_not_there_is_reported(name: str) -> None:
    if name == "cuda" and devices._DRIVER.exists():
        pytest.skip("there is a graphics card here")
    with pytest.raises(DeviceMissing) as reported:
        device_for(name, 1, 0)
    assert name in reported.value.message
    assert "cpu" in reported.value.remedy


def test_a_card_without_torch_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "find_spec", lambda _: None)
    monkeypatch.setattr(devices, "_DRIVER", Path("/dev/null"))
    with pytest.raises(DeviceMissing, match="torch, which is not installed"):
        device_for("cuda:7", 1, 0)
    assert isinstance(device_for("auto", 3, 7), CpuDevice)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "0", "CPU"])
def test_other_words_are_refused(name: str) -> None:
    with pytest.raises(CloudletError, match="device"):
        checked_settings({"device": name})
