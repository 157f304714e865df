"""Every table of the product, known to one metadata once this module is imported."""

import cloudlet.access.store
import cloudlet.analytics.store
import cloudlet.audit.store
import cloudlet.events.store
import cloudlet.identity.store
import cloudlet.instruments.store  # noqa: F401 - imported for their tables
from cloudlet.database import Table

__all__ = ["METADATA"]

METADATA = Table.metadata
