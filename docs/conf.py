"""Sphinx configuration; `make docs` builds, and any warning is an error."""

project = "Instrument Cloudlet"
copyright = "The Instrument Cloudlet developers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "alabaster"
