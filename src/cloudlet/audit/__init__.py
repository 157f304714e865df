"""The append-only, chained record of what people and rules did."""

from cloudlet.audit.models import Act, AuditRecord
from cloudlet.audit.store import read, record, verify

__all__ = ["Act", "AuditRecord", "read", "record", "verify"]
