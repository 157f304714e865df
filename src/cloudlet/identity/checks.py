"""What `cloudlet check` asks of this component: whether client secrets can be read, and by nobody else."""

from __future__ import annotations

from collections.abc import Mapping

from cloudlet.identity.settings import IdentityProviderSettings
from cloudlet.named_files import FileUnusable, read_secret

__all__ = ["check_providers"]


def check_providers(providers: Mapping[str, IdentityProviderSettings]) -> dict[str, FileUnusable]:
    """Return why client secrets cannot be used, by the provider's key; empty where all can."""
    problems = {}
    for key, provider in providers.items():
        try:
            read_secret(provider.client_secret_file)
        except FileUnusable as problem:
            problems[key] = problem
    return problems
