from pathlib import Path

from cloudlet.cryoem.figures_page import render

PAGE = Path(__file__).parents[3] / "docs/reference/figures.md"


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == render(), (
        "run: python -m cloudlet.cryoem.figures_page > docs/reference/figures.md"
    )
