"""The page of what was measured is what its generator makes of the figures that are kept; plots are left to it."""

import json
import re
from pathlib import Path

import pytest
from benchmarks.engine.page_text import MISSING, TITLES, page_text

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "engine-measured.md"
MEASURED = Path(__file__).parents[3] / "benchmarks" / "engine" / "measured.json"


def test_the_page_says_what_was_measured_and_nothing_else() -> None:
    page, made = PAGE.read_text("utf-8"), page_text(json.loads(MEASURED.read_text("utf-8")), {})
    plots = re.findall(r"^!\[(.*)\]\(.*\)$", page, re.MULTILINE)
    drawn = {line for line in page.splitlines() if line.startswith("![") or line in plots}
    words = [line for line in page.splitlines() if line and line not in drawn]
    assert words == [line for line in made.splitlines() if line], "run: make bench NAME=engine.page"


@pytest.mark.parametrize("name", MISSING)
def test_a_section_that_was_not_measured_is_there_and_says_so(name: str) -> None:
    assert f"## {TITLES[name]}\n\nNot measured" in page_text({}, {})
    measured = {"rows": [{"name": f"{name}: speed", "value": 3.0, "unit": "x"}], "where": "Here"}
    text = page_text({name: measured}, {})
    assert "Not measured" not in text
    assert "| speed | 3 x |  |  |\n\nHere." in text
