"""What can go wrong with a run or an exposure, in words for the researcher."""

from __future__ import annotations

from cloudlet.errors import CloudletError

__all__ = [
    "AnalyticsError",
    "ExposureChanged",
    "ExposureUnknown",
    "ExposureVanished",
    "MemoryExhausted",
    "ProductsMeet",
    "ProjectFolderFull",
    "ProjectFolderInRaw",
    "RawFolderGone",
    "RetryRefused",
    "RunUnknown",
    "WorkloadBroken",
    "WorkloadUnknown",
]


class AnalyticsError(CloudletError):
    """The base of this component's errors."""

    slug = "analytics"


class ExposureUnknown(AnalyticsError):
    """No exposure has this number, or not for who asks."""

    slug = "exposure-unknown"


class RunUnknown(AnalyticsError):
    """No run has this number, or not for who asks."""

    slug = "run-unknown"


class RetryRefused(AnalyticsError):
    """Only a failed exposure can be tried again."""

    slug = "retry-refused"


class WorkloadUnknown(AnalyticsError):
    """No installed package offers this workload."""

    slug = "workload-unknown"


class WorkloadBroken(AnalyticsError):
    """An installed package offers this workload but it cannot be imported."""

    slug = "workload-broken"


class ExposureVanished(AnalyticsError):
    """The file was there and is not any more."""

    slug = "exposure-vanished"

    def __init__(
        self,
        message: str = "The file vanished from the raw folder before it was processed.",
        remedy: str = "Put it back; it is then taken up again by itself.",
    ) -> None:
        super().__init__(message, remedy)


class ExposureChanged(AnalyticsError):
    """The file changed while it was processed: it was not complete after all."""

    slug = "exposure-changed"
    retryable = True

    def __init__(
        self,
        message: str = "The file changed while it was being processed.",
        remedy: str = "It is taken up again by itself.",
    ) -> None:
        super().__init__(message, remedy)


class RawFolderGone(AnalyticsError):
    """The whole raw folder cannot be read, so nothing can be said of one exposure."""

    slug = "raw-folder-gone"
    retryable = True

    def __init__(
        self,
        message: str = "The raw folder cannot be read at present.",
        remedy: str = "Processing goes on by itself when it is back.",
    ) -> None:
        super().__init__(message, remedy)


class ProjectFolderFull(AnalyticsError):
    """No product can be written, so nothing can be said of one exposure."""

    slug = "project-folder-full"
    retryable = True

    def __init__(
        self,
        message: str = "The disk or the quota of the project folder is full.",
        remedy: str = "Make room; processing goes on by itself.",
    ) -> None:
        super().__init__(message, remedy)


class ProjectFolderInRaw(AnalyticsError):
    """Products would be written where raw data is."""

    slug = "project-folder-in-raw"


class ProductsMeet(AnalyticsError):
    """Another exposure's products have the names that this one's would have."""

    slug = "products-meet"


class MemoryExhausted(AnalyticsError):
    """The file takes more memory than a worker or a watcher may have."""

    slug = "memory-exhausted"

    def __init__(
        self,
        message: str = "The file asks for more memory than one exposure may have.",
        remedy: str = "Leave it out if it is damaged; otherwise let the people who run the cloudlet allow more "
        "(analytics.worker_memory_gib), then retry.",
    ) -> None:
        super().__init__(message, remedy)
