"""A whole cloudlet on one machine: what a newcomer starts first and a site rehearses with."""

from cloudlet.testbed.demo.folder import DemoFolder, FolderInUse
from cloudlet.testbed.demo.run import run_demo

__all__ = ["DemoFolder", "FolderInUse", "run_demo"]
