"""The command line: thin commands over the processes, and what other components plug in."""

from cloudlet.cli.main import main

__all__ = ["main"]
