"""The pages in a browser: axe-core finds no violation at 390 and 1280 px, light and dark, and nothing is cut."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.programs import QUICK, program
from upkeep.__main__ import main
from upkeep.commands import suite

AXE = "axe-core@4.10.3"
WIDTHS = (390, 1280)
# Chromium's own window is never narrower than this, so the page stands in a frame of the width.
FRAME = """<!doctype html><title>x</title><style>body{{margin:0}}</style>
<iframe id=frame title=page style="border:0;width:{width}px;height:2000px"></iframe><pre id=found></pre>
<script>
const frame = document.getElementById("frame");
frame.onload = async () => {{
  const inner = frame.contentWindow;
  const script = frame.contentDocument.createElement("script");
  script.textContent = AXE_SOURCE;
  frame.contentDocument.head.append(script);
  const found = await inner.axe.run(frame.contentDocument, {{resultTypes: ["violations"]}});
  const root = frame.contentDocument.documentElement;
  document.getElementById("found").textContent = JSON.stringify({{
    violations: found.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html]),
    passes: found.passes.length, dark: inner.matchMedia('(prefers-color-scheme: dark)').matches, wide: root.scrollWidth, width: inner.innerWidth}});
}};
const PAGE = {page}, AXE_SOURCE = {axe};
frame.srcdoc = PAGE;
</script>"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    words = [program("npm"), "install", "--no-fund", "--no-audit", "--ignore-scripts", AXE]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report with findings and with what could not be measured, and the fleet's three kinds of pages."""
    folder = tmp_path_factory.mktemp("pages")
    every = "daily or weekly or monthly or quarterly or emergency"
    chosen = ["-m", every, "-q", "--demo=chart-defaults", f"--out={folder}", *QUICK]
    suite.run([*chosen, f"--ledger={folder / 'ledger'}", "--gate"])
    fleet = folder / "fleet"
    assert main(["render", f"--ledger={folder / 'ledger'}", f"--out={fleet}"]) == 0
    return {
        "report": folder / "compliance.html",
        "fleet": fleet / "index.html",
        "run": next(fleet.glob("run-*.html")),
        "control": fleet / "control-pods-ready.html",
    }


def looked_at(page: Path, folder: Path, axe: str, *, width: int, dark: bool) -> dict[str, Any]:
    """Return what axe found on a page. Its policy forbids scripts, so axe gets the page without it."""
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    # A literal of JavaScript inside of <script>: no "</" may stand in it.
    literals = {name: json.dumps(value).replace("</", "<\\/") for name, value in (("page", text), ("axe", axe))}  # fmt: skip
    framed = folder / "framed.html"
    framed.write_text(FRAME.format(width=width, **literals), encoding="utf-8")
    words = [
        program("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
        "--virtual-time-budget=60000", "--window-size=1400,2200", f"--user-data-dir={folder / 'profile'}",
        *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []),
        framed.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=180)
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, flags=re.DOTALL)
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    return dict(json.loads(html.unescape(found[1])))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["report", "fleet", "run", "control"])
def test_anybody_can_read_it(
    name: str, width: int, pages: dict[str, Path], axe: str, tmp_path: Path
) -> None:
    found = looked_at(pages[name], tmp_path, axe, width=width, dark=False)
    assert found["violations"] == []
    assert found["passes"] > 10
    assert found["wide"] <= found["width"] == width


def test_in_the_dark_too(pages: dict[str, Path], axe: str, tmp_path: Path) -> None:
    found = looked_at(pages["report"], tmp_path, axe, width=1280, dark=True)
    assert (found["dark"], found["violations"]) == (True, [])


def test_a_page_that_few_can_read_is_told(axe: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<html><!-- default-src 'none' --><img src=x><p style='color:#ddd'>pale")
    found = looked_at(bad, tmp_path, axe, width=390, dark=False)
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {
        one[0] for one in found["violations"]
    }


def test_the_whole_report_prints_on_few_pages(pages: dict[str, Path], tmp_path: Path) -> None:
    """All controls of the chart's defaults, of which most fall short, are at most 25 pages of A4."""
    words = [
        program("chromium"), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        f"--print-to-pdf={tmp_path / 'report.pdf'}", pages["report"].as_uri(),
    ]  # fmt: skip
    subprocess.run(words, check=True, capture_output=True, timeout=180)
    told = subprocess.run(
        [program("pdfinfo"), tmp_path / "report.pdf"], check=True, capture_output=True, text=True
    ).stdout
    number = re.search(r"^Pages:\s+(\d+)", told, flags=re.MULTILINE)
    assert number
    assert 5 < int(number[1]) <= 25
