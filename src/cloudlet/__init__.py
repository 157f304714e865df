"""The Instrument Cloudlet: the machine beside the instrument that lets its users in from afar."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("cloudlet")
