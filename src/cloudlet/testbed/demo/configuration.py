"""The demo's settings, written as the same files that a site would write."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cloudlet.testbed.demo.folder import HOST, Addresses, DemoFolder
from cloudlet.testbed.demo.seed import INSTRUMENT
from cloudlet.testbed.settings import TestbedSettings

__all__ = ["Configuration", "write_configuration"]

PROVIDER = "demo"
CLIENT = "cloudlet-portal"


@dataclass(frozen=True)
class Configuration:
    """What the rest of the demo needs to know of what was written."""

    link: str
    """The one link that is printed; carries the demo's secret."""
    issuer: str


def write_configuration(
    folder: DemoFolder, addresses: Addresses, *, cadence_seconds: float, planned_movies: int
) -> Configuration:
    """Write ``cloudlet.toml`` and ``testbed.json`` for this start.

    The issuer is remembered from the first start, whatever port the provider is served on now: an identity is
    the pair of issuer and subject, and people must stay who they are.
    """
    instance = folder.remember("instance", secrets.token_hex(6))
    issuer = folder.remember("issuer", f"{addresses.provider_url}/{instance}")
    client_secret = folder.secret("client-secret")
    password = folder.secret("console-password", length=8)
    link_secret = folder.secret("link", is_fresh=True)
    folder.settings.write_text(_toml(folder, addresses, issuer, client_secret, password), "utf-8")
    testbed = TestbedSettings.model_validate(
        {
            "provider": {
                "instance": instance,
                "issuer": issuer,
                "base_url": addresses.provider_url,
                "portal_url": addresses.portal_url,
                "client_id": CLIENT,
                "client_secret_file": client_secret,
                "redirect_uri": f"{addresses.portal_url}/sign-in/callback/{PROVIDER}",
                "link_secret_file": link_secret,
            },
            "microscope": {
                "name": "Simulated Talos Arctica",
                "raw_folder": folder.raw,
                "truth_folder": folder.truth,
                "cadence_seconds": cadence_seconds,
                "planned_movies": planned_movies,
                "password_file": password,
            },
        }
    )
    folder.testbed.write_text(testbed.model_dump_json(indent=1), "utf-8")
    return Configuration(f"{addresses.provider_url}/enter/{link_secret.read_text()}", issuer)


def _toml(
    folder: DemoFolder,
    addresses: Addresses,
    issuer: str,
    client_secret: Path,
    password: Path,
) -> str:
    tables: dict[str, dict[str, object]] = {
        "database": {"url": f"sqlite:///{folder.database}"},
        "web": {"base_url": addresses.portal_url},
        "access": {"gateway_url": f"ws://{HOST}:{addresses.gateway}", "origins": [addresses.portal_url]},
        f"identity.providers.{PROVIDER}": {
            "title": "Demo people",
            "issuer": issuer,
            "discovery_url": f"{addresses.provider_url}/.well-known/openid-configuration",
            "client_id": CLIENT,
            "client_secret_file": str(client_secret),
        },
        f"instruments.{INSTRUMENT}": {
            "title": "Talos Arctica",
            "description": "A simulated 200 kV microscope with a 1,024 × 1,024 counting camera.",
        },
        f"instruments.{INSTRUMENT}.console": {
            "host": HOST,
            "port": addresses.console,
            "password_file": str(password),
        },
        f"instruments.{INSTRUMENT}.workload": {"name": "cryoem"},
        f"instruments.{INSTRUMENT}.workload.settings": {"cs_mm": 2.7, "amplitude_contrast": 0.1},
    }
    # A JSON string, number or list of strings is also a TOML one.
    sections = (
        "\n".join([f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())])
        for name, table in tables.items()
    )
    return "# Written at every start of the demo.\n\n" + "\n\n".join(sections) + "\n"
