"""The end of a run on the terminal."""

import sys
from pathlib import Path

import pytest

from tests.reports.inner import Inner, check
from upkeep.shell import activation

pytest_plugins = ["pytester"]

GONE = """
@pytest.fixture
def gone():
    raise Unreachable("https://10.0.0.1:6443 cannot be reached: refused", source="GET /api/v1/pods", next_step="kubectl cluster-info")
"""
MANY = """
step = "kubectl describe pod p{n}\\nkubectl logs p{n}"
findings = tuple(Finding(f"Pod/p{n}", "x", f"Pod p{n}\\nis not ready.", next=step.format(n=n)) for n in range(6))
assert judge(Judgement(findings, "0 of 6 ready"))
"""


def ending(result: pytest.RunResult) -> list[str]:
    """The lines between the heading and pytest's own last lines."""
    lines = result.outlines
    start = next(
        (number for number, line in enumerate(lines) if "controls that did not pass" in line), -1
    )
    last = next(at for at in reversed(range(len(lines))) if lines[at].startswith("="))
    return [line for line in lines[start + 1 : last] if not line.startswith(("=", "-"))]


def test_three_lines_for_what_fell_short(pytester):
    inner = Inner(
        pytester,
        check("pods-ready", "assert judge(BAD)", marks="daily gate", severity="critical"),
        check("fine"),
    )
    result = inner.run()
    assert ending(result) == [
        "FAIL pods-ready [default] (critical, gate): Pod a is not ready.",
        "    where: Pod/a [not-ready] (1 of 2 replicas ready)",
        "    next: kubectl describe pod a",
        "1 pass  1 fail  (2 controls, 0 requests)",
        f"compliance report: {inner.out / 'compliance.html'}",
    ]
    assert "FAILURES" not in result.stdout.str()
    assert "short test summary" not in result.stdout.str()


def test_three_lines_also_for_many_findings(pytester):
    assert ending(Inner(pytester, check("pods-ready", MANY)).run())[:3] == [
        "FAIL pods-ready [default] (high): Pod p0 is not ready. (and 5 more)",
        "    where: Pod/p0 [x], Pod/p1 [x], Pod/p2 [x], Pod/p3 [x] and 2 more (0 of 6 ready)",
        "    next: kubectl describe pod p0",
    ]


CRASH = """
message = "Container c of pod a waits: CrashLoopBackOff."
findings = (Finding("Pod/a container/c", "container-waiting", message, "CrashLoopBackOff", next="kubectl logs a --previous"),)
assert judge(Judgement(findings, "0 of 1 replicas ready"))
"""
LOG = 'assert judge(Judgement((Finding("Pod/a container/c", "panic-logged", "It said why."),), "1 bad line"))'
BLIND = "raise Unreachable('Pod/a refuses connections', source='/metrics')"


def test_likely_causes_come_first_and_what_follows_is_a_line_under_them(pytester):
    inner = Inner(
        pytester,
        check("alerts-flow", BLIND),
        check("backups-old", "assert judge(BAD)", severity="medium"),
        check("endpoints-odd", "assert judge(BAD)", severity="critical"),
        check("error-rate-low", BLIND, severity="critical"),
        check("logs-clean", LOG),
        check("pods-ready", CRASH, marks="daily gate"),
    )
    assert ending(inner.run()) == [
        "FAIL pods-ready [default] (high, gate), the likely cause of 3 more: Container c of pod a waits: CrashLoopBackOff.",
        "    where: Pod/a container/c [container-waiting] (0 of 1 replicas ready)",
        "    next: kubectl logs a --previous",
        "    effect: FAIL logs-clean (high) [panic-logged]: It said why.",
        "    effect: COULD NOT MEASURE alerts-flow, error-rate-low (unreachable): Pod/a refuses connections.",
        "FAIL endpoints-odd [default] (critical): Pod a is not ready.",
        "    where: Pod/a [not-ready] (1 of 2 replicas ready)",
        "    next: kubectl describe pod a",
        "    same finding: backups-old (medium)",
        "4 fail  2 unknown  (6 controls, 0 requests)",
        f"compliance report: {inner.out / 'compliance.html'}",
    ]


def test_the_very_same_finding_of_several_controls_is_told_once(pytester):
    """An empty folder of backups is one thing to do, however many controls wanted a backup."""
    inner = Inner(
        pytester,
        *(
            check(name, "assert judge(BAD)", severity=how)
            for name, how in (("a", "high"), ("b", "critical"), ("c", "low"))
        ),
    )
    assert ending(inner.run())[:5] == [
        "FAIL b [default] (critical): Pod a is not ready.",
        "    where: Pod/a [not-ready] (1 of 2 replicas ready)",
        "    next: kubectl describe pod a",
        "    same finding: a (high), c (low)",
        "3 fail  (3 controls, 0 requests)",
    ]


