"""Pictures of exposures: files inside the run's project folder, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from cloudlet.analytics import Exposure, Run
from cloudlet.openat import FileBeneath, PathRefused, read_beneath
from cloudlet.portal.errors import ImageMissing

__all__ = ["Picture", "read_picture"]

MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}

MOST_BYTES = 16 << 20
"""A picture is read whole before it is sent, so that a slow browser holds no file open; 4096 x 4096 grey pixels take no
more than this even uncompressed."""

GONE = "The picture is no longer in the project folder."
RETRY = "Use Retry to process the exposure again."


@dataclass(frozen=True)
class Picture:
    """What is sent to a browser."""

    content: bytes
    media_type: str


def read_picture(run: Run, exposure: Exposure, key: str) -> Picture:
    """Read the picture called `key`.

    The name in the database is not trusted, nor is who else may write into the project folder: no link below it is
    followed, hard links are refused, and what is read is the very file that was looked at.

    Raises
    ------
    ImageMissing
        There is no such picture, it is gone, or what lies in its place is not shown.
    """
    name = None if exposure.results is None else exposure.results.images.get(key)
    if name is None:
        raise ImageMissing("There is no such picture of this exposure.", "Open the exposure's page again.")
    media_type = MEDIA_TYPES.get(PurePath(name).suffix.lower())
    if media_type is None:
        raise ImageMissing(GONE, RETRY)
    try:
        content = read_beneath(FileBeneath(run.project_folder, name), MOST_BYTES, refuses_hard_links=True)
    except PathRefused as cause:
        raise ImageMissing(
            f"The picture cannot be shown: {cause.strerror}.", "Remove that from the project folder, then use Retry."
        ) from cause
    except OSError as cause:
        raise ImageMissing(GONE, RETRY) from cause
    return Picture(content, media_type)
