"""From sums in real space to a weighted image: transforms, radial filters, the way back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cloudlet.cryoem.numerics.cpu.weighting import CpuHalfPlane
from cloudlet.cryoem.numerics.device import HalfPlane, RadialTable
from cloudlet.cryoem.numerics.gpu.memory import host_array, translate_memory_errors
from cloudlet.cryoem.numerics.interpolation import deblurring
from cloudlet.cryoem.numerics.padding import cropped_size, leading_over, low_pass_image
from cloudlet.cryoem.numerics.threads import Threads

__all__ = ["TorchHalfPlane", "TorchSums"]


class TorchSums:
    """Sums of displaced frames, padded; implements `cloudlet.cryoem.numerics.device.Sums`."""

    def __init__(self, padded: torch.Tensor, shape: tuple[int, int]) -> None:
        self._padded, self._shape = padded, shape

    def image(self, number: int) -> NDArray[np.float32]:
        """Return one of the sums, shape (rows, columns)."""
        return host_array(self._padded[number, : self._shape[0], : self._shape[1]])

    @translate_memory_errors
    def combined(self, filters: Sequence[RadialTable], shape: tuple[int, int]) -> list[HalfPlane]:
        """Return the filtered sums of the sums; one transform is held at a time beside the results."""
        device, (rows, columns) = self._padded.device, (self._padded.shape[1], self._padded.shape[2])
        size = cropped_size((rows, columns), self._shape, shape)
        y, x = torch.fft.fftfreq(size[0], 1 / size[0], device=device), torch.arange(size[1] // 2 + 1, device=device)
        frequency = torch.hypot(y[:, None] / rows, x / columns)
        blur = deblurring(rows)[y.long().cpu().numpy()][:, None] * deblurring(columns)[: len(x)]
        results = [torch.zeros(frequency.shape, dtype=torch.complex64, device=device) for _ in filters]
        for number, padded in enumerate(self._padded):
            wanted = [each for each, table in enumerate(filters) if np.any(table.values[number])]
            if not wanted:
                continue
            _fill_margins(padded, self._shape)
            transform = torch.fft.rfft2(padded)
            kept = transform if size == (rows, columns) else _cropped(transform, size)
            for each in wanted:
                results[each] += kept * _along(frequency / filters[each].step, filters[each].values[number])
        for result in results:
            result *= torch.from_numpy(blur).to(device)
        return [TorchHalfPlane(result, size, shape) for result in results]


class TorchHalfPlane:
    """The transform of a padded image; implements `cloudlet.cryoem.numerics.device.HalfPlane`."""

    def __init__(self, transform: torch.Tensor, padded: tuple[int, int], shape: tuple[int, int]) -> None:
        self._transform, self._padded, self._shape = transform, padded, shape

    def on_host(self, threads: Threads) -> CpuHalfPlane:
        """Return the same for the host's threads."""
        return CpuHalfPlane(host_array(self._transform), self._padded, self._shape, threads)

    @translate_memory_errors
    def image(self, rows: int, columns: int, low_pass: RadialTable | None = None) -> NDArray[np.float32]:
        """Return the image of so many rows and columns, at most those it has."""
        size = cropped_size(self._padded, self._shape, (rows, columns))
        transform = self._transform if size == self._padded else _cropped(self._transform, size)
        if low_pass is not None:
            transform = transform * torch.from_numpy(low_pass_image(low_pass, size, self._padded)).to(transform.device)
        return host_array(_image(transform, size)[:rows, :columns])


def _along(place: torch.Tensor, values: NDArray[np.float32]) -> torch.Tensor:
    """Return a function at places counted in its entries, interpolated linearly; beyond the last it holds on."""
    curve = torch.from_numpy(values).to(place.device)
    entry = place.long().clamp_(max=len(values) - 2)
    between: torch.Tensor = curve[entry] + (place - entry).clamp_(max=1) * (curve[entry + 1] - curve[entry])
    return between


def _image(transform: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Return the inverse of ``rfft2``; imaginary parts that a real image cannot have are left out, as SciPy does."""
    lines = torch.fft.ifft(transform, dim=0)
    lines.imag[:, 0] = 0
    if size[1] % 2 == 0:
        lines.imag[:, -1] = 0
    image: torch.Tensor = torch.fft.irfft(lines, n=size[1], dim=1)
    return image


def _fill_margins(padded: torch.Tensor, shape: tuple[int, int]) -> None:
    rows, columns = shape
    extra = padded.shape[1] - columns
    if extra:
        part = torch.from_numpy(leading_over(extra)).to(padded.device)
        padded[:rows, columns:] = padded[:rows, columns - 1 : columns] * (1 - part) + padded[:rows, :1] * part
    extra = padded.shape[0] - rows
    if extra:
        part = torch.from_numpy(leading_over(extra)).to(padded.device)[:, None]
        padded[rows:] = padded[rows - 1 : rows] * (1 - part) + padded[:1] * part


def _cropped(transform: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    rows, columns = size[0], size[1] // 2 + 1
    upper = transform[: (rows + 1) // 2, :columns]
    lower = transform[transform.shape[0] - rows // 2 :, :columns]
    return torch.cat([upper, lower])
