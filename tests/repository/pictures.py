"""docs/report.png and docs/emergency.png: ``python -m tests.repository.pictures``.

Chromium draws the reports of two runs on the embedded cluster. Where it is not installed, nothing
is drawn and the reason is printed.
"""

import contextlib
import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests import ROOT
from upkeep.commands import suite

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# name: (arguments of the run, height in pixels)
PICTURES = {
    "report.png": (("-m", "daily", "--demo=alert-errors", "--gate"), 1500),
    "emergency.png": (("-m", "emergency", "--demo=bad-configuration-change"), 1900),
}
WIDTH, DEADLINE_SECONDS = 1280, 120


def program() -> str | None:
    """Return the path of Chromium; ``None`` where it is not installed."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


def picture(browser: str, page: Path, target: Path, *, height: int) -> None:
    """Draw a page as a PNG.

    :raises subprocess.CalledProcessError: the browser failed.
    """
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
    size, out = f"--window-size={WIDTH},{height}", f"--screenshot={target}"
    command = [browser, *options, size, out, page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_SECONDS)


def main() -> int:
    """Draw every picture. Exit code 0, also where Chromium is missing."""
    browser = program()
    if browser is None:
        print(f"skipped: none of {', '.join(PROGRAMS)} is installed (apt-get install chromium)")
        return 0
    for name, (arguments, height) in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            with contextlib.redirect_stdout(io.StringIO()):
                suite.run([*arguments, f"--out={folder}", "-q"])
            page = Path(folder) / "compliance.html"
            if not page.is_file():
                raise SystemExit(f"{name}: the run with {' '.join(arguments)} wrote no report")
            picture(browser, page, ROOT / "docs" / name, height=height)
        print(f"docs/{name}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
