"""destinations-succeed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    earlier,
    examples,
    history,
    pod_of,
    snapshot,
)
from tests.judges.samples import NOW, ago, install
from upkeep.errors import Absent, Malformed, TooEarly, Unmeasured
from upkeep.judges.alerts import delivery
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.configuration import Destination
from upkeep.records.counters import CounterHistory, Sample, Snapshot

OPS, AUDIT = Destination("ops-slack", "slack"), Destination("audit", "slack")


def succeed(
    those: CounterHistory, *configured: Destination, limits: Limits = LIMITS, installed=INSTALL
) -> Judgement:
    return delivery.succeed(those, configured, now=NOW, limits=limits, install=installed)


def young(**counts) -> CounterHistory:
    return history(snapshot(started=ago(hours=6), **counts))


def test_every_configured_destination_is_listed_also_without_traffic():
    judgement = succeed(young(sent={"ops-slack": 120}), OPS, AUDIT)
    assert judgement == Judgement(
        (),
        "audit: no traffic; ops-slack: 120 of 120 messages sent",
        99.0,
        "% sent in 1 d",
        "since the process start 6 h ago",
    )


def test_a_destination_that_fails_is_named_with_its_kinds_of_error():
    judgement = succeed(young(sent={"ops-slack": 97}, failed={"ops-slack": 3}), OPS, AUDIT)
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed, finding.limit, finding.unit) == (
        "Destination/ops-slack",
        "destination-failing",
        97.0,
        99.0,
        "% sent in 1 d",
    )
    assert (
        finding.message
        == "3 of 100 messages to destination ops-slack failed (97 % sent, 99 % required): send_failed 3. Most of them in pod a."
    )
    assert finding.next == (
        "kubectl -n monitoring logs a -c cano-collector --since-time=2026-01-02T06:00:00Z | grep -F 'Failed to'"
    )
    assert judgement.observed == "audit: no traffic; ops-slack: 97 of 100 messages sent"


@pytest.mark.parametrize(
    ("sent", "failed", "bad"),
    [(99, 1, False), (98, 1, True), (198, 2, False), (990, 10, False), (989, 11, True)],
)
def test_exactly_the_limit_is_enough(sent, failed, bad):
    assert (
        bool(succeed(young(sent={"ops-slack": sent}, failed={"ops-slack": failed}), OPS).findings)
        == bad
    )


def test_each_bad_destination_has_a_finding_of_its_own():
    judgement = succeed(
        young(sent={"ops-slack": 1, "audit": 100}, failed={"ops-slack": 9, "audit": 2}), OPS, AUDIT
    )
    assert pod_of(judgement.findings) == ["Destination/audit", "Destination/ops-slack"]


def test_the_processes_are_added_up():
    those = history(
        snapshot(sent={"ops-slack": 600}, failed={"ops-slack": 5}),
        snapshot("b", started=ago(hours=3), sent={"ops-slack": 300}, failed={"ops-slack": 5}),
        before=(earlier(sent={"ops-slack": 100}, failed={"ops-slack": 2}),),
    )
    judgement = succeed(those, OPS)
    assert (judgement.findings, judgement.observed) == ((), "ops-slack: 800 of 808 messages sent")


def test_a_destination_that_is_not_configured_is_judged_and_named():
    (finding,) = succeed(young(failed={"old": 2}), OPS).findings
    assert finding.message.startswith(
        "2 of 2 messages to destination old (not configured) failed (0 % sent, 99 % required): send_failed 2."
    )
    assert (
        succeed(young(sent={"old": 2}), OPS).observed
        == "ops-slack: no traffic; old (not configured): 2 of 2 messages sent"
    )


def test_zero_destinations_are_a_finding():
    judgement = succeed(young())
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        "Deployment/cano-collector",
        "no-destinations",
        0,
        1,
    )
    assert (
        finding.message
        == "No destination is configured (configmap/cano-collector-config). No alert can be sent."
    )
    assert finding.next == "kubectl -n monitoring get configmap/cano-collector-config"
    assert judgement.observed == "no destination"
    bare = succeed(young(), installed=install(configuration=()))
    assert bare.findings[0].next == "kubectl -n monitoring get configmaps,secrets"


def test_few_messages_fail_from_the_second_failure_on_and_it_is_said():
    judgement = succeed(young(sent={"ops-slack": 48}, failed={"ops-slack": 1}), OPS)
    assert judgement.findings == ()
    assert (
        judgement.observed
        == "ops-slack: 48 of 49 messages sent (fewer than 50: one failure is allowed)"
    )
    (finding,) = succeed(young(sent={"ops-slack": 47}, failed={"ops-slack": 2}), OPS).findings
    assert "Fewer than 50 messages: two failures are the limit." in finding.message
    assert len(succeed(young(sent={"ops-slack": 49}, failed={"ops-slack": 1}), OPS).findings) == 1


def test_failures_in_an_open_window_are_too_early_and_none_is_a_pass():
    with pytest.raises(
        TooEarly,
        match="3 messages to ops-slack failed since 2025-12-30 12:00 UTC",
    ) as caught:
        succeed(history(snapshot(sent={"ops-slack": 97}, failed={"ops-slack": 3})), OPS)
    assert caught.value.next_step == "--prometheus=URL, or --exports=DIR"
    judgement = succeed(history(snapshot(sent={"ops-slack": 97})), OPS)
    assert (judgement.findings, judgement.basis) == (
        (),
        "since the process start (3 d ago); no failure since then, so none in 1 d",
    )


def test_a_failure_that_an_open_window_cannot_dilute_is_said():
    before = (earlier(hours=2, sent={"ops-slack": 100}, failed={"ops-slack": 1}),)
    (finding,) = succeed(
        history(snapshot(sent={"ops-slack": 110}, failed={"ops-slack": 11}), before=before), OPS
    ).findings
    assert finding.message.startswith(
        "At least 10 of 120 messages to destination ops-slack failed (92 % sent, 99 % required): send_failed 10."
    )


def test_a_message_whose_status_is_not_success_was_not_sent():
    labels = {"destination_name": "ops-slack", "destination_type": "unknown", "status": "rejected"}
    odd = Snapshot(
        "a", NOW, ago(hours=3), (Sample("cano_destination_sent_total", labels, 2.0),), "metrics"
    )
    (finding,) = succeed(history(odd), OPS).findings
    assert finding.message.startswith(
        "2 of 2 messages to destination ops-slack failed (0 % sent, 99 % required): status rejected 2."
    )


def test_messages_without_a_destination_are_no_verdict():
    odd = Snapshot(
        "a",
        NOW,
        ago(hours=3),
        (Sample("cano_destination_sent_total", {"status": "success"}, 2.0),),
        "metrics",
    )
    with pytest.raises(Malformed, match="no label destination_name"):
        succeed(history(odd), OPS)


def test_zero_pods_are_no_verdict():
    with pytest.raises(Absent):
        succeed(history(), OPS)


# Properties


def outcome(those: CounterHistory) -> str:
    try:
        return "pass" if succeed(those, OPS, AUDIT) else "fail"
    except Unmeasured as error:
        return error.reason


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], bool]:
    """(hours ago, sent, failed), each at least as many as before; and whether the process is young."""
    sent = failed = 0
    rows = []
    for hours in (48, 40, 32, 24, 16, 8, 0):
        sent += draw(st.sampled_from([0, 2, 90]))
        failed += draw(st.sampled_from([0, 0, 0, 1, 2]))
        rows.append((hours, sent, failed))
    return rows, draw(st.booleans())


def build(rows: list[tuple[int, int, int]], *, more_failed: int = 0) -> CounterHistory:
    *before, (_, sent, failed) = rows
    return history(
        snapshot(sent={"ops-slack": sent}, failed={"ops-slack": failed + more_failed}),
        before=tuple(
            earlier(hours=h, source="export", sent={"ops-slack": s}, failed={"ops-slack": f})
            for h, s, f in before
        ),
    )


@examples(80)
@given(life=lives(), more=st.integers(1, 30))
def test_more_failures_never_make_a_failure_a_pass(life, more):
    rows, alone = life
    rows = rows[-1:] if alone else rows
    assume(outcome(build(rows)) == "fail")
    assert outcome(build(rows, more_failed=more)) == "fail"


@examples(100)
@given(life=lives(), data=st.data())
def test_forgetting_earlier_moments_never_makes_a_pass(life, data):
    rows, _ = life
    kept = [row for row in rows[:-1] if data.draw(st.booleans())] + rows[-1:]
    assume(len(kept) > 1 and outcome(build(kept)) != "pass")
    forgotten = data.draw(st.sampled_from(kept[:-1]))
    assert outcome(build([row for row in kept if row is not forgotten])) != "pass"
