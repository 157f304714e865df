"""The words and tables of the page of what was measured; they are written without what draws its plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.report import Row

__all__ = ["TITLES", "Section", "page_text", "table"]

Section = Mapping[str, Any]
"""Rows, where they were measured, and what plots are drawn from."""

TITLES = {
    "decode": "Decoders, on one thread",
    "k3": "K3: 5760 × 4092 pixels, 40 frames, TIFF with LZW",
    "k2": "K2: 3838 × 3710 pixels, 40 frames",
    "others": "EER and super-resolution",
    "card": "K3 on a graphics card",
    "motion": "Motion of the whole field",
    "local": "Local motion",
    "gain": "A gain reference that is not quite right",
    "ctf": "CTF",
    "relion": "CTF of images of RELION's making",
    "krios": "Two real micrographs",
    "dose": "Exposure weighting, beside one transform a frame",
    "picking": "Picking",
}

HEAD = """# What the engine was measured at

Made by `make bench NAME=engine` and `make bench NAME=engine.page`. Times are ratios within one run, because machines
differ; each section says what it was measured on.

What the figures rest on:

| sections | what they are held against | made by |
| --- | --- | --- |
| decoders | imagecodecs on the same bytes | others |
| motion, local motion, gain, CTF, picking | movies and micrographs of a second simulator, whose truth is known | us |
| CTF of images of RELION's making | what RELION was given when it made them | others |
| two real micrographs | one half of each against the other; the true defocus is not known | a microscope |
| exposure weighting | the same weights, one transform a frame: arithmetic, not physics | us |

The second simulator draws scatterers as cubic B-splines where the engine interpolates by a windowed sinc, and lets the
signal fade by a B factor where the engine weighs by the critical dose; the CTF is the same textbook formula in both.
Whoever wrote it knew the engine. The simulated microscope of `cloudlet demo` does share the engine's formulas, a sinc
under a Kaiser window and the critical dose of Grant & Grigorieff, and judges none of this."""

_COST = """Ours is a marginal cost: what each further movie takes in a process whose code is compiled and whose memory
is warm, the movies being links to one file in the page cache. RELION's is that of a whole process for one movie, from
the page cache too, and of Debian's generic build, which uses only those instructions that every amd64 processor has."""

NOTES = {
    "k3": _COST,
    "k2": _COST,
    "others": "Costs are marginal, as above. The EER movie is of still ice: it is for speed alone.",
    "motion": """The weak contrast was chosen where RELION's patches fail, so that its movies are harder for RELION than
most; what both are worth where they do not fail is shown by the strong contrast.""",
    "ctf": "The micrographs are drawn with the textbook formula that is fitted to them.",
    "relion": "`relion_project` has projected a map of white noise and multiplied the projections by RELION's own CTF.",
    "krios": "How far halves differ says how well a fit repeats, not how far it is from the truth.",
    "dose": """What is expected beforehand is the root mean square for white noise, and no bound: the error of one image
may lie above it.""",
    "picking": "The cost is that of a diameter that is right.",
}
"""What a reader should know before taking a section's figures for more than they are."""

MISSING = {
    "card": """Not measured: what the engine does on a graphics card is tested against the processor's results, how fast
it is there nobody has measured yet. On a machine with a card, `make torch`, `make bench NAME=engine ARGS=card` and
`make bench NAME=engine.page` measure the whole chain and put the table here."""
}
"""What is said of a section in place of figures."""


def page_text(sections: Mapping[str, Section], drawn: Mapping[str, str]) -> str:
    """Return the page in Markdown, with what is drawn of each section below its table."""
    parts = [HEAD]
    for name, title in TITLES.items():
        if name in sections:
            below = (NOTES.get(name, ""), drawn.get(name, ""))
            parts += [f"## {title}", table(sections[name]), *(part for part in below if part)]
        elif name in MISSING:
            parts += [f"## {title}", MISSING[name]]
    return "\n\n".join(parts) + "\n"


def table(section: Section) -> str:
    """Return what was measured, and on what."""
    marks = {None: "", True: "passed", False: "missed"}
    rows = [
        f"| {row.name.partition(': ')[2]} | {row.text} {row.unit} | {row.bar} | {marks[row.ok]} |"
        for row in (Row(**each) for each in section["rows"])
    ]
    lines = "\n".join(["| what | measured | bar | |", "| --- | --- | --- | --- |", *rows])
    return f"{lines}\n\n{section['where']}."
