"""The loops on the host's processor: SciPy's FFT, and kernels that numba compiles once and keeps beside the package.

Kernels release the interpreter's lock and run on threads of the device's own; numba's parallel mode is not used,
because its threading layer ends the process when two threads enter it.
"""

from cloudlet.cryoem.numerics.cpu.device import CpuDevice

__all__ = ["CpuDevice"]
