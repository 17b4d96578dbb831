"""What follows from what: only relations that there are, nothing lost, nothing under somebody else's name."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import causes
from reports.causes import RELATIONS, Story, stories
from tests.repository.test_runbook import finding_codes
from upkeep.commands import suite
from upkeep.model import CADENCES, SEVERITIES, Control, Finding, Outcome, Result

A, B = "Pod/cano-a container/cano-collector", "Pod/cano-b container/cano-collector"
CONFIG = "ConfigMap/teams"


def find(
    code: str, about: str = "Deployment/cano", observed: str | int = "", message: str = ""
) -> Finding:
    return Finding(about, code, message or f"{about}: {code}.", observed)


def result(
    control: str,
    *findings: Finding,
    outcome: Outcome = Outcome.FAIL,
    severity: str = "high",
    target: str = "default",
    limit: int | None = None,
    reason: str = "",
    summary: str = "",
) -> Result:
    about = Control(
        control, "A title.", severity, "guide", ("emergency",), False, f"docs/runbook.md#{control}"
    )
    return Result(
        about, target, outcome, summary or control, reason, limit=limit, findings=findings
    )


def unknown(control: str, reason: str, summary: str = "") -> Result:
    return result(control, outcome=Outcome.UNKNOWN, reason=reason, summary=summary)


LOOP = find("container-waiting", A, "CrashLoopBackOff")
TOO_FEW = find("replicas-not-ready", observed=0)
DOWN = result("pods-ready", LOOP, TOO_FEW, severity="critical")
INVALID = result("config-valid", find("unknown-destination", CONFIG), severity="critical")
CHANGED = result("config-backed-up", find("changed-before-crash", CONFIG))


def names(*results: Result) -> list[tuple[str, list[str]]]:
    return [
        (story.cause.control.id, [one.control.id for one in story.symptoms])
        for story in stories(results)
    ]


def test_a_bad_change_is_before_all_that_follows_from_it() -> None:
    told = names(
        unknown(
            "processing-fast",
            "unreachable",
            "Pod/cano-a refuses connections: its metrics cannot be read",
        ),
        CHANGED,
        INVALID,
        result("endpoints-serving", find("no-ready-endpoint", "Service/cano"), limit=0),
        result("health-ok", find("connection-refused", "Pod/cano-a")),
        result("recent-logs-clean", find("fatal-logged", A)),
        DOWN,
        result("pods-stable", find("container-restarted", A, 9)),
        result(
            "warning-events",
            find("event-warned", "Pod/cano-a", 97),
            find("event-warned", "Deployment/cano", 1),
        ),
    )
    assert told == [
        (
            "config-backed-up",
            [
                "config-valid",
                "recent-logs-clean",
                "pods-ready",
                "endpoints-serving",
                "health-ok",
                "warning-events",
                "pods-stable",
                "processing-fast",
            ],
        )
    ]


def test_without_the_configuration_the_last_line_of_the_crash_is_the_cause() -> None:
    """A daily run does not read the configuration. The fatal line says what is wrong with it."""
    fatal = result("recent-logs-clean", find("fatal-logged", A))
    assert names(DOWN, fatal) == [("recent-logs-clean", ["pods-ready"])]
    killed = find("container-restarted", A, 9, "it was OOMKilled")
    assert len(names(result("pods-stable", killed), fatal)) == 2


@pytest.mark.parametrize(
    ("cause", "symptom"),
    [
        (INVALID, DOWN),
        (CHANGED, result("config-valid", find("required", CONFIG))),
        (
            result("config-backed-up", find("configuration-object-gone", "Secret/s")),
            result(
                "pods-ready", find("container-waiting", A, "CreateContainerConfigError"), TOO_FEW
            ),
        ),
        (
            result("scale-rehearsed", find("quota-too-small", "ResourceQuota/q")),
            result("pods-ready", find("replicas-not-ready", message="… exceeded quota: compute …")),
        ),
        (
            result("scale-rehearsed", find("nodes-full")),
            result("pods-ready", find("pod-not-ready", "Pod/cano-a", "Unschedulable"), TOO_FEW),
        ),
        (
            result("cpu-memory-headroom", find("memory-nearly-used", A)),
            result(
                "pods-stable",
                find(
                    "container-restarted", A, 3, "restarted; last exit: OOMKilled, exit code 137."
                ),
            ),
        ),
        (
            result("health-ok", find("wrong-status", "Pod/cano-a", 503)),
            result("pods-ready", find("container-not-ready", A), TOO_FEW),
        ),
        (
            result("pods-ready", find("container-waiting", A, "ImagePullBackOff"), TOO_FEW),
            unknown("cpu-memory-headroom", "absent", "metrics-server has no usage of pod cano-a"),
        ),
        (
            result("pods-ready", find("zero-replicas")),
            unknown("health-ok", "absent", "nothing to look at"),
        ),
        (result("pods-ready", TOO_FEW), unknown("recent-logs-clean", "too-early", "12 h of 1 d")),
        (
            result("fallback-notification", find("wrong-port", "Receiver/cano")),
            result("alerts-flow", find("routed-alerts-do-not-arrive")),
        ),
    ],
)
def test_what_follows(cause: Result, symptom: Result) -> None:
    assert stories([symptom, cause]) == (Story(cause, (symptom,)),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Another pod, another object, another reason.
        (DOWN, result("health-ok", find("connection-refused", "Pod/cano-b"))),
        (DOWN, result("recent-logs-clean", find("error-logged", B))),
        (CHANGED, result("config-valid", find("required", "Secret/other"))),
        (INVALID, result("pods-ready", find("container-waiting", A, "ImagePullBackOff"))),
        (
            INVALID,
            result(
                "pods-stable",
                find("container-restarted", A, 1, "last exit: OOMKilled, exit code 137."),
            ),
        ),
        (result("config-backed-up", find("configuration-object-gone", "Secret/s")), DOWN),
        (result("scale-rehearsed", find("quota-too-small")), DOWN),
        (result("scale-rehearsed", find("nodes-full")), DOWN),
        # A key that is ignored stops nothing; a difference that nothing shows to have come first is none's cause.
        (result("config-valid", find("misspelt", CONFIG)), DOWN),
        (result("config-backed-up", find("object-differs", CONFIG)), DOWN),
        # Part of it is its own.
        (
            DOWN,
            result(
                "health-ok",
                find("connection-refused", "Pod/cano-a"),
                find("wrong-status", "Pod/cano-b", 503),
            ),
        ),
        # Some pod is ready, so the endpoint should be there.
        (DOWN, result("endpoints-serving", find("no-ready-endpoint"), limit=1)),
        # It could not be measured for a reason of its own.
        (DOWN, unknown("health-ok", "forbidden", "may not get Pod/cano-a")),
        (
            DOWN,
            unknown("processing-fast", "unreachable", "https://10.0.0.1:6443 cannot be reached"),
        ),
        (DOWN, unknown("backup-restores", "absent", "no identity for Pod/cano-a")),
        (DOWN, result("alerts-flow", find("no-alerts"))),
        (DOWN, result("recovery-rehearsed", find("not-attested"), outcome=Outcome.DUE)),
        (DOWN, result("pods-stable", find("container-restarted", A), target="another")),
        (
            result("pods-ready", LOOP, outcome=Outcome.WAIVED),
            result("pods-stable", find("container-restarted", A)),
        ),
    ],
)
def test_what_does_not_follow(one: Result, other: Result) -> None:
    assert all(story.symptoms == () for story in stories([one, other]))


def test_stories_come_in_the_order_of_their_weight() -> None:
    grave = result("endpoints-serving", find("stale-endpoint"), severity="critical")
    assert names(
        result("x", find("event-warned", "Pod/other"), severity="medium"), grave, DOWN, INVALID
    ) == [
        ("config-valid", ["pods-ready"]),
        ("endpoints-serving", []),
        ("x", []),
    ]


def test_what_passed_was_waived_or_not_run_is_in_no_story() -> None:
    fine = [
        result(f"c{n}", outcome=outcome)
        for n, outcome in enumerate(
            (Outcome.PASS, Outcome.WAIVED, Outcome.NOT_RUN, Outcome.NOT_APPLICABLE)
        )
    ]
    assert stories(fine) == ()


def test_every_word_of_the_relations_is_a_finding_or_a_control() -> None:
    assert set(codes) - finding_codes() == set()
    assert (causes.READ_PODS | causes.READ_LOGS) - set(suite.declared(CADENCES)) == set()


codes = sorted({code for relation in RELATIONS for code in (*relation.causes, *relation.symptoms)})
found = st.builds(
    find,
    st.sampled_from(codes),
    st.sampled_from([A, B, CONFIG, "Service/cano"]),
    st.sampled_from(["CrashLoopBackOff", "", 0]),
)
failed = st.builds(
    lambda findings, limit: result("c", *findings, limit=limit),
    st.lists(found, min_size=1, max_size=3),
    st.sampled_from([0, 1]),
)
blind = st.builds(
    unknown,
    st.sampled_from(sorted(causes.READ_PODS)),
    st.sampled_from(["absent", "unreachable", "too-early"]),
    st.just("cano-a"),
)


@given(st.lists(failed | blind, max_size=7))
def test_every_result_is_told_exactly_once(results: Sequence[Result]) -> None:
    told = [one for story in stories(results) for one in (story.cause, *story.symptoms)]
    assert sorted(map(id, told)) == sorted(map(id, results))
    weights = [
        (not story.symptoms, SEVERITIES.index(story.cause.control.severity))
        for story in stories(results)
    ]
    assert weights == sorted(weights)
