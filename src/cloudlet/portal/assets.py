"""The browser's bundle: stable names for templates, hashed names and long caching for browsers."""

from __future__ import annotations

import json
from os import PathLike, stat_result
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from cloudlet.portal.errors import BundleMissing

__all__ = ["STATIC", "Assets", "HashedFiles"]

STATIC = Path(__file__).parent / "static"
ADDRESS = "/static"
FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """What the bundler built, by the names that templates use.

    Parameters
    ----------
    folder
        Where the bundle and its ``manifest.json`` are.

    Raises
    ------
    BundleMissing
        There is no bundle.
    """

    def __init__(self, folder: Path = STATIC) -> None:
        self.folder = folder
        try:
            self._names: dict[str, str] = json.loads((folder / "manifest.json").read_text("utf-8"))
        except (OSError, ValueError) as cause:
            raise BundleMissing(
                "The pages' scripts and styles are missing from this installation.",
                "In a checkout, run npm ci and npm run build in frontend/; else install the wheel again.",
            ) from cause

    def address(self, name: str) -> str:
        """Return the address of the asset called `name`.

        Raises
        ------
        BundleMissing
            The bundle has no such asset: it is older than the templates.
        """
        if name not in self._names:
            raise BundleMissing(f"The bundle has no {name}.", "Run npm run build in frontend/ again.")
        return f"{ADDRESS}/{self._names[name]}"


class HashedFiles(StaticFiles):
    """Files whose names change with their content, so that browsers may keep them for ever."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file with a header that lets it be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = FOR_EVER
        return response
