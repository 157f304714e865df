"""``make bench NAME=ground ARGS="..."``: what must hold while somebody floods, swaps, hangs or writes beside others.

Sections are chosen by name, by default all; rows are kept as `benchmarks.sections` says.
"""

from __future__ import annotations

import sys

from benchmarks.ground import flood, sign_in, stores, swaps, writers
from benchmarks.sections import Section, measure_sections

SECTIONS: dict[str, Section] = {
    "flood": flood.measure,
    "sign_in": sign_in.measure,
    "swaps": swaps.measure,
    "stores": stores.measure,
    "writers": writers.measure,
}


if __name__ == "__main__":
    sys.exit(measure_sections("ground", SECTIONS, __doc__))
