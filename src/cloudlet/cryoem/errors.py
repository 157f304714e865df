"""What can be wrong with a movie and what belongs to it, in words for the researcher."""

from __future__ import annotations

from typing import ClassVar

from cloudlet.errors import CloudletError

__all__ = [
    "AcquisitionUnknown",
    "CardFull",
    "DefectsUnusable",
    "DeviceMissing",
    "FileUnreadable",
    "FolderHoldsOthers",
    "FolderInUse",
    "GainMissing",
    "GainUnreadable",
    "GainUnrelated",
    "GainWrongSize",
    "MetadataUnreadable",
    "MovieEmpty",
    "MovieTruncated",
    "MovieUnreadable",
    "MovieVanished",
    "MovieWrongSize",
    "MovieWrongType",
    "ParticlesLost",
    "ProductUnwritable",
    "ProgramFailed",
    "ProgramMissing",
    "ProgramTimedOut",
    "ProjectFolderShared",
    "RawFolderEmpty",
    "RawFolderUnusable",
    "TurnNotHad",
]


class MovieVanished(CloudletError):
    """The file is not there (any more)."""

    slug: ClassVar[str] = "movie-vanished"


class MovieEmpty(CloudletError):
    """The file has no bytes."""

    slug: ClassVar[str] = "movie-empty"


class MovieTruncated(CloudletError):
    """The file ends before its last frame, or has another number of frames than its metadata says."""

    slug: ClassVar[str] = "movie-truncated"


class MovieWrongType(CloudletError):
    """The file is not of a kind that can hold a movie, or its pixels are not."""

    slug: ClassVar[str] = "movie-wrong-type"


class MovieWrongSize(CloudletError):
    """The frames differ in size, or are too small to be measured."""

    slug: ClassVar[str] = "movie-wrong-size"


class MovieUnreadable(CloudletError):
    """The file cannot be opened, or a frame cannot be decoded or holds what is no number."""

    slug: ClassVar[str] = "movie-unreadable"


class GainMissing(CloudletError):
    """A gain reference is named but not there."""

    slug: ClassVar[str] = "gain-missing"


class GainUnreadable(CloudletError):
    """The gain reference cannot be read, or holds what cannot be one."""

    slug: ClassVar[str] = "gain-unreadable"


class GainWrongSize(CloudletError):
    """The gain reference has another size than the frames."""

    slug: ClassVar[str] = "gain-wrong-size"


class GainUnrelated(CloudletError):
    """The gain reference does not fit the counts of the movie."""

    slug: ClassVar[str] = "gain-unrelated"


class ProgramMissing(CloudletError):
    """A program that is to do a stage is not installed."""

    slug: ClassVar[str] = "program-missing"


class ProgramFailed(CloudletError):
    """A program that was to do a stage failed, or left nothing that can be read."""

    slug: ClassVar[str] = "program-failed"


class ProgramTimedOut(CloudletError):
    """A program that was to do a stage had not ended after its time, and was killed."""

    slug: ClassVar[str] = "program-timed-out"
    retryable: ClassVar[bool] = True


class DefectsUnusable(CloudletError):
    """The list or map of the camera's defects is missing, makes no sense, or belongs to another camera mode."""

    slug: ClassVar[str] = "defects-unusable"


class DeviceMissing(CloudletError):
    """The processor that the settings name is not there, or nothing that could use it is installed."""

    slug: ClassVar[str] = "device-missing"


class CardFull(CloudletError):
    """The graphics card has no room for the movie."""

    slug: ClassVar[str] = "card-full"


class TurnNotHad(CloudletError):
    """What processes use one after the other was not to be had: its lock file cannot be used, or is kept locked."""

    slug: ClassVar[str] = "turn-not-had"


class MetadataUnreadable(CloudletError):
    """The mdoc file cannot be understood."""

    slug: ClassVar[str] = "metadata-unreadable"


class AcquisitionUnknown(CloudletError):
    """Neither metadata nor settings say how the movie was taken."""

    slug: ClassVar[str] = "acquisition-unknown"


class ProductUnwritable(CloudletError):
    """A result cannot be written into the project folder."""

    slug: ClassVar[str] = "product-unwritable"
    retryable: ClassVar[bool] = True


class ProjectFolderShared(CloudletError):
    """Somebody else could lead what is written into the project folder elsewhere."""

    slug: ClassVar[str] = "project-folder-shared"


class RawFolderUnusable(CloudletError):
    """The folder to be processed is not there."""

    slug: ClassVar[str] = "raw-folder-unusable"


class RawFolderEmpty(CloudletError):
    """There is no movie in the folder to be processed."""

    slug: ClassVar[str] = "raw-folder-empty"


class FileUnreadable(CloudletError):
    """A file that was to be inspected is not there, or nothing that is known."""

    slug: ClassVar[str] = "file-unreadable"


class ParticlesLost(CloudletError):
    """Particles that a run has written are gone or are no longer what they were."""

    slug: ClassVar[str] = "particles-lost"


class FolderHoldsOthers(CloudletError):
    """The project folder holds the results of other movies, or of other settings."""

    slug: ClassVar[str] = "folder-holds-others"


class FolderInUse(CloudletError):
    """Another process writes into the same project folder."""

    slug: ClassVar[str] = "folder-in-use"
    retryable: ClassVar[bool] = True