def test_what_could_not_be_measured(pytester):
    body = "raise Forbidden('may not list pods', source='GET /api/v1/pods', next_step='upkeep rbac | kubectl apply -f -')"
    assert ending(Inner(pytester, check("pods-ready", body)).run())[:3] == [
        "COULD NOT MEASURE pods-ready [default] (high): may not list pods.",
        "    where: GET /api/v1/pods",
        "    next: upkeep rbac | kubectl apply -f -",
    ]


def test_one_cause_is_told_once_and_what_to_paste_stands_alone(pytester):
    other = "raise Forbidden('may not', source='GET /x')"
    inner = Inner(
        pytester,
        GONE,
        *(check(f"c{n}", fixtures="judge, gone") for n in range(7)),
        check("other", other),
    )
    assert ending(inner.run())[:6] == [
        "COULD NOT MEASURE 7 controls [default] (unreachable): https://10.0.0.1:6443 cannot be reached: refused.",
        "    where: c0, c1, c2, c3, c4 and 2 more",
        "    next: kubectl cluster-info",
        "COULD NOT MEASURE other [default] (high): may not.",
        "    where: GET /x",
        "8 unknown  (8 controls, 0 requests)",
    ]


def test_two_servers_are_two_causes(pytester):
    bodies = [
        f"raise TimedOut('https://{host}: no answer within {n} s')"
        for n, host in enumerate(["a:1", "b:1", "a:1"])
    ]
    lines = ending(Inner(pytester, *(check(f"c{n}", body) for n, body in enumerate(bodies))).run())
    assert lines[:3] == [
        "COULD NOT MEASURE 2 controls [default] (timed-out): https://a:1: no answer within 0 s.",
        "    where: c0, c2",
        "COULD NOT MEASURE c1 [default] (high): https://b:1: no answer within 1 s.",
    ]


def test_what_may_not_be_read_is_told_apart(pytester):
    bodies = [
        f"raise Forbidden('may not list {word}', source='GET /{word}')"
        for word in ("pods", "services")
    ]
    lines = ending(Inner(pytester, *(check(f"c{n}", body) for n, body in enumerate(bodies))).run())
    assert lines[0] == "COULD NOT MEASURE c0 [default] (high): may not list pods."
    assert lines[2] == "COULD NOT MEASURE c1 [default] (high): may not list services."


def test_what_was_not_run_is_one_line(pytester):
    inner = Inner(pytester, *(check(f"c{n}") for n in range(3)))
    assert (
        ending(inner.run("-m", "daily", "-k", "c1"))[0]
        == "NOT RUN c0, c2: Left out by -k or --deselect."
    )


OURS = """
step = {step!r}
assert judge(Judgement((Finding("Pod/a", "x", "Pod a is not ready.", next=step),), "0 of 1 ready"))
"""


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("upkeep backup --backups=b", True),
        ("mount it here, or upkeep backup --backups=b", True),
        ("pytest -m daily", True),
        ("kubectl get pods", False),
    ],
)
def test_a_step_of_ours_names_the_environment_that_has_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, step: str, said: bool
) -> None:
    programs = Path(sys.prefix) / "bin"
    line = f"upkeep and pytest are not on the PATH: run `. {programs}/activate` before a printed command"
    inner = Inner(pytester, check("short", OURS.format(step=step)))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert inner.run().outlines.count(line) == said
    monkeypatch.setenv("PATH", f"/usr/bin:{programs}")
    assert line not in inner.run().outlines
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(sys.prefix)
    assert activation([step]) == (". bin/activate" if said else "")
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert activation([step]) == ""


def test_nothing_fell_short(pytester):
    inner = Inner(pytester, check("fine"))
    result = inner.run()
    assert "controls that did not pass" not in result.stdout.str()
    result.stdout.fnmatch_lines(
        ["1 pass  (1 control, 0 requests)", f"compliance report: {inner.out}/compliance.html"]
    )


def test_colours_only_where_pytest_colours(pytester):
    inner = Inner(pytester, check("pods-ready", "assert judge(BAD)"))
    assert "\x1b[1m\x1b[31mFAIL pods-ready" in inner.run("--color=yes").stdout.str()
    assert "\x1b[" not in inner.run("--color=no").stdout.str()


def test_the_likely_cause_is_closest_to_the_prompt(pytester):
    """It stands below pytest's own last line, wrapped at words, with a command in one piece."""
    names = ("c1", "c2")
    inner = Inner(pytester, *(check(name, "assert judge(BAD)") for name in names))
    lines = [line for line in inner.run().stdout.str().splitlines() if line]
    assert lines[-2:] == [
        "First of 2: c1 [default]: Pod a is not ready.",
        "next: kubectl describe pod a",
    ]
    assert lines[-3].strip("=").replace(",", "").split()[:2] == ["2", "failed"]


def test_one_result_is_not_repeated(pytester):
    inner = Inner(pytester, check("c1", "assert judge(BAD)"), check("c2"))
    lines = [line for line in inner.run().stdout.str().splitlines() if line]
    assert lines[-1].strip("=").split()[:2] == ["1", "failed,"]
