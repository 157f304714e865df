"""A second simulated microscope, which judges the engine: it shares no line, interpolator or law of fading with it.

It was written by those who wrote the engine, and its CTF is the same textbook formula; what RELION has made and what a
microscope has taken judges the engine beside it (`benchmarks.engine`).

Ice and particles are scatterers that are drawn, in every frame, where they have moved to; the testbed's specimen is a
picture that is warped. The signal fades by a B factor that grows with dose, not by the critical dose curve. Motion is
drawn from families that the engine's priors do not contain.
"""

from benchmarks.simulator.fields import FieldSpec, SimulatedField, simulate_field
from benchmarks.simulator.micrographs import MicrographSpec, Simulated, simulate_micrograph
from benchmarks.simulator.models import CAMERAS, MovieSpec, Truth
from benchmarks.simulator.movies import simulate_movie, write_movie

__all__ = [
    "CAMERAS",
    "FieldSpec",
    "MicrographSpec",
    "MovieSpec",
    "Simulated",
    "SimulatedField",
    "Truth",
    "simulate_field",
    "simulate_micrograph",
    "simulate_movie",
    "write_movie",
]
