"""What can be wrong with the portal itself."""

from cloudlet.errors import CloudletError
from cloudlet.web import NotFound

__all__ = ["BundleMissing", "ImageMissing", "TooManyStreams", "Unforeseen"]


class BundleMissing(CloudletError):
    """The browser's part was not built into this installation."""

    slug = "bundle-missing"


class ImageMissing(NotFound):
    """A picture that a result names cannot be read."""


class TooManyStreams(CloudletError):
    """One person holds all the live streams that they may."""

    slug = "too-many-streams"


class Unforeseen(CloudletError):
    """Something that nobody thought of went wrong; the log has the cause."""

    slug = "unexpected"
