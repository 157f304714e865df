"""Scripts write text as the server does; they are built as for the bundle and run by Node.js."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from unicodedata import category

import pytest

from cloudlet.escaping import escape_controls

FRONTEND = Path(__file__).parents[3] / "frontend"
BUNDLER = FRONTEND / "node_modules/.bin/esbuild"
EVERY_CHARACTER = """
const characters = Array.from({length: 0x110000}, (_, code) => String.fromCodePoint(code));
console.log(JSON.stringify({
    unassigned: characters.flatMap((sign, code) => /\\p{Cn}/u.test(sign) ? [code] : []),
    escaped: characters.flatMap((sign, code) => escapeControls(sign) === sign ? [] : [[code, escapeControls(sign)]]),
    text: escapeControls("a\\u202e\\u{e0041}\\ud800b\\u200c\\n\\u202e"),
}));
"""
INTO_THE_PAGE = re.compile(
    r"\.(textContent|innerText|innerHTML|outerHTML|title|alt|ariaLabel|placeholder)\s*=[^=]"
    r"|\.setAttribute\((?!\"aria-valuenow\")|insertAdjacent|createTextNode|document\.write"
    r"|\.(append|prepend|before|after|replaceWith|replaceChildren)\([\"'`]"
)


@pytest.mark.needs("node")
@pytest.mark.skipif(
    not BUNDLER.exists() and not os.environ.get("CLOUDLET_TESTS_COMPLETE"), reason="needs `npm ci` in frontend/"
)
def test_scripts_escape_the_characters_that_the_server_escapes_and_no_others(tmp_path: Path) -> None:
    script = tmp_path / "script.mjs"
    command = [
        BUNDLER,
        "src/escaping.ts",
        "--format=esm",
        "--target=es2022",
        f"--outfile={script}",
        "--log-level=error",
    ]
    subprocess.run(command, cwd=FRONTEND, check=True, timeout=60)
    with script.open("a") as more:
        more.write(EVERY_CHARACTER)
    answer = subprocess.run(["node", script], check=True, capture_output=True, text=True, timeout=60)
    of_scripts = json.loads(answer.stdout)
    assert of_scripts["text"] == escape_controls("a\u202e\U000e0041\ud800b\u200c\n\u202e")
    # each knows the Unicode of its own release: what is new in one of them cannot be compared
    unassigned = set(of_scripts["unassigned"])
    common = [chr(code) for code in range(0x110000) if code not in unassigned and category(chr(code)) != "Cn"]
    assert len(common) > 200_000
    escaped = {chr(code): text for code, text in of_scripts["escaped"]}
    assert {sign: escaped.get(sign, sign) for sign in common} == {sign: escape_controls(sign) for sign in common}


@pytest.mark.parametrize("script", sorted((FRONTEND / "src").rglob("*.ts")), ids=lambda path: path.name)
def test_text_is_put_into_the_page_in_one_place_alone(script: Path) -> None:
    found = INTO_THE_PAGE.search(script.read_text())
    assert found is None or script.name == "dom.ts", found
