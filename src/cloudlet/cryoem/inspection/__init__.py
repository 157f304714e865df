"""What a file holds and where it departs from its format: for whoever wonders why it is not read as expected."""

from cloudlet.cryoem.inspection.inspect import inspected
from cloudlet.cryoem.inspection.report import Report

__all__ = ["Report", "inspected"]
