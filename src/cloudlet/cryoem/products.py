"""Where the products of a movie lie in the project folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

__all__ = ["ProductPaths"]


@dataclass(frozen=True)
class ProductPaths:
    """Paths relative to the project folder, as RELION wants them."""

    stem: str
    """The movie's name without its suffix."""

    @property
    def products(self) -> dict[str, str]:
        """Product key to path."""
        folder = PurePosixPath("micrographs")
        return {
            "micrograph": str(folder / f"{self.stem}.mrc"),
            "micrograph_unweighted": str(folder / f"{self.stem}_noDW.mrc"),
            "motion": str(folder / f"{self.stem}.star"),
        }

    @property
    def images(self) -> dict[str, str]:
        """Image key to path."""
        folder = PurePosixPath("pictures")
        return {
            "thumbnail": str(folder / f"{self.stem}_small.jpg"),
            "micrograph": str(folder / f"{self.stem}.jpg"),
            "power_spectrum": str(folder / f"{self.stem}_spectrum.jpg"),
        }

    @classmethod
    def of(cls, movie: Path) -> ProductPaths:
        """Return the paths of a movie's products."""
        return cls(movie.stem)
