"""Particles found as what stands out: a ball of protein seen through the lens, and a threshold that follows from noise.

A micrograph is compared everywhere with what a ball of protein of the particles' diameter would look like, weighted by
the noise; what comes out is a map of contrast, 1 where there is such a ball, and its standard deviation. The strongest
peak is taken and what it explains is subtracted, rings of the CTF included; then the next one, until only noise is
left. Crystals of ice and carbon film, which are stronger or rougher than particles, are masked.
"""

from cloudlet.cryoem.numerics.picking.pick import Picks, coarse_shape, pick_micrograph, pick_particles

__all__ = ["Picks", "coarse_shape", "pick_micrograph", "pick_particles"]
