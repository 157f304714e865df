"""The loops by torch, on a graphics card: the same as on the host's processor, to the rounding of 32 bits.

Counts are decoded by the host's threads and go over as they are, one frame after the other; from then on only rings,
slopes and finished images come back. Everything is summed in an order that does not change from run to run.
"""

from cloudlet.cryoem.numerics.gpu.device import TorchDevice

__all__ = ["TorchDevice"]
