"""Instrument access portal: every page, and the JSON and live events behind them.

It has no rules of its own: each route asks the services of identity, instruments, access and analytics, and
shows what they answer.
"""

from cloudlet.portal.settings import PortalSettings

__all__ = ["PortalSettings"]
