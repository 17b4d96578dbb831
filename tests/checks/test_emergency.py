"""``pytest -m emergency``: what is broken, since when, what to do now; also with half of the API gone."""

import re
from pathlib import Path

import pytest

from reports.causes import Story, stories
from reports.terminal import told
from tests.checks.inner import Ran, place_of, run
from upkeep import demo
from upkeep.commands import suite
from upkeep.model import Result
from upkeep.results import from_line

EMERGENCY = set(suite.declared(["emergency"]))
REHEARSED = {control for control in EMERGENCY if control.endswith("-rehearsed")}
BAD = "bad-configuration-change"


def ran_with(folder: Path, *scenarios: str, **limits: str) -> tuple[Ran, list[Result]]:
    ran = run(scenarios, folder, cadence="emergency", limits=limits)
    return ran, [
        from_line(line)[1]
        for line in (folder / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def test_what_answers_an_emergency_is_what_the_guide_asks_for_there() -> None:
    assert {
        "pods-ready", "pods-stable", "endpoints-serving", "health-ok", "recent-logs-clean", "config-valid", "config-backed-up", "backup-restores",
        "restart-rehearsed", "scale-rehearsed", "triage-possible", "fallback-notification", "cpu-memory-headroom", "processing-fast",
        "destinations-fast", "warning-events",
    } <= EMERGENCY  # fmt: skip


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    """The first story of each layout after a bad change of the configuration."""
    _, results = ran_with(tmp_path_factory.mktemp("bad"), BAD, f"chart/{BAD}")
    return {place_of(story.cause.target): story for story in reversed(stories(results))}


@pytest.mark.parametrize(
    ("scenario", "holder", "fault"),
    [
        (
            BAD,
            "ConfigMap/cano-collector-config",
            "refers to ${SLACK_WEBHOK}, which the container lacks",
        ),
        (
            f"chart/{BAD}",
            "ConfigMap/cano-collector-teams",
            "names the destination on-call, which does not exist",
        ),
    ],
)
def test_a_bad_change_is_told_with_who_when_the_log_line_the_backup_and_the_commands(
    scenario: str, holder: str, fault: str, bad: dict[str, Story]
) -> None:
    story = bad[scenario]
    followed = {one.control.id: one for one in story.symptoms}
    assert story.cause.control.id == "config-backed-up"
    changed = f"{holder} changed 25 min ago (2026-01-02 11:35 UTC) by kubectl-edit, 2 min before container cano-collector of pod "
    assert story.cause.summary.startswith(changed)
    assert story.cause.summary.endswith(
        "Set 20260102, the newest (10 h old), holds the earlier content."
    )
    assert fault in followed["config-valid"].summary
    assert "Not ready since 2026-01-02 11:37 UTC (23 min)" in followed["pods-ready"].summary
    assert (
        "logged 1 fatal line at 2026-01-02 11:57 UTC: Failed to start: "
        in followed["recent-logs-clean"].summary
    )
    assert "Configuration loaded, 0 errors | Failed to start: " in followed["pods-stable"].summary
    namespace = "kubecano" if "chart/" in scenario else "monitoring"
    apply, restart = story.cause.next.split(" && ")
    assert re.fullmatch(
        rf"kubectl -n {namespace} apply --server-side --force-conflicts -f /\S+/backup-20260102\.yaml",
        apply,
    )
    assert restart == f"kubectl -n {namespace} rollout restart deployment/cano-collector"
    assert {
        "endpoints-serving",
        "health-ok",
        "warning-events",
        "processing-fast",
        "destinations-fast",
    } < set(followed)
    assert demo.CANARY not in f"{story}"


def test_every_emergency_control_has_a_scenario_in_which_it_fails() -> None:
    """But one: a restart that is refused is half a restore that is refused."""
    hit = {control for name in demo.names(faults=False) for control in demo.parse(name).hits}
    assert EMERGENCY - hit <= {"restart-rehearsed"}


@pytest.mark.parametrize(
    ("fault", "unknown", "lines"),
    [
        ("unavailable@pods", {"pods-ready", "pods-stable", "endpoints-serving", "health-ok", "recent-logs-clean", "cpu-memory-headroom", "processing-fast",
                              "destinations-fast", "warning-events", "scale-rehearsed", "limits-rehearsed"}, 1),
        ("forbidden@logs", {"recent-logs-clean", "processing-fast"}, 2),
        ("hang@health", {"health-ok"}, 1),
        ("refused@events", {"warning-events"}, 1),
        ("server-error@configuration", {"config-valid", "config-backed-up", "destinations-fast", "restore-rehearsed"}, 1),
        ("malformed@rehearsals", REHEARSED | {"backup-restores", "triage-possible"}, len(REHEARSED) + 2),
    ],
)  # fmt: skip
def test_with_half_of_the_api_gone_the_others_are_judged(
    fault: str, unknown: set[str], lines: int, tmp_path: Path
) -> None:
    """What cannot be looked at says so, once for each cause; everything else is as it was."""
    # Only what hangs is waited for in real time.
    ran, results = ran_with(tmp_path, fault, request_deadline="3s" if "hang" in fault else "20s")
    outcomes = ran.outcomes(fault)
    assert {control for control, outcome in outcomes.items() if outcome == "unknown"} == unknown
    assert {
        control for control, outcome in outcomes.items() if outcome == "pass"
    } == EMERGENCY - unknown
    assert sum(text[0].startswith("COULD NOT MEASURE") for _, text in told(results)) <= lines


def test_whoever_reads_a_log_must_be_allowed_to_get_the_pod(tmp_path: Path) -> None:
    """kubectl logs and kubectl describe get the pod first: who may only list pods and get their logs sees Forbidden."""
    (result,) = run(["healthy"], tmp_path, cadence="control(id='triage-possible')").results.values()
    assert (result["outcome"], result["observed"]) == ("pass", "4 of 4 rights")
