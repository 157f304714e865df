"""What the simulated camera is made of, what its operator dials, and what was true of a movie.

Every array and coordinate of the simulated camera has row 0 at the bottom of the picture, as MRC has it: y grows
upwards, x to the right, and angles are counter-clockwise from the x axis.
"""

from cloudlet.testbed.models.cameras import CAMERAS, CameraModel, ImpossibleCamera, MotionModel, SpecimenModel
from cloudlet.testbed.models.dials import DIAL_LIMITS, Dials, ImpossibleDial, Limits
from cloudlet.testbed.models.truth import Movie, Particle, Truth

__all__ = [
    "CAMERAS",
    "DIAL_LIMITS",
    "CameraModel",
    "Dials",
    "ImpossibleCamera",
    "ImpossibleDial",
    "Limits",
    "MotionModel",
    "Movie",
    "Particle",
    "SpecimenModel",
    "Truth",
]
