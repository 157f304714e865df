"""Where the products of a movie lie in the project folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from cloudlet.analytics import ProjectFolderInRaw
from cloudlet.cryoem.names import movie_stem
from cloudlet.openat import FileBeneath

__all__ = ["PRODUCT_FOLDERS", "ProductPaths", "product_key"]

_MICROGRAPHS, _PICTURES, _PARTICLES = "micrographs", "pictures", "particles"
PRODUCT_FOLDERS = (_MICROGRAPHS, _PICTURES, _PARTICLES)

_UNWEIGHTED, _ODD, _EVEN = "_noDW", "_ODD", "_EVN"
"""As RELION calls them."""
_SMALL, _SPECTRUM = "_small", "_spectrum"

_VARIANTS = re.compile(rf"({'|'.join((_UNWEIGHTED, _ODD, _EVEN, _SMALL, _SPECTRUM))})+\Z")


def product_key(movie_name: str) -> str:
    """Return what two movies have in common where a product of one has the name of a product of the other.

    That is so for ``a.tif`` and ``a.mrc``, and for ``a.tif`` and ``a_noDW.tif``.
    """
    return _VARIANTS.sub("", movie_stem(movie_name))


@dataclass(frozen=True)
class ProductPaths:
    """Paths relative to the project folder, as RELION wants them."""

    movie: Path

    @property
    def products(self) -> dict[str, str]:
        """Product key to path; which of them are written depends on the settings."""
        stem = movie_stem(self.movie.name)
        return {
            "micrograph": f"{_MICROGRAPHS}/{stem}.mrc",
            "micrograph_unweighted": f"{_MICROGRAPHS}/{stem}{_UNWEIGHTED}.mrc",
            "micrograph_odd": f"{_MICROGRAPHS}/{stem}{_ODD}.mrc",
            "micrograph_even": f"{_MICROGRAPHS}/{stem}{_EVEN}.mrc",
            "motion": f"{_MICROGRAPHS}/{stem}.star",
            "particles": f"{_PARTICLES}/{stem}.star",
            "particle_stack": f"{_PARTICLES}/{stem}.mrcs",
        }

    @property
    def images(self) -> dict[str, str]:
        """Image key to path."""
        stem = movie_stem(self.movie.name)
        return {
            "thumbnail": f"{_PICTURES}/{stem}{_SMALL}.jpg",
            "micrograph": f"{_PICTURES}/{stem}.jpg",
            "power_spectrum": f"{_PICTURES}/{stem}{_SPECTRUM}.jpg",
        }

    def target(self, project_folder: Path, path: str) -> FileBeneath:
        """Return the file to write one of these paths to; whoever writes it follows no other link either.

        Raises
        ------
        ProjectFolderInRaw
            A link leads into the folder where the movie is.
        """
        target = FileBeneath(project_folder, path)
        folder = os.path.realpath((project_folder / path).parent)
        if Path(folder).is_relative_to(os.path.realpath(self.movie.parent)):
            raise ProjectFolderInRaw(
                f"{target} would be written into the raw folder, where nothing is ever written.",
                "Choose another project folder, or take the link away.",
            )
        return target
