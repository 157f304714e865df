"""The simulated microscope's operator screen, served over RFB."""

from cloudlet.testbed.console.layout import LAYOUT
from cloudlet.testbed.console.rectangles import Rect
from cloudlet.testbed.console.server import serve_console

__all__ = ["LAYOUT", "Rect", "serve_console"]
