"""The fault matrix: every source × every fault of the connection, one inner pytest for each kind of fault.

What a control reads is written down here once more, by hand: a control that passes or fails while one of its sources is withheld is wrong, and
so is one that could not be measured although nothing that it reads was withheld.
"""

from pathlib import Path

import pytest

from tests.checks.inner import run
from tests.repository.documents import BUILT
from upkeep import demo

EVERY = {
    "pods-ready", "pods-stable", "endpoints-serving", "health-ok", "recent-logs-clean", "alerts-flow", "alerts-not-dropped",
    "alerts-accounted-for", "error-rate-low", "destinations-succeed", "backup-job-healthy", "maintenance-alerts-quiet", "metrics-scraped", "config-valid",
    "destinations-used", "maintenance-alerts-loaded", "repeated-errors", "no-send-failures", "processing-fast",
    "config-backed-up", "backups-complete", "backup-restores",
    "cpu-memory-headroom", "disk-headroom", "connections-headroom", "latency-stable", "destinations-fast", "metrics-exported",
    "secrets-complete", "secrets-rotated", "secrets-rotatable", "config-fresh", "recovery-rehearsed", "documentation-current",
    "survives-node-loss", "runs-hardened", "limits-set", "network-restricted", "scaling-sound", "restart-rehearsed", "triage-possible",
    "warning-events", "rbac-least-privilege", "scale-rehearsed", "version-known", "up-to-date", "apis-served", "upgrade-rehearsed",
    "right-sized", "capacity-ahead", "limits-rehearsed", "restore-rehearsed", "fallback-notification", "secrets-guarded",
    "architecture-reviewed", "security-audited", "runbooks-updated", "emergency-procedures-reviewed",
}  # fmt: skip
COUNTERS = {
    "destinations-used",
    "alerts-flow",
    "alerts-not-dropped",
    "alerts-accounted-for",
    "error-rate-low",
    "destinations-succeed",
}
RULES = {"maintenance-alerts-quiet", "maintenance-alerts-loaded"}
BACKUPS = {"config-backed-up", "backups-complete", "backup-restores"}
SECRETS = {"secrets-complete", "secrets-rotated", "secrets-rotatable", "secrets-guarded"}
ATTESTED = {
    "recovery-rehearsed", "documentation-current", "architecture-reviewed", "security-audited", "runbooks-updated",
    "emergency-procedures-reviewed",
}  # fmt: skip
TEMPLATE = {
    "config-valid",
    "config-fresh",
    "limits-set",
    "network-restricted",
    "restart-rehearsed",
    "triage-possible",
    "rbac-least-privilege",
    "up-to-date",
    "apis-served",
    "upgrade-rehearsed",
    "restore-rehearsed",
}
WORKLOAD = EVERY - {
    "backup-job-healthy",
    "fallback-notification",
    *TEMPLATE,
    *BACKUPS,
    *RULES,
    *SECRETS,
    *ATTESTED,
}

# Which controls cannot be judged without the source. Of the counters only these need Prometheus as the earlier moment here: that nothing bad
# has happened since the start of a process is proof enough for the others, that something arrived since then is none, and a trend needs a past.
SINCE = {"alerts-flow", "destinations-used", "capacity-ahead"}
ROOM = {"scale-rehearsed", "limits-rehearsed"}
NEEDED_BY = {
    "deployments": EVERY - RULES,
    "replicasets": WORKLOAD,
    "pods": WORKLOAD,
    "services": {
        "endpoints-serving",
        "metrics-scraped",
        "right-sized",
        "fallback-notification",
        *RULES,
        *SINCE,
    },
    "endpointslices": {"endpoints-serving"},
    "logs": {"recent-logs-clean", "repeated-errors", "no-send-failures", "processing-fast"},
    "previous-logs": set(),
    "health": {"health-ok"},
    "metrics": COUNTERS
    | {"processing-fast", "latency-stable", "destinations-fast", "capacity-ahead"},
    "configuration": {
        "destinations-succeed",
        "destinations-fast",
        "config-valid",
        "destinations-used",
        "config-backed-up",
        "config-fresh",
        "restore-rehearsed",
        *SECRETS,
    },
    "rehearsals": {
        "backup-restores",
        "secrets-rotatable",
        "restart-rehearsed",
        "triage-possible",
        "scale-rehearsed",
        "apis-served",
        "upgrade-rehearsed",
        "limits-rehearsed",
        "restore-rehearsed",
    },
    "usage": {"cpu-memory-headroom", "scaling-sound"},
    "exec": set(),
    "cronjobs": {"backup-job-healthy"},
    "jobs": {"backup-job-healthy"},
    "persistentvolumeclaims": {"backup-job-healthy"},
    "accessreviews": {"backup-job-healthy"},
    "events": {"runs-hardened", "warning-events"},
    "horizontalpodautoscalers": {"scaling-sound"},
    "nodes": ROOM,
    "resourcequotas": ROOM,
    "limitranges": ROOM,
    "rbac": {"rbac-least-privilege", "secrets-guarded"},
    # Without its release the chart is told by the Deployment's label.
    "releases": {"apis-served", "upgrade-rehearsed"},
    "discovery": {"apis-served", "upgrade-rehearsed"},
    "poddisruptionbudgets": {"survives-node-loss"},
    "networkpolicies": {"network-restricted"},
    "prometheus-query": {"metrics-scraped", "right-sized", *RULES, *SINCE},
    "prometheus-rules": RULES,
    "alertmanager-alerts": set(),
    "alertmanager-status": {"fallback-notification"},
    "all": EVERY,
}
# What can do without the source, and says so. Of previous logs there are none where nothing restarted.
TOLERATED_BY = {
    "previous-logs": {"recent-logs-clean"},
    "exec": {"disk-headroom", "connections-headroom"},
    "metrics": {"connections-headroom"},
    "services": {"alerts-flow", "disk-headroom"},
    "prometheus-query": COUNTERS
    | {"processing-fast", "latency-stable", "destinations-fast", "disk-headroom"},
    "alertmanager-alerts": {"alerts-flow"},
    "alertmanager-status": {"alerts-flow"},
    "rehearsals": {"disk-headroom", "connections-headroom", "secrets-complete"},
    "accessreviews": {"secrets-complete"},
}
# The chart's image has no shell: what df and netstat tell in the guide's is there known by Prometheus and the process alone.
# Its Alertmanager hides URLs, which are read from its Secret.
NEEDED_BY_CHART = {
    "services": {"disk-headroom"},
    "prometheus-query": {"disk-headroom"},
    "metrics": {"connections-headroom"},
    "configuration": {"fallback-notification"},
}
# Of these an empty list is an answer: there is no such object, and that is what the control is about.
EMPTY = {
    "events": "pass",
    "jobs": "pass",  # the CronJob's own status tells of its last run and success, which a policy's TTL on Jobs does not remove
    "resourcequotas": "pass",
    "limitranges": "pass",
    "horizontalpodautoscalers": "pass",
    "poddisruptionbudgets": "fail",
    "networkpolicies": "fail",
}
REASONS = {
    "forbidden": {"forbidden"},
    "refused": {"unreachable"},
    "hang": {"timed-out"},
    "cut": {"truncated"},
    "throttled": {"unavailable"},
    "server-error": {"unavailable"},
    "unavailable": {"unavailable"},
    "expired": {"unauthenticated"},
    "malformed": {"malformed"},
    "empty": {"absent", "malformed"},
    "wrong-type": {"malformed"},
}


