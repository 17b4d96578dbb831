"""The fault matrix: every source × every fault of the connection, one inner pytest for each kind.

``docs/sources.md`` is what is expected: which controls read a source, and which of them are judged
without it. ``test_rights.py`` holds the document against declarations and the request log.
"""

from pathlib import Path

import pytest

from tests.checks.sources import WITHHELD, committed, prefixed, withheld
from tests.checks.witness import declared
from tests.fuzzing import FUZZ
from upkeep import demo

# Processes that ended may be missing from a partial answer; a refused one is made good by the starts
# of those that run.
PARTIAL = ("cut", "malformed", "wrong-type")
COUNTED = frozenset(
    {
        "alerts-accounted-for",
        "alerts-not-dropped",
        "destinations-succeed",
        "error-rate-low",
        "processing-fast",
    }
)
# An empty list is an answer of these: there is no such object, and that is the control's subject.
EMPTY = {
    "events": "pass",
    "jobs": "pass",  # the CronJob's own status tells of its last run and success, which a policy's TTL on Jobs does not remove
    "resourcequotas": "pass",
    "limitranges": "pass",
    "horizontalpodautoscalers": "pass",
    "poddisruptionbudgets": "fail",
    "networkpolicies": "fail",
}
# A status is read in one place, whichever it is: these run under UPKEEP_TEST_FUZZ. One throttled
# request runs on every change.
ALIKE = ("expired", "server-error", "throttled", "unavailable")
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


def test_every_kind_is_in_the_matrix() -> None:
    """A fault that the embedded cluster learns is proven here, or this fails."""
    assert {*REASONS, "flaky-throttled"} == set(demo.KINDS)


# The connection is the same in both layouts. What the chart's layout reads from other objects is
# withheld in the two ways that differ in kind.
@pytest.mark.parametrize(
    ("layout", "kind"),
    [
        *(("guide", kind) for kind in sorted(REASONS) if FUZZ or kind not in ALIKE),
        ("chart", "forbidden"),
        ("chart", "empty"),
    ],
)
def test_nothing_is_judged_that_could_not_be_measured(
    layout: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a source withheld its controls are unknown for the right reason, or as committed."""
    told, expected = declared(), committed(layout)
    chosen = {
        source: row.controls if kind == WITHHELD else row.cover(told)
        for source, row in expected.items()
        if row.controls
    }
    if kind == "hang":
        monkeypatch.setattr("fixtures.sweep.MOST_TARGETS", len(chosen))
    ran = withheld(layout, kind, chosen, tmp_path)
    wrong = []
    for source, controls in chosen.items():
        row = expected[source]
        for control in controls:
            result = ran.results[prefixed(layout, f"{kind}@{source}"), control]
            reasons, outcome = set(REASONS[kind]), "pass"
            if kind == "empty" and not told.reached(control, strictly=True) & {*row.asked_by}:
                reasons.add("too-early")  # the history is shorter without it
            doubted = kind in PARTIAL and source in ("services", "prometheus-query")
            if doubted and control in COUNTED:
                outcome = "unknown"
            elif control in row.unknown:
                outcome = EMPTY.get(source, "unknown") if kind == "empty" else "unknown"
            if result["outcome"] != outcome or (
                outcome == "unknown" and result["reason"] not in reasons
            ):
                wrong.append(
                    f"{source}: {control} is {result['outcome']} ({result['reason']}), "
                    f"not {outcome} ({', '.join(sorted(reasons))}): {result['summary']}"
                )
    assert not wrong, "\n".join(wrong)
    assert len(ran.results) == sum(map(len, chosen.values()))


def test_one_throttled_request_is_asked_again(tmp_path: Path) -> None:
    """429 with Retry-After once costs a second request, not a result."""
    told = declared()
    chosen = {source: row.cover(told) for source, row in committed("guide").items() if row.controls}
    ran = withheld("guide", "flaky-throttled", chosen, tmp_path)
    assert {result["outcome"] for result in ran.results.values()} == {"pass"}
    assert len(ran.results) == sum(map(len, chosen.values()))
