"""The first workload: cryo-EM movies, from the camera's files to motion, CTF and pictures.

`WORKLOAD` is found by the entry point group ``cloudlet.workloads``; importing it imports no numerics.
"""

from cloudlet.cryoem.settings import CryoemSettings
from cloudlet.cryoem.workload import CryoemWorkload

__all__ = ["WORKLOAD", "CryoemSettings", "CryoemWorkload"]

WORKLOAD = CryoemWorkload()
"""The one instance."""
