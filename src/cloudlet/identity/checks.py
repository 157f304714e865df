"""What `cloudlet check` asks of this component: whether client secrets can be read, and by nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlet.identity.settings import IdentityProviderSettings
from cloudlet.named_files import FileUnusable, unusable_secrets

__all__ = ["check_providers"]


def check_providers(providers: Mapping[str, IdentityProviderSettings]) -> dict[str, FileUnusable]:
    """Return why client secrets cannot be used, by the provider's key; empty where all can."""
    return unusable_secrets({key: provider.client_secret_file for key, provider in providers.items()})
