"""Build hook: the browser's part is bundled into the package, or the build fails.

A source distribution carries the built assets and no `node_modules`; building from one needs no Node.js.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = Path("src/cloudlet/portal/static")
FRONTEND = Path("frontend")


class FrontendBuildHook(BuildHookInterface[Any]):
    """Runs ``npm ci`` and the bundler where the sources are a checkout."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make `STATIC` hold a complete bundle.

        Raises
        ------
        RuntimeError
            Node.js is missing, the bundler failed, or it left no manifest.
        """
        root = Path(self.root)
        manifest = root / STATIC / "manifest.json"
        is_checkout = (root / ".git").exists() or not manifest.exists()
        if is_checkout:
            self._bundle(root / FRONTEND)
        if not manifest.is_file():
            raise RuntimeError(f"The browser's bundle is incomplete: {manifest} is missing.")

    def _bundle(self, frontend: Path) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("Building the pages needs Node.js 20 or newer with npm. Install it and build again.")
        for command in ([npm, "ci"], [npm, "run", "build"]):
            done = subprocess.run(command, cwd=frontend, check=False)
            if done.returncode:
                raise RuntimeError(f"npm {' '.join(command[1:])} failed in {frontend}; its output is above.")
