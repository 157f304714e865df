import re
from pathlib import Path

import pytest

import cloudlet.portal
from cloudlet.portal.assets import Assets
from cloudlet.portal.errors import BundleMissing

TEMPLATES = Path(cloudlet.portal.__file__).parent / "templates"


def test_a_missing_bundle_says_how_to_build_it(tmp_path) -> None:
    with pytest.raises(BundleMissing, match="npm run build"):
        Assets(tmp_path)


def test_an_asset_that_the_bundle_lacks_is_an_error_not_a_broken_page(assets) -> None:
    with pytest.raises(BundleMissing, match=r"lacking\.js"):
        assets.address("lacking.js")


async def test_assets_may_be_kept_for_ever(browser, assets) -> None:
    async with browser(None) as client:
        answer = await client.get(assets.address("portal.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/static/", "/static/manifest.jso", "/static/../app.py", "/static/%2e%2e/app.py"])
async def test_nothing_but_assets_is_served(browser, path) -> None:
    async with browser(None) as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_a_template_holds_no_inline_style_script_or_handler(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe", text)
    assert not re.findall(r"<script(?![^>]*(?:src=|application/json))", text)
