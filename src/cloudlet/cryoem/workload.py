"""The workload as analytics knows it; whatever needs numerics is imported when it is needed, in the worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cloudlet.analytics import Declaration, ExposureTask, Readiness, Results
from cloudlet.cryoem.declaration import DECLARATION
from cloudlet.cryoem.names import is_movie_name
from cloudlet.cryoem.products import PRODUCT_FOLDERS, product_key
from cloudlet.cryoem.settings import checked_settings

__all__ = ["CryoemWorkload"]


class CryoemWorkload:
    """Movies of an electron microscope, corrected and measured; implements `cloudlet.analytics.Workload`."""

    @property
    def declaration(self) -> Declaration:
        """Figures, images and stages."""
        return DECLARATION

    @property
    def product_folders(self) -> Sequence[str]:
        """Where micrographs, pictures and particles go."""
        return PRODUCT_FOLDERS

    def product_key(self, name: str) -> str:
        """Return what movies have in common whose products would meet; see `cloudlet.cryoem.products`."""
        return product_key(name)

    def check_settings(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `settings` completed with defaults, as JSON.

        Raises
        ------
        SettingsInvalid
            A key is unknown or a value makes no sense.
        """
        return checked_settings(settings).model_dump(mode="json")

    def named_files(self, settings: Mapping[str, Any]) -> Sequence[Path]:
        """Return gain reference and defects."""
        named = checked_settings(settings)
        return [path for path in (named.gain, named.defects) if path is not None]

    def is_exposure(self, name: str) -> bool:
        """Return whether a file may be a movie; see `cloudlet.cryoem.names`."""
        return is_movie_name(name)

    def readiness(self, path: Path, settings: Mapping[str, Any]) -> Readiness:
        """Compare a movie's frames with what its metadata announces."""
        from cloudlet.cryoem.readiness import readiness_of

        return readiness_of(path, checked_settings(settings))

    def process(self, task: ExposureTask) -> Results:
        """Correct and measure one movie.

        Raises
        ------
        cloudlet.errors.CloudletError
            The movie or what belongs to it cannot be used, or a product cannot be written.
        """
        from cloudlet.cryoem.stages import process_movie

        return process_movie(task.path, task.project_folder, checked_settings(task.settings))

    def collect(self, project_folder: Path, done: Sequence[tuple[str, Results]]) -> None:
        """Write the run's STAR files.

        Raises
        ------
        ParticlesLost
            What was written of a micrograph's particles is no longer there.
        ProductUnwritable
            The folder cannot be written or the disk is full.
        """
        from cloudlet.cryoem.collection import collect

        collect(project_folder, done)
