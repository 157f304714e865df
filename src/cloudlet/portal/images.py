"""Pictures of exposures: files inside the run's project folder, and nothing else."""

from __future__ import annotations

from pathlib import Path

from cloudlet.analytics import Exposure, Run
from cloudlet.portal.errors import ImageMissing

__all__ = ["MEDIA_TYPES", "image_path"]

MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


def image_path(run: Run, exposure: Exposure, key: str) -> Path:
    """Return the file of the picture called `key`.

    The name in the database is not trusted: links are followed first, then the file must lie within the
    project folder and be of a kind that browsers show.

    Raises
    ------
    ImageMissing
        There is no such picture, it is gone, or it lies elsewhere.
    """
    name = None if exposure.results is None else exposure.results.images.get(key)
    if name is None:
        raise ImageMissing("There is no such picture of this exposure.", "Open the exposure's page again.")
    folder = run.project_folder.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder) or path.suffix.lower() not in MEDIA_TYPES or not path.is_file():
        raise ImageMissing(
            "The picture is no longer in the project folder.", "Use Retry to process the exposure again."
        )
    return path
