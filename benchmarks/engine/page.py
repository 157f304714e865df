"""``make bench NAME=engine.page``: what was measured as a page of the documentation, with its plots.

Sections that ``build/bench`` holds take the place of those that ``measured.json`` beside this file has kept; the rest
stays as it was measured, each with when and on what.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.engine.page_text import Section, page_text
from benchmarks.report import kept

PAGE = Path("docs/reference/engine-measured.md")
PLOTS = Path("docs/images/engine")
MEASURED = Path(__file__).with_name("measured.json")

SERIES = {
    "k3": ["engine-stages-k3"],
    "k2": ["engine-stages-k2"],
    "motion": ["engine-path"],
    "local": ["engine-field"],
    "ctf": ["engine-ctf"],
}

GREY, COLOURS = "#7f7f7f", ("#2f7fb8", "#d9822b", "#3c9a5f", "#a05fb4", "#b8a02f", "#5fb4b0", "#c0504d", "#8c8c8c")
"""Both can be read on white and on black."""

STAGES = {"read": "decode", "gain": "gain, defects", "motion": "motion", "sums": "sums", "write": "write", "ctf": "CTF"}


def main() -> None:
    """Write the page and its plots."""
    mpl.rcParams.update({"svg.fonttype": "none", "font.size": 10, "svg.hashsalt": "engine"})
    for key in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"):
        mpl.rcParams[key] = GREY
    PLOTS.mkdir(parents=True, exist_ok=True)
    sections = _updated()
    drawn = {name: PLOTTED[name](sections) for name in PLOTTED if name in sections}
    PAGE.write_text(page_text(sections, drawn), encoding="utf-8")


def _updated() -> dict[str, Section]:
    """Return all sections as they were measured last, and write them down."""
    sections: dict[str, Section] = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    rows, places = kept("engine") or [], kept("engine-where") or {}
    for name, place in places.items():
        found = [row for row in rows if row["name"].startswith(f"{name}: ")]
        if found:
            sections[name] = {
                "where": place,
                "rows": _rounded(found),
                **{key: _rounded(kept(key)) for key in SERIES.get(name, [])},
            }
    MEASURED.write_text(json.dumps(sections, indent=1, ensure_ascii=False) + "\n")
    return sections


def _rounded(items: Any) -> Any:
    if isinstance(items, dict):
        return {key: _rounded(item) for key, item in items.items()}
    if isinstance(items, list):
        return [_rounded(item) for item in items]
    return float(f"{items:.4g}") if isinstance(items, float) else items


def _plot(name: str, words: str, draw: Callable[[Axes], None], size: tuple[float, float] = (6.4, 3.6)) -> str:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    draw(axes)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    figure.savefig(PLOTS / f"{name}.svg", transparent=True, metadata={"Date": None})
    return f"![{words}](../images/engine/{name}.svg)\n\n{words}"


def _stages(sections: dict[str, Section]) -> str:
    cameras = {name.upper(): sections[name][SERIES[name][0]] for name in ("k3", "k2") if name in sections}

    def draw(axes: Axes) -> None:
        left = np.zeros(len(cameras))
        for (stage, label), colour in zip(STAGES.items(), COLOURS, strict=False):
            widths = np.array([seconds.get(stage, 0.0) for seconds in cameras.values()])
            axes.barh(list(cameras), widths, left=left, label=label, color=colour)
            left += widths
        axes.set_xlabel("seconds of one thread")

    return _plot("stages", "Where the time of one movie goes, on one thread.", draw, (6.4, 2.6))


def _path(sections: dict[str, Section]) -> str:
    items = sections["motion"]["engine-path"]

    def draw(axes: Axes) -> None:
        _scatter(axes, items, "relion", "ours")
        axes.set_xlabel("RELION's error, pixels")
        axes.set_ylabel("ours, pixels")

    return _plot("path", "Error of the path of the whole field per axis, one point a movie.", draw)


def _errors(sections: dict[str, Section]) -> str:
    items = [
        item
        for name, key in (("motion", "engine-path"), ("local", "engine-field"))
        if name in sections
        for item in sections[name][key]
    ]

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


def _ctf(sections: dict[str, Section]) -> str:
    items = sections["ctf"]["engine-ctf"]

    def draw(axes: Axes) -> None:
        for key, colour in (("defocus", COLOURS[0]), ("astigmatism", COLOURS[1])):
            axes.hist([item[key] for item in items], bins=np.linspace(-40, 40, 41), alpha=0.7, label=key, color=colour)
        axes.set_xlabel("error, Å")
        axes.set_ylabel("micrographs")

    return _plot("ctf", f"Errors of the CTF fit over {len(items)} simulated micrographs.", draw)


PLOTTED: dict[str, Callable[[dict[str, Section]], str]] = {
    "k2": _stages,
    "motion": _path,
    "local": _errors,
    "ctf": _ctf,
}

if __name__ == "__main__":
    main()
