"""One movie in a card's memory."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import Layout, RadialTable, Window
from cloudlet.cryoem.numerics.frames import Defects
from cloudlet.cryoem.numerics.gpu.gathering import gather
from cloudlet.cryoem.numerics.gpu.memory import host_array, translate_memory_errors
from cloudlet.cryoem.numerics.gpu.spectra import TorchSpectra
from cloudlet.cryoem.numerics.gpu.weighting import TorchSums

__all__ = ["TorchStack"]

_KEPT_AS = {"uint8": torch.uint8, "int8": torch.int8, "uint16": torch.int16, "int16": torch.int16}
"""16 bits without sign are kept as with one, for which torch has all operations; others are 32 bit floats."""


class TorchStack:
    """Counts as they were decoded, and the frames binned; implements `cloudlet.cryoem.numerics.device.Stack`."""

    @translate_memory_errors
    def __init__(self, layout: Layout, device: torch.device) -> None:
        self.layout = layout
        self._device = device
        kind = _KEPT_AS.get(layout.dtype.name, torch.float32)
        self._counts = torch.empty((layout.frames, layout.rows, layout.columns), dtype=kind, device=device)
        self._binned = torch.empty((layout.frames, *layout.binned_shape), dtype=torch.float32, device=device)
        self._gain: torch.Tensor | None = None
        self._gate = Lock()
        self._free: list[_Buffer] = []
        self._taken: dict[int, _Buffer] = {}

    def buffer(self, frame: int) -> NDArray[Any]:
        """Return host memory for a frame's counts; as many such places are made as threads decode."""
        with self._gate:
            place = self._free.pop() if self._free else _Buffer(self.layout, self._counts.dtype, self._device)
            self._taken[frame] = place
        return place.array

    def take(self, frame: int) -> None:
        """Copy a frame's counts to the card, while other threads decode."""
        with self._gate:
            place = self._taken.pop(frame)
        self._counts[frame].copy_(place.tensor)
        with self._gate:
            self._free.append(place)

    @translate_memory_errors
    def total(self) -> NDArray[np.float32]:
        """Return the sum of the raw counts, shape (rows, columns)."""
        total = torch.zeros(self._counts.shape[1:], dtype=torch.float32, device=self._device)
        for frame in range(self.layout.frames):
            total += self._floats(frame)
        return host_array(total)

    @translate_memory_errors
    def calibrate(self, gain: NDArray[np.float32] | None, defects: Defects) -> NDArray[np.float64]:
        """Replace defects, keep the gain, bin all frames, and return their means, shape (frames,)."""
        bad, good = (
            (torch.from_numpy(rows).to(self._device), torch.from_numpy(columns).to(self._device))
            for rows, columns in ((defects.rows, defects.columns), (defects.stand_in_rows, defects.stand_in_columns))
        )
        self._gain = None if gain is None else torch.from_numpy(np.array(gain, np.float32)).to(self._device)
        if self._gain is not None:
            self._gain[bad] = self._gain[good]
        layout, factor = self.layout, self.layout.binning
        rows, columns = layout.binned_shape
        means = torch.empty(layout.frames, dtype=torch.float64, device=self._device)
        for frame in range(layout.frames):
            self._counts[frame][bad] = self._counts[frame][good]
            whole = self._scaled(frame)[: rows * factor, : columns * factor]
            torch.sum(whole.reshape(rows, factor, columns, factor), dim=(1, 3), out=self._binned[frame])
            means[frame] = self._binned[frame].mean(dtype=torch.float64) / factor**2
        return np.asarray(means.cpu().numpy(), np.float64)

    @translate_memory_errors
    def spectra(self, windows: Sequence[Window], limit: float, amplitudes: RadialTable) -> TorchSpectra:
        """Transform windows of all binned frames."""
        return TorchSpectra(self._binned, windows, limit, amplitudes)

    @translate_memory_errors
    def gathered(self, displacements: NDArray[np.float32], shares: NDArray[np.float32]) -> TorchSums:
        """Sum displaced frames."""
        return gather(self._scaled, (self.layout.rows, self.layout.columns), displacements, shares, self._device)

    def _floats(self, frame: int) -> torch.Tensor:
        counts = self._counts[frame]
        if self.layout.dtype.name == "uint16":
            return (counts.to(torch.int32) & 0xFFFF).to(torch.float32)
        return counts.to(torch.float32)

    def _scaled(self, frame: int) -> torch.Tensor:
        """Return a frame times the gain, shape (rows, columns)."""
        counts = self._floats(frame)
        return counts if self._gain is None else counts * self._gain


class _Buffer:
    """Host memory that decoders write into, pinned where there is a card to copy it to."""

    def __init__(self, layout: Layout, kind: torch.dtype, device: torch.device) -> None:
        self.tensor = torch.empty((layout.rows, layout.columns), dtype=kind, pin_memory=device.type == "cuda")
        self.array: NDArray[Any] = self.tensor.numpy().view(layout.dtype)
