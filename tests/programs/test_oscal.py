"""OSCAL: compliance-trestle accepts what real runs write, and refuses it when it is harmed."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from reports.compliance.oscal import oscal
from tests import ROOT
from tests.checks.inner import EVERY, LEDGER_ALONE
from tests.reports.formats.test_oscal import ALL, RUN, dangling
from upkeep.commands import suite

NAME = "oscal-assessment-results.json"
# Trestle pins jinja2 and paramiko: it has an environment of its own (tox.ini).
PYTHON = ROOT / ".tox" / "oscal" / "bin" / "python"
READ = """
import sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
AssessmentResults.oscal_read(Path(sys.argv[1]))
"""


def validated(file: Path) -> subprocess.CompletedProcess[str]:
    """Read a document with trestle, which checks it against the model of OSCAL 1.2.1."""
    if not PYTHON.exists():
        sentence = f"no {PYTHON}: tox run -e oscal --notest"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    words = [str(PYTHON), "-c", READ, str(file)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def document(scenario: str, out: Path, *arguments: str) -> Path:
    """Return the document of a run of every control."""
    words = ["-m", EVERY, "-q", f"--demo={scenario}", f"--out={out}", *LEDGER_ALONE, *arguments]
    suite.run(words)
    return out / NAME


@pytest.mark.parametrize(
    ("scenario", "arguments"),
    [
        ("healthy", ()),
        ("chart/crash-looping", ()),
        ("expired@all", ()),
        ("healthy", ("-x", "-k", "pod")),
        ("chart-defaults", ("--absent=helm=plain manifests", "--absent=alertmanager=none")),
    ],
)
def test_trestle_accepts_what_a_run_writes(
    scenario: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    file = document(scenario, tmp_path, *arguments)
    assert dangling(json.loads(file.read_text(encoding="utf-8"))["assessment-results"]) == []
    read = validated(file)
    assert read.returncode == 0, read.stderr


def test_trestle_accepts_every_outcome_waivers_and_bundles(tmp_path: Path) -> None:
    bundle = {"run": "r7", "started": "2026-01-01T00:00:00Z"}
    for number, run in enumerate((RUN, RUN | {"bundles": [bundle], "stopped": ["it ended"]})):
        file = tmp_path / f"{number}.json"
        file.write_text(oscal(ALL if number == 0 else [], run=run, gate=None), encoding="utf-8")
        read = validated(file)
        assert read.returncode == 0, read.stderr


def without_a_time(found: dict[str, Any]) -> None:
    del found["results"][0]["observations"][0]["collected"]


def with_another_state(found: dict[str, Any]) -> None:
    found["results"][0]["findings"][0]["target"]["status"]["state"] = "unknown"


def with_an_unknown_field(found: dict[str, Any]) -> None:
    found["results"][0]["outcome"] = "pass"


@pytest.mark.parametrize("harm", [without_a_time, with_another_state, with_an_unknown_field])
def test_trestle_refuses_what_is_no_oscal(harm, tmp_path: Path) -> None:
    file = document("healthy", tmp_path, "-k", "pod")
    found = json.loads(file.read_text(encoding="utf-8"))
    harm(found["assessment-results"])
    file.write_text(json.dumps(found), encoding="utf-8")
    assert validated(file).returncode != 0
