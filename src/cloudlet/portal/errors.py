"""What can be wrong with the portal itself."""

from cloudlet.errors import CloudletError

__all__ = ["BundleMissing", "ImageMissing"]


class BundleMissing(CloudletError):
    """The browser's part was not built into this installation."""

    slug = "bundle-missing"


class ImageMissing(CloudletError):
    """A picture that a result names cannot be read."""

    slug = "not-found"
