"""Pictures of exposures: files inside the run's project folder, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from cloudlet.analytics import Exposure, Run
from cloudlet.openat import FileBeneath, PathRefused, checked_size, opened_beneath
from cloudlet.portal.errors import ImageMissing

__all__ = ["Picture", "PictureResponse", "open_picture"]

MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}

MOST_BYTES = 16 << 20
"""4096 x 4096 grey pixels take no more than this even uncompressed."""

PIECE_BYTES = 64 * 1024
"""A next piece is read when the browser has taken most of the last: what waits for one that does not read is a piece
or two, and the file stays open for as long as its connection."""

GONE = "The picture is no longer in the project folder."
RETRY = "Use Retry to process the exposure again."


@dataclass(frozen=True)
class Picture:
    """An open file that is sent to a browser; who has it closes it."""

    file: BinaryIO
    size_bytes: int
    media_type: str

    def pieces(self) -> Iterator[bytes]:
        """Yield as many bytes as were announced, whatever becomes of the file meanwhile, then close it."""
        with self.file:
            left = self.size_bytes
            while left:
                piece = self.file.read(min(left, PIECE_BYTES)) or bytes(min(left, PIECE_BYTES))  # it was cut
                left -= len(piece)
                yield piece


class PictureResponse(StreamingResponse):
    """A picture in pieces; its file is closed whether or not they are all taken."""

    def __init__(self, picture: Picture, headers: Mapping[str, str]) -> None:
        length = {"content-length": str(picture.size_bytes)}
        super().__init__(picture.pieces(), headers={**headers, **length}, media_type=picture.media_type)
        self._file = picture.file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file:
            await super().__call__(scope, receive, send)


def open_picture(run: Run, exposure: Exposure, key: str) -> Picture:
    """Open the picture called `key`.

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
        return _opened(FileBeneath(run.project_folder, name), media_type)
    except PathRefused as cause:
        raise ImageMissing(
            f"The picture cannot be shown: {cause.strerror}.", "Remove that from the project folder, then use Retry."
        ) from cause
    except OSError as cause:
        raise ImageMissing(GONE, RETRY) from cause


def _opened(file: FileBeneath, media_type: str) -> Picture:
    with opened_beneath(file) as opened:
        size_bytes = checked_size(file, opened, MOST_BYTES, refuses_hard_links=True)
        return Picture(os.fdopen(os.dup(opened.fileno()), "rb"), size_bytes, media_type)