def test_every_source_and_kind_is_in_the_matrix() -> None:
    """A source or a fault that the embedded cluster learns is proven here, or this fails."""
    assert set(NEEDED_BY) == set(demo.SOURCES)
    assert {*REASONS, "flaky-throttled"} == set(demo.KINDS)


# The kinds under which every control is run: that a control reads a source which is not written down for it above shows there, in both layouts.
WHOLE = {("", "forbidden"), ("chart/", "forbidden"), ("chart/", "empty")}


def read_by(source: str) -> set[str]:
    """The controls that read a source, those that can do without it included."""
    return NEEDED_BY[source] | TOLERATED_BY.get(source, set())


# The connection is the same in both layouts. What the chart's layout reads from other objects is withheld in the two ways that differ in kind.
@pytest.mark.parametrize(
    ("layout", "kind"),
    [*(("", kind) for kind in sorted(REASONS)), ("chart/", "forbidden"), ("chart/", "empty")],
)
def test_nothing_is_judged_that_could_not_be_measured(
    layout: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a source withheld its controls are unknown, for the right reason, and all others pass as before."""
    chart = NEEDED_BY_CHART if layout else {}
    scenarios = {
        f"{layout}{kind}@{source}": needed | chart.get(source, set())
        for source, needed in NEEDED_BY.items()
    }
    only = (
        {}
        if (layout, kind) in WHOLE
        else {f"{layout}{kind}@{source}": read_by(source) for source in NEEDED_BY}
    )
    # Only what hangs is waited for in real time, for all scenarios at once; everything else sleeps by the held clock.
    if kind == "hang":
        monkeypatch.setattr("fixtures.sweep.MOST_TARGETS", len(scenarios))
    ran = run(
        scenarios,
        tmp_path,
        limits={"request_deadline": "6s" if kind == "hang" else "20s"},
        cadence=BUILT,
        only=only,
    )
    answers = {f"{layout}empty@{source}": outcome for source, outcome in EMPTY.items()}
    wrong = [
        f"{scenario}: {control} is {result['outcome']} ({result['reason']}): {result['summary']}"
        for (scenario, control), result in ran.results.items()
        for expected in [
            (
                control in scenarios[scenario],
                REASONS[kind] | ({"too-early"} if kind == "empty" and control in SINCE else set()),
            )
        ]
        if (
            result["outcome"] != answers[scenario]
            if expected[0] and scenario in answers
            else not (
                result["outcome"] == "unknown" and result["reason"] in expected[1]
                if expected[0]
                else result["outcome"] == "pass"
            )
        )
    ]
    assert not wrong, "\n".join(wrong)
    assert len(ran.results) == sum(len(only.get(scenario, EVERY)) for scenario in scenarios)


def test_one_throttled_request_is_asked_again(tmp_path: Path) -> None:
    """429 with Retry-After once costs a second request, not a result."""
    only = {f"flaky-throttled@{source}": read_by(source) for source in demo.SOURCES}
    ran = run(only, tmp_path, cadence=BUILT, only=only)
    assert {result["outcome"] for result in ran.results.values()} == {"pass"}
    assert len(ran.results) == sum(map(len, only.values()))
