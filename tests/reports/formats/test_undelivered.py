"""Metrics that were not published: no run without a gate ends with 0 then, and the summary says so."""

import pytest

from tests.reports.inner import Inner, check

pytest_plugins = ["pytester"]

# Before the summary, as conftest.py of the suite has it.
MORE = "PLUGINS[:0] = ['reports.memory', 'reports.metrics']\n"
BAD = check("bad", "assert judge(BAD)", marks="daily gate")
# Port 1 of loopback has no listener.
PUSH = "--pushgateway=http://127.0.0.1:1"
SAID = "metrics not published: --pushgateway: connection refused"


@pytest.mark.parametrize(
    ("arguments", "checks", "code"),
    [
        ([], (), 3),
        ([], (BAD,), 1),
        (["--exit-zero"], (), 3),
        (["--exit-zero"], (BAD,), 3),
        (["--exit-zero", "--gate"], (BAD,), 3),
        (["--gate"], (), 0),
        (["--gate"], (BAD,), 10),
    ],
)
def test_metrics_that_were_not_published_are_told(
    pytester: pytest.Pytester, arguments: list[str], checks: tuple[str, ...], code: int
) -> None:
    inner = Inner(pytester, check("good", marks="daily gate"), *checks, conftest=MORE)
    result = inner.run("-m", "daily", PUSH, *arguments)
    assert result.ret == code
    result.stdout.fnmatch_lines([f"{SAID}*"])
    assert inner.file("run.json")["undelivered"][0].startswith(SAID)
    assert SAID.replace("metrics", "**Metrics") in (inner.out / "summary.md").read_text()


def test_a_file_that_cannot_be_written_is_told(pytester: pytest.Pytester) -> None:
    inner = Inner(pytester, check("good"), conftest=MORE)
    result = inner.run("-m", "daily", f"--textfile={pytester.path}/none/x.prom")
    assert result.ret == 3
    assert "--textfile: No such file" in (inner.out / "summary.md").read_text()


def test_a_run_that_publishes_has_no_such_line(pytester: pytest.Pytester) -> None:
    inner = Inner(pytester, check("good"), conftest=MORE)
    assert inner.run("-m", "daily", f"--textfile={pytester.path}/x.prom").ret == 0
    assert "undelivered" not in inner.file("run.json")
