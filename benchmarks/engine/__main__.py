"""``make bench NAME=engine ARGS="..."``: the table of what the engine must reach.

Sections are chosen by name, by default all; what each of them finds replaces its earlier rows in
``build/bench/engine.json``, and ``build/bench/engine-where.json`` says when and on what. Movies come from
the second simulator and are kept in ``build/bench/movies``.
"""

from __future__ import annotations

import sys

from benchmarks.engine import accuracy, card, ctf, decoding, dose, picking, relion_images, speed
from benchmarks.sections import Section, measure_sections

SECTIONS: dict[str, Section] = {
    "decode": decoding.measure,
    "k3": lambda is_quick: speed.measure("k3", is_quick),
    "k2": lambda is_quick: speed.measure("k2", is_quick),
    "others": speed.measure_others,
    "motion": accuracy.measure_path,
    "local": accuracy.measure_field,
    "gain": accuracy.measure_gain,
    "ctf": ctf.measure,
    "relion": relion_images.measure,
    "krios": ctf.measure_krios,
    "dose": dose.measure,
    "picking": picking.measure,
    "card": card.measure,
}


if __name__ == "__main__":
    sys.exit(measure_sections("engine", SECTIONS, __doc__))
