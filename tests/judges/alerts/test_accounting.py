"""alerts-accounted-for: what is lost, what is only in flight, and what nobody can tell."""

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.judges.counting.counter_samples import (
    INSTALL,
    LIMITS,
    earlier,
    examples,
    history,
    lives,
    outcome,
    pod_of,
    snapshot,
    worse,
)
from tests.judges.samples import NOW, ago
from upkeep.errors import Absent, TooEarly
from upkeep.judges.alerts import accounting
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.counters import CounterHistory, Snapshot

SECONDS = timedelta(seconds=1)


def accounted_for(those: CounterHistory, limits: Limits = LIMITS) -> Judgement:
    return accounting.accounted_for(those, now=NOW, limits=limits, install=INSTALL)


def later(seconds: float, **counts: int) -> Snapshot:
    return snapshot(taken=NOW + seconds * SECONDS, **counts)


def test_balanced_books_pass():
    judgement = accounted_for(
        history(snapshot(received=90, errors=2, no_team=1), before=(earlier(received=40),))
    )
    assert (judgement.findings, judgement.observed, judgement.limit) == (
        (),
        "50 alert groups received; all processed or counted as errors",
        0,
    )


def test_alerts_in_no_book_are_lost_and_the_sentence_says_what_to_do():
    those = history(
        snapshot(received=90, lost=3),
        before=(earlier(received=40),),
        settled=(later(5, received=90, lost=3),),
    )
    judgement = accounted_for(those)
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed, finding.limit, finding.unit) == (
        "Pod/a",
        "alerts-lost",
        3,
        0,
        "alert groups",
    )
    assert finding.message == (
        "Pod a lost 3 alert groups since 2026-01-01 12:00 UTC: received, but neither processed nor counted as errors. "
        "A handler panic is the usual cause. Look for '[Recovery from panic]' in the log."
    )
    assert finding.next == (
        "kubectl -n monitoring logs a -c cano-collector --since-time=2026-01-01T12:00:00Z | grep -F '[Recovery from panic]'"
    )
    assert judgement.observed == "50 alert groups received; 3 lost"


def test_without_an_earlier_moment_an_imbalance_fails_at_first_sight():
    (finding,) = accounted_for(
        history(snapshot(received=90, lost=1), settled=(later(5, received=90, lost=1),))
    ).findings
    assert finding.message.startswith(
        "Pod a lost 1 alert group since 2025-12-30 12:00 UTC: received"
    )
    assert finding.message.endswith(
        "Without an earlier sample, this counts since the process started."
    )


def test_what_was_missing_before_the_window_is_subtracted():
    settled = (later(5, received=90, lost=3),)
    assert (
        accounted_for(
            history(
                snapshot(received=90, lost=3),
                before=(earlier(received=40, lost=3),),
                settled=settled,
            )
        ).findings
        == ()
    )
    before = (earlier(received=40, lost=1),)
    assert (
        accounted_for(history(snapshot(received=90, lost=3), before=before, settled=settled))
        .findings[0]
        .observed
        == 2
    )


def test_what_was_only_in_flight_at_the_earlier_moment_is_not_subtracted():
    before = (earlier(received=40, lost=3), earlier(hours=20, received=60))
    those = history(
        snapshot(received=90, lost=3), before=before, settled=(later(5, received=90, lost=3),)
    )
    assert accounted_for(those).findings[0].observed == 3


def test_what_was_in_flight_and_then_done_is_not_lost():
    those = history(
        snapshot(received=90, lost=2),
        settled=(later(2.5, received=91, lost=1), later(5, received=92)),
    )
    assert accounted_for(those).findings == ()


def test_what_stays_in_flight_in_a_busy_process_is_told_apart_from_what_is_lost():
    busy = (later(2.5, received=92, lost=2), later(5, received=94, lost=2))
    with pytest.raises(
        TooEarly,
        match="Pod a has alert groups that are unaccounted for and may be in flight",
    ):
        accounted_for(history(snapshot(received=90, lost=2), settled=busy))
    # Of 90 that were received five seconds before, 88 are in a book.
    lost = (later(2.5, received=90, lost=2), later(5, received=91, lost=3))
    assert (
        accounted_for(history(snapshot(received=90, lost=2), settled=lost)).findings[0].observed
        == 2
    )


def test_without_a_later_look_an_imbalance_is_too_early():
    with pytest.raises(TooEarly, match="may be in flight"):
        accounted_for(history(snapshot(received=90, lost=2)))
    with pytest.raises(TooEarly):
        accounted_for(
            history(snapshot(received=90, lost=2), settled=(later(2.5, received=90, lost=2),))
        )


def test_a_settle_time_of_zero_lets_nothing_be_in_flight():
    assert (
        accounted_for(history(snapshot(received=90, lost=2)), Limits({"settle_time": 0}))
        .findings[0]
        .observed
        == 2
    )


def test_a_moment_of_prometheus_long_before_serves_as_the_first_look():
    before = (earlier(received=40), earlier(hours=1, received=90, lost=2))
    assert (
        accounted_for(history(snapshot(received=90, lost=2), before=before)).findings[0].observed
        == 2
    )


