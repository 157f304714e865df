"""``make bench NAME=engine.page``: what was measured as a page of the documentation, with its plots.

Everything is drawn from what the sections have left in ``build/bench``; what has not been measured is left out.
"""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report import kept

PAGE = Path("docs/reference/engine-measured.md")
PLOTS = Path("docs/images/engine")

GREY, COLOURS = "#7f7f7f", ("#2f7fb8", "#d9822b", "#3c9a5f", "#a05fb4", "#b8a02f", "#5fb4b0", "#c0504d", "#8c8c8c")
"""Both can be read on white and on black."""

STAGES = {"read": "decode", "gain": "gain, defects", "motion": "motion", "sums": "sums", "write": "write", "ctf": "CTF"}
CAMERAS = {"k3": "K3, 5760 × 4092 × 40", "k2": "K2, 3838 × 3710 × 40"}


def main() -> None:
    """Write the page and its plots."""
    mpl.rcParams.update({"svg.fonttype": "none", "font.size": 10, "svg.hashsalt": "engine"})
    for key in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"):
        mpl.rcParams[key] = GREY
    PLOTS.mkdir(parents=True, exist_ok=True)
    drawn = [text for text in (_stages(), _paths(), _errors(), _ctf()) if text]
    PAGE.write_text("\n\n".join([_head(), _table(), *drawn]) + "\n", encoding="utf-8")


def _head() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "imagecodecs"))
    today = datetime.now(UTC).strftime("%-d %B %Y")
    return (
        "# What the engine was measured at\n\n"
        f"Made by `make bench NAME=engine` and `make bench NAME=engine.page` on {today}: {_processor()}, Python "
        f"{platform.python_version()}, {packages}, RELION {_relion()}. Times are ratios within one run: machines "
        "differ."
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    cores = sum(line.startswith("processor") for line in lines)
    return f"{cores} cores of {name or platform.machine()}"


def _relion() -> str:
    told = subprocess.run(["relion_refine", "--version"], capture_output=True, text=True, check=False).stdout
    return next((word for word in told.split() if word[:1].isdigit()), "3.1")


def _table() -> str:
    marks = {None: "", True: "passed", False: "missed"}
    rows = [
        f"| {row['name']} | {row['value']:.3g} {row['unit']} | {row['bar']} | {marks[row['ok']]} |"
        for row in kept("engine") or []
    ]
    return "\n".join(["| what | measured | bar | |", "| --- | --- | --- | --- |", *rows])


def _plot(name: str, words: str, draw: Callable[[Axes], None], size: tuple[float, float] = (6.4, 3.6)) -> str:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    draw(axes)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    figure.savefig(PLOTS / f"{name}.svg", transparent=True, metadata={"Date": None})
    return f"![{words}](../images/engine/{name}.svg)\n\n{words}"


def _stages() -> str | None:
    found = {name: kept(f"engine-stages-{camera}") for camera, name in CAMERAS.items()}
    measured = {name: seconds for name, seconds in found.items() if seconds}
    if not measured:
        return None

    def draw(axes: Axes) -> None:
        left = np.zeros(len(measured))
        for (stage, label), colour in zip(STAGES.items(), COLOURS, strict=False):
            widths = np.array([seconds.get(stage, 0.0) for seconds in measured.values()])
            axes.barh(list(measured), widths, left=left, label=label, color=colour)
            left += widths
        axes.set_xlabel("seconds of one thread")

    return _plot("stages", "Where the time of one movie goes, on one thread.", draw, (6.4, 2.6))


def _paths() -> str | None:
    items = kept("engine-path")
    if not items:
        return None

    def draw(axes: Axes) -> None:
        _scatter(axes, items, "relion", "ours")
        axes.set_xlabel("RELION's error, pixels")
        axes.set_ylabel("ours, pixels")

    return _plot(
        "path", "Error of the path of the whole field per axis, one point a movie of the second simulator.", draw
    )


def _errors() -> str | None:
    items = [*(kept("engine-path") or []), *(kept("engine-field") or [])]
    if not items:
        return None

    def draw(axes: Axes) -> None:
        _scatter(axes, items, "predicted", "ours")
        axes.set_xlabel("error that was predicted, pixels")
        axes.set_ylabel("error, pixels")

    return _plot("errors", "Errors as they were predicted and as they were: of paths, and of local fields.", draw)


def _scatter(axes: Axes, items: list[dict[str, Any]], x: str, y: str) -> None:
    kinds = list(dict.fromkeys(item["movies"] for item in items))
    for kind, colour in zip(kinds, COLOURS, strict=False):
        points = [(item[x], item[y]) for item in items if item["movies"] == kind]
        axes.scatter(*zip(*points, strict=True), label=kind, color=colour, s=18)
    values = [item[key] for item in items for key in (x, y)]
    ends = 0.8 * min(values), 1.25 * max(values)
    axes.plot(ends, ends, color=GREY, linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yscale("log")


def _ctf() -> str | None:
    items = kept("engine-ctf")
    if not items:
        return None

    def draw(axes: Axes) -> None:
        for key, colour in (("defocus", COLOURS[0]), ("astigmatism", COLOURS[1])):
            axes.hist([item[key] for item in items], bins=np.linspace(-40, 40, 41), alpha=0.7, label=key, color=colour)
        axes.set_xlabel("error, Å")
        axes.set_ylabel("micrographs")

    return _plot("ctf", f"Errors of the CTF fit over {len(items)} simulated micrographs.", draw)


if __name__ == "__main__":
    main()
