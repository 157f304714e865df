"""The reference page of everything that is measured, written from the declaration itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from cloudlet.analytics import Figure
from cloudlet.cryoem.declaration import DECLARATION

__all__ = ["render"]

HEAD = """# What is measured of every movie

The cockpit shows the vital ones with their history; the others stand beside the large view. This page is written from
the workload's own declaration.
"""


def render() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *_figures(), "\n## Pictures\n", *_images(), "\n## Stages\n", *_stages()]) + "\n"


def _figures() -> Iterator[str]:
    yield "| figure | unit | says | |"
    yield "| --- | --- | --- | --- |"
    for figure in DECLARATION.figures:
        yield f"| {figure.title} (`{figure.key}`) | {figure.unit} | {figure.description} | {_mark(figure)} |"


def _mark(figure: Figure) -> str:
    marks = ["vital"] if figure.is_vital else []
    if figure.threshold is not None:
        marks.append(f"bad {figure.bad_side} {figure.threshold:g} {figure.unit}")
    if figure.target is not None:
        marks.append(f"should follow `{figure.target}`")
    return ", ".join(marks)


def _images() -> Iterator[str]:
    for image in DECLARATION.images:
        yield f"{image.title} (`{image.key}`)\n: {image.description}\n"


def _stages() -> Iterator[str]:
    yield ", ".join(stage.title.lower() for stage in DECLARATION.stages) + "."


if __name__ == "__main__":
    sys.stdout.write(render())
