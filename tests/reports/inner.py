"""A small suite of checks in a folder of its own, with the reports' real plugins and the real options around it."""

import json
import textwrap
from pathlib import Path
from typing import Any

# Imported here once: pytester forgets what an inner run imports, and these cost each of them a second.
import allure_pytest.plugin  # noqa: F401 - see above
import jinja2  # noqa: F401 - see above
import pytest
import pytest_html.plugin  # noqa: F401 - see above

import upkeep.settings.run
import upkeep.sweep  # noqa: F401 - see above

PLUGINS = [
    "reports.controls",
    "reports.selection",
    "reports.decisions",
    "reports.findings",
    "reports.unrun",
    "reports.ledger",
    "reports.compliance",
    "reports.html",
    "reports.terminal",
    "reports.gate",
    "fixtures.options",
    "fixtures.clock",
    "reports.refused",
]
# As ../../conftest.py does, and for its reason.
LOADED = """
def pytest_addoption(pluginmanager):
    for name in PLUGINS:
        pluginmanager.import_plugin(name)
"""
INI = """
[pytest]
addopts = --strict-markers -p no:hypothesispytest -p no:xdist
testpaths = checks
empty_parameter_set_mark = fail_at_collect
markers =
    control(id, severity, guide): the control
    daily: daily
    weekly: weekly
    monthly: monthly
    quarterly: quarterly
    emergency: emergency
    gate: gate
"""
HEAD = """
import pytest
from datetime import UTC, datetime
from upkeep.session import EVIDENCE
from upkeep.errors import *
from upkeep.model import Evidence, Finding, Judgement

GOOD = Judgement((), "2 of 2 replicas ready", limit=2, unit="replicas", basis="Pods, now")
HALF = Judgement(
    (Finding("Pod/a", "not-ready", "Pod a is not ready."),),
    "1 of 2 replicas ready",
    unmeasured=Forbidden("pod b was not read", source="GET /api/v1/pods"),
)
BAD = Judgement(
    (Finding("Pod/a", "not-ready", "Pod a is not ready.", observed=1, limit=2, unit="replicas", next="kubectl describe pod a"),),
    "1 of 2 replicas ready", limit=2, unit="replicas", basis="Pods, now",
)
"""


def check(
    name: str,
    body: str = "assert judge(GOOD)",
    *,
    marks: str = "daily",
    fixtures: str = "judge",
    severity: str = "high",
) -> str:
    """A check called ``name``, which is its control's id too; ``marks`` are separated by spaces."""
    lines = [f'@pytest.mark.control(id="{name}", severity="{severity}", guide="Check pod status")']
    lines += [f"@pytest.mark.{mark}" for mark in marks.split()]
    lines += [f"def test_{name.replace('-', '_')}({fixtures}):", f'    """It holds for {name}.', ""]
    lines += [
        "    Because.",
        f"    Fix: docs/runbook.md#{name}",
        '    """',
        textwrap.indent(textwrap.dedent(body), "    "),
    ]
    return "\n".join(lines) + "\n\n"


class Inner:
    """The inner suite. ``out`` is its folder of results."""

    def __init__(
        self, pytester: pytest.Pytester, *checks: str, conftest: str = "", ini: str = INI
    ) -> None:
        self.pytester = pytester
        self.out = pytester.path / "reports" / "out"
        pytester.makefile(".ini", pytest=ini)
        pytester.makeconftest(f"import pytest\nPLUGINS = {PLUGINS!r}\n{LOADED}{conftest}")
        folder = pytester.mkdir("checks")
        (folder / "test_inner.py").write_text(HEAD + "\n" + "".join(checks), encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        """The inner suite, in this process."""
        return self.pytester.runpytest_inprocess(*arguments)

    def lines(self, folder: Path | None = None) -> dict[str, dict[str, Any]]:
        """The lines of results.jsonl by control."""
        text = ((folder or self.out) / "results.jsonl").read_text(encoding="utf-8")
        return {line["control"]: line for line in map(json.loads, text.splitlines())}

    def outcomes(self) -> dict[str, str]:
        """The outcome of each control."""
        return {control: line["outcome"] for control, line in self.lines().items()}

    def file(self, name: str) -> Any:
        """A JSON file of the results."""
        return json.loads((self.out / name).read_text(encoding="utf-8"))
