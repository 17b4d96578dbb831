"""summary.md: what it says, and that no fact of a run becomes Markdown."""

import msgspec.structs

from reports.compliance import markdown
from tests.reports.samples import FAILED, PASSED, RUN


def test_no_fact_of_a_run_is_markdown_in_the_summary():
    """A worker's run.json comes from another job."""
    text = "![x](http://a) <img>"
    facts = RUN | dict.fromkeys(("run", "version", "started", "ended"), text)
    gate = {"verdict": text, "code": 10}
    control = msgspec.structs.replace(FAILED.control, runbook="docs/x.md) <img>")
    said = markdown([msgspec.structs.replace(FAILED, control=control)], run=facts, gate=gate)
    assert said.count("img") == 6
    assert "<img" not in said.replace("\\<", "")
    assert "![" not in said


def test_the_summary():
    assert markdown([FAILED, PASSED], run=RUN, gate=None) == (
        "# Maintenance of cano-collector\n\n"
        "**1 of 2 controls did not pass: 1 failed.**\n\n"
        "| outcome | control | target | severity | observed | finding codes |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| failed | [pods-ready](https://github.com/kubecano/cano-upkeep/blob/main/docs/runbook.md#pods-ready) | prod-eu | critical | Pod a is not ready. | not-ready |\n"
        "| passed | [logs-clean](https://github.com/kubecano/cano-upkeep/blob/main/docs/runbook.md#pods-ready) | prod-eu | critical | 0 errors |  |\n\n"
        "Run 20260102T120000Z-abc123, 2026-01-02T12:00:00Z to 2026-01-02T12:00:03Z, 24 requests, upkeep 0.1.0.\n"
    )


def test_the_summary_of_an_embedded_cluster_says_so():
    line = "Embedded cluster (`--demo`): this run checked no real cluster."
    embedded = [place | {"embedded": True} for place in RUN["looked_at"]]
    assert line in markdown([PASSED], run=RUN | {"looked_at": embedded}, gate=None)
    assert line not in markdown([PASSED], run=RUN, gate=None)