@pytest.mark.parametrize(("minutes", "lost"), [(4, None), (6, 2)])
def test_prometheus_may_show_the_same_scrape_at_two_instants(minutes, lost):
    gone = tuple(
        earlier("b", hours=5 + minutes / 60 * (1 - number), received=90, lost=2)
        for number in (0, 1)
    )
    if lost is None:
        with pytest.raises(
            TooEarly,
            match="Its process has ended, so they stay unknown until",
        ):
            accounted_for(history(snapshot(), before=gone))
    else:
        (finding,) = accounted_for(history(snapshot(), before=gone)).findings
        assert (finding.object, finding.observed) == ("Pod/b", lost)


def test_more_in_the_books_than_received_is_a_finding_once_it_lasts():
    (finding,) = accounted_for(
        history(snapshot(received=5, processed=7), settled=(later(5, received=5, processed=7),))
    ).findings
    assert (finding.code, finding.observed) == ("more-accounted-than-received", -2)
    assert finding.message.startswith(
        "Pod a processed or failed 2 alert groups more than it received since 2025-12-30 12:00 UTC"
    )
    with pytest.raises(TooEarly):
        accounted_for(history(snapshot(received=5, processed=7)))
    assert (
        accounted_for(
            history(snapshot(received=5, processed=7), settled=(later(5, received=7, processed=7),))
        ).findings
        == ()
    )
    old = (earlier(received=3, processed=5),)
    settled = (later(5, received=5, processed=7),)
    assert (
        accounted_for(
            history(snapshot(received=5, processed=7), before=old, settled=settled)
        ).findings
        == ()
    )


def test_a_reading_in_the_middle_of_a_request_is_no_loss_afterwards():
    # The families of one exposition are not read at the same instant: for a moment one more may be processed than received.
    skewed = (earlier(received=40), earlier(hours=2, received=80, processed=81))
    assert accounted_for(history(snapshot(received=90), before=skewed)).findings == ()


def test_the_limit_holds_for_each_process_and_each_is_named():
    those = history(
        snapshot(received=90, lost=2),
        snapshot("b", received=90, lost=1),
        settled=(
            later(5, received=90, lost=2),
            snapshot("b", taken=NOW + 5 * SECONDS, received=90, lost=1),
        ),
    )
    assert pod_of(accounted_for(those).findings) == ["Pod/a", "Pod/b"]
    assert pod_of(accounted_for(those, Limits({"alerts_unaccounted": 1})).findings) == ["Pod/a"]
    assert accounted_for(those, Limits({"alerts_unaccounted": 2})).findings == ()


def test_a_proven_loss_is_said_although_another_pod_is_busy():
    those = history(
        snapshot(received=90, lost=2),
        snapshot("b", received=9, lost=1),
        settled=(later(5, received=90, lost=2),),
    )
    assert pod_of(accounted_for(those).findings) == ["Pod/a"]


def test_no_traffic_balances():
    assert accounted_for(history(snapshot())).observed == "no traffic"


def test_zero_pods_are_no_verdict():
    with pytest.raises(Absent):
        accounted_for(history(before=(earlier(received=4, lost=4),)))


# Properties


@examples(50)
@given(life=lives())
def test_one_more_loss_never_makes_a_failure_a_pass(life):
    latest, before, settled = life
    assume(outcome(accounted_for, history(latest, before=before, settled=settled)) == "fail")
    assert (
        outcome(
            accounted_for,
            history(worse(latest, "lost"), before=before, settled=(worse(settled[0], "lost"),)),
        )
        == "fail"
    )


@examples(50)
@given(life=lives())
def test_forgetting_what_was_missing_before_the_window_never_balances_the_books(life):
    # A moment in the window may show that what the earlier one missed was only in flight: without it more is subtracted, so those are kept.
    latest, before, settled = life
    assume(outcome(accounted_for, history(latest, before=before, settled=settled)) != "pass")
    inside = tuple(one for one in before if one.taken > ago(hours=24))
    assert outcome(accounted_for, history(latest, before=inside, settled=settled)) != "pass"


@examples(50)
@given(one=lives("a"), two=lives("b"), data=st.data())
def test_the_order_of_snapshots_does_not_matter(one, two, data):
    latest, before, settled = ((one[0], two[0]), (*one[1], *two[1]), (*one[2], *two[2]))
    straight = CounterHistory(latest, before, settled)
    shuffled = CounterHistory(
        *(tuple(data.draw(st.permutations(some))) for some in (latest, before, settled))
    )
    assert outcome(accounted_for, shuffled) == outcome(accounted_for, straight)
    if outcome(accounted_for, straight) in ("pass", "fail"):
        assert accounted_for(shuffled) == accounted_for(straight)


@examples(50)
@given(life=lives(), received=st.integers(0, 1000))
def test_a_healthy_process_more_never_hides_a_loss(life, received):
    latest, before, settled = life
    assume(outcome(accounted_for, history(latest, before=before, settled=settled)) == "fail")
    assert (
        outcome(
            accounted_for,
            history(latest, snapshot("b", received=received), before=before, settled=settled),
        )
        == "fail"
    )
