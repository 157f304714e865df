"""The demonstration's own identity provider: real OpenID Connect, people without passwords, loopback only.

It keeps nothing but what it is given and what happens between two clicks. Nobody signs in without the secret
in the link that ``cloudlet demo`` printed: the link sets a cookie, and the provider's pages need that cookie.
Tests can make it lie in all the ways that a relying party must notice (`Fault`), or be as odd as real providers
are (`Quirk`).
"""

from cloudlet.testbed.identity_provider.app import create_provider
from cloudlet.testbed.identity_provider.faults import Fault, Quirk
from cloudlet.testbed.identity_provider.settings import Person, ProviderClient, ProviderSettings

__all__ = ["Fault", "Person", "ProviderClient", "ProviderSettings", "Quirk", "create_provider"]
