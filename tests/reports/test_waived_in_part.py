"""A waiver covers findings, and never the part of a control that was not measured."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

WAIVER = """\
- control: {control}
  reason: pod a is moved on Thursday
  owner: Ada
  approved_by: Bob
  approved_on: {today}
  ticket: OPS-7
  expires: {until}
"""


def waivers(inner: Inner, *controls: str) -> str:
    today = datetime.now(UTC).date()
    path = Path(inner.pytester.path / "waivers.yaml")
    path.write_text(
        "".join(
            WAIVER.format(control=one, today=today, until=today + timedelta(days=5))
            for one in controls
        )
    )
    return f"--waivers={path}"


@pytest.fixture
def inner(pytester: pytest.Pytester) -> Inner:
    return Inner(
        pytester,
        check("half", "assert judge(HALF)", marks="daily gate"),
        check("whole", "assert judge(BAD)", marks="daily gate"),
    )


def test_waived_findings_leave_the_unmeasured_rest_unknown(inner: Inner) -> None:
    result = inner.run("--gate", waivers(inner, "half", "whole"))
    lines = inner.lines()
    assert lines["whole"]["outcome"] == "waived"
    assert (lines["half"]["outcome"], lines["half"]["reason"]) == ("unknown", "forbidden")
    assert lines["half"]["summary"].startswith("pod b was not read. Findings beside it: waived")
    assert result.ret == 12
    text = result.stdout.str()
    assert "Findings beside it: waived until" in text
    assert "it covers no finding" not in text


def test_without_a_waiver_the_findings_count(inner: Inner) -> None:
    assert inner.run("--gate", waivers(inner, "whole")).ret == 10
    assert inner.lines()["half"]["outcome"] == "fail"


def test_a_known_finding_of_the_baseline_leaves_it_unknown_too(inner: Inner) -> None:
    inner.run()
    base = inner.out.rename(inner.out.with_name("base"))
    assert inner.run(f"--baseline={base}").ret == 1
    assert inner.outcomes() == {"half": "unknown", "whole": "waived"}
