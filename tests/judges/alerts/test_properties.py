"""Test what holds of every judge of counters: order, missing history, one more bad event."""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    earlier,
    examples,
    history,
    lives,
    outcome,
    snapshot,
    worse,
)
from tests.judges.samples import NOW, ago
from upkeep.errors import Absent, Malformed, Unmeasured
from upkeep.judges.alerts import accounting, dropping, error_rate
from upkeep.judges.alerts import flow as flows
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Snapshot
from upkeep.records.monitoring import RoutedAlerts
from upkeep.records.stopped import Stopped

NOTHING_ROUTED = RoutedAlerts((), 0, None)
ROUTED = RoutedAlerts(("cano-collector",), 2, ago(days=9))


def flow(
    those: CounterHistory, routed: RoutedAlerts | Unmeasured | None = None, limits: Limits = LIMITS
) -> Judgement:
    return flows.flow(those, routed, now=NOW, limits=limits, install=INSTALL)


def not_dropped(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return dropping.not_dropped(those, now=NOW, limits=limits, install=INSTALL)


def error_rate_low(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return error_rate.error_rate_low(those, now=NOW, limits=limits, install=INSTALL)


def accounted(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return accounting.accounted_for(those, now=NOW, limits=limits, install=INSTALL)


ALL = (lambda those: flow(those, ROUTED), not_dropped, error_rate_low)


@pytest.mark.parametrize("judge", ALL)
def test_zero_pods_are_no_verdict(judge):
    with pytest.raises(Absent):
        judge(history(before=(earlier(received=4, errors=4, no_team=1),)))


# alerts-flow


BAD_COUNTS = {not_dropped: "no_team", error_rate_low: "errors"}


@pytest.mark.parametrize("judge", BAD_COUNTS)
@examples(50)
@given(life=lives())
def test_one_more_error_drop_or_loss_never_makes_a_failure_a_pass(judge, life):
    latest, before, settled = life
    assume(outcome(judge, history(latest, before=before, settled=settled)) == "fail")
    name = BAD_COUNTS[judge]
    assert (
        outcome(
            judge,
            history(
                worse(latest, name),
                before=before,
                settled=tuple(worse(one, name) for one in settled),
            ),
        )
        == "fail"
    )


@examples(50)
@given(growth=st.lists(st.sampled_from([0, 0, 0, 3]), min_size=8, max_size=8), data=st.data())
def test_forgetting_earlier_moments_never_makes_alerts_flow(growth, data):
    moments = [
        earlier(hours=8 * (7 - n), source="export", received=sum(growth[: n + 1])) for n in range(8)
    ]
    kept = [moment for moment in moments[:-1] if data.draw(st.booleans())] + moments[-1:]
    forgotten = data.draw(st.sampled_from(kept))
    assume(forgotten is not kept[-1])

    def outcome_of(some: list[Snapshot]) -> str:
        return outcome(
            lambda those: flow(those, ROUTED), history(some[-1], before=tuple(some[:-1]))
        )

    assume(outcome_of(kept) != "pass")
    assert outcome_of([moment for moment in kept if moment is not forgotten]) != "pass"


@pytest.mark.parametrize("judge", [not_dropped, error_rate_low])
@examples(50)
@given(life=lives(), data=st.data())
def test_forgetting_earlier_moments_never_makes_a_pass(judge, life, data):
    latest, before, settled = life
    assume(before and outcome(judge, history(latest, before=before, settled=settled)) != "pass")
    forgotten = data.draw(st.sampled_from(before))
    assert (
        outcome(
            judge,
            history(
                latest, before=tuple(one for one in before if one is not forgotten), settled=settled
            ),
        )
        != "pass"
    )


@pytest.mark.parametrize("judge", ALL)
@examples(50)
@given(one=lives("a"), two=lives("b"), data=st.data())
def test_the_order_of_snapshots_does_not_matter(judge, one, two, data):
    latest, before, settled = ((one[0], two[0]), (*one[1], *two[1]), (*one[2], *two[2]))
    shuffled = CounterHistory(
        *(tuple(data.draw(st.permutations(some))) for some in (latest, before, settled))
    )
    straight = CounterHistory(latest, before, settled)
    assert outcome(judge, shuffled) == outcome(judge, straight)
    if outcome(judge, straight) in ("pass", "fail"):
        assert judge(shuffled) == judge(straight)


@pytest.mark.parametrize("judge", [not_dropped, error_rate_low, accounted])
def test_a_partial_answer_of_prometheus_is_no_pass_and_hides_no_finding(judge):
    """A pod that is gone has its errors in Prometheus alone: its series may be in the part that is missing."""
    partial = Stopped("malformed", "the answer is partial (isPartial).")
    clean = replace(history(snapshot(received=610)), stopped=partial)
    assert judge(history(snapshot(received=610))).findings == ()
    with pytest.raises(Malformed, match="isPartial"):
        judge(clean)
    young = snapshot(started=ago(hours=3), received=610, no_team=9, errors=99, lost=7)
    bad = replace(
        history(young, settled=(replace(young, taken=young.taken + timedelta(minutes=9)),)),
        stopped=partial,
    )
    assert judge(bad).findings
