"""Transforms of windows of the binned frames, kept on the card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.device import LowFrequencies, RadialTable, Window
from cloudlet.cryoem.numerics.fourier import edge
from cloudlet.cryoem.numerics.gpu.memory import translate_memory_errors
from cloudlet.cryoem.numerics.padding import fast_shape
from cloudlet.cryoem.numerics.rings import RINGS, Rings, cropped_frequencies, rings_of, within

__all__ = ["TorchMatch", "TorchSpectra"]


class TorchSpectra:
    """Transforms (windows, frames, rows, columns); implements `device.Spectra`."""

    def __init__(self, binned: torch.Tensor, windows: Sequence[Window], limit: float, amplitudes: RadialTable) -> None:
        shape = fast_shape((windows[0].rows, windows[0].columns))
        self.rows, self.columns = cropped_frequencies(shape, limit)
        self.rings = rings_of(self.rows, self.columns, limit)
        self.sums = _RingSums(self.rings, binned.device)
        self.transforms = self._transformed(binned, windows, shape, amplitudes)
        powers = torch.stack([_power(one).sum(dim=0) for one in self.transforms])
        self.sum_of_powers = self.sums.over(powers)

    def low(self, limit: float) -> LowFrequencies:
        """Return the first window's frequencies below `limit`."""
        kept, columns = within(self.rows, self.columns, limit)
        chosen = self.transforms[0][:, torch.from_numpy(kept).to(self.transforms.device), :columns]
        return LowFrequencies(np.ascontiguousarray(chosen.cpu().numpy()), self.rows[kept], self.columns[:columns])

    @translate_memory_errors
    def match(self, shifts: NDArray[np.float64]) -> TorchMatch:
        """Move windows back and sum frames."""
        return TorchMatch(self, shifts)

    def _transformed(
        self, binned: torch.Tensor, windows: Sequence[Window], shape: tuple[int, int], amplitudes: RadialTable
    ) -> torch.Tensor:
        device = binned.device
        entry = torch.from_numpy(amplitudes.nearest(np.hypot(self.rows[:, None], self.columns[None, :]))).to(device)
        left = torch.from_numpy(amplitudes.values).to(device)[:, entry.long()]
        fading = torch.from_numpy(np.outer(edge(windows[0].rows), edge(windows[0].columns))).to(device)
        upper, lower = len(self.rows) - len(self.rows) // 2, len(self.rows) // 2
        full = (len(windows), len(binned), len(self.rows), len(self.columns))
        transforms = torch.empty(full, dtype=torch.complex64, device=device)
        for number, window in enumerate(windows):
            for frame, image in enumerate(binned):
                piece = image[window.row : window.row + window.rows, window.column : window.column + window.columns]
                whole = torch.fft.rfft2((piece - piece.mean(dtype=torch.float64).float()) * fading, s=shape)
                target, columns = transforms[number, frame], len(self.columns)
                target[:upper] = whole[:upper, :columns]
                target[upper:] = whole[whole.shape[0] - lower :, :columns]
            transforms[number] *= left
        return transforms


class TorchMatch:
    """Frames moved back and summed; implements `device.Match`."""

    def __init__(self, spectra: TorchSpectra, shifts: NDArray[np.float64]) -> None:
        self._spectra = spectra
        device = spectra.transforms.device
        self._phase_y = _phases(shifts[..., 0], spectra.rows, device)
        self._phase_x = _phases(shifts[..., 1], spectra.columns, device)
        self._sum = torch.stack([self._moved(number).sum(dim=0) for number in range(len(shifts))])
        self.power_of_sum = spectra.sums.over(_power(self._sum))

    @translate_memory_errors
    def gradients(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the slopes, shape (windows, frames, 2): ``-4 pi sum(weight f Im(conj(R) G))``."""
        spectra, device = self._spectra, self._sum.device
        weighted = self._sum.conj() * torch.from_numpy(spectra.rings.spread(weight)).to(device)
        y, x = (torch.from_numpy(frequency).to(device) for frequency in (spectra.rows, spectra.columns))
        windows, frames = spectra.transforms.shape[:2]
        slopes = torch.empty((windows, frames, 2), dtype=torch.float64, device=device)
        for number in range(windows):
            turned = (self._moved(number) * weighted[number]).imag
            slopes[number, :, 0] = turned.sum(dim=2, dtype=torch.float64) @ y
            slopes[number, :, 1] = turned.sum(dim=1, dtype=torch.float64) @ x
        return np.asarray((-4 * np.pi * slopes).cpu().numpy(), np.float64)

    def _moved(self, number: int) -> torch.Tensor:
        phases = self._phase_y[number, :, :, None], self._phase_x[number, :, None, :]
        return self._spectra.transforms[number] * phases[0] * phases[1]


class _RingSums:
    """Sums over rings in an order that does not change: every ring's places side by side, filled up with nothing."""

    def __init__(self, rings: Rings, device: torch.device) -> None:
        number, share = rings.number.ravel(), rings.share.ravel()
        order = np.argsort(number, kind="stable")
        counts = np.bincount(number, minlength=RINGS)
        places = np.zeros((RINGS, int(counts.max())), np.int64)
        shares = np.zeros(places.shape)
        for ring, (start, count) in enumerate(zip(np.cumsum(counts) - counts, counts, strict=True)):
            places[ring, :count] = order[start : start + count]
            shares[ring, :count] = share[places[ring, :count]]
        self._places = torch.from_numpy(places).to(device)
        self._shares = torch.from_numpy(shares).to(device)

    def over(self, powers: torch.Tensor) -> NDArray[np.float64]:
        """Return the sums of powers (windows, rows, columns): shape (windows, rings)."""
        flat = powers.reshape(len(powers), -1).double()
        sums = torch.stack([(one[self._places] * self._shares).sum(dim=1) for one in flat])
        return np.asarray(sums.cpu().numpy(), np.float64)


def _phases(shifts: NDArray[np.float64], frequencies: NDArray[np.float64], device: torch.device) -> torch.Tensor:
    """Return what moves back by shifts (windows, frames): shape (windows, frames, frequencies)."""
    turns = np.exp(2j * np.pi * shifts[..., None] * frequencies)
    return torch.from_numpy(turns.astype(np.complex64)).to(device)


def _power(transforms: torch.Tensor) -> torch.Tensor:
    return transforms.real.square() + transforms.imag.square()
