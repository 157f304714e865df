"""The settings of the testbed's process, as a JSON file that the demo writes."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from cloudlet.testbed.microscope import MicroscopeSettings

__all__ = ["ProviderFile", "TestbedSettings"]


class ProviderFile(BaseModel):
    """The embedded identity provider, with its secrets in files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance: str
    issuer: str
    base_url: str
    portal_url: str
    client_id: str
    client_secret_file: Path
    redirect_uri: str
    link_secret_file: Path


class TestbedSettings(BaseModel):
    """The settings of this process, as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: ProviderFile
    microscope: MicroscopeSettings
