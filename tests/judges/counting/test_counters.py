"""What the snapshots of a process prove about the window, and when a ratio is too high."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.counting.counter_samples import (
    DAY,
    counters,
    earlier,
    examples,
    history,
    snapshot,
)
from tests.judges.samples import NOW, ago
from upkeep.domain.counters import read
from upkeep.domain.metric_names import ERRORS, PROCESSED, RECEIVED, REQUESTS, SEND_ERRORS, SENT
from upkeep.errors import Absent, Malformed
from upkeep.judges.counting.counters import windows
from upkeep.records.counters import CounterHistory, Sample


def found(those: CounterHistory):
    return windows(those, now=NOW, window_seconds=DAY)


def only(*latest, before=(), settled=()):
    (window,) = found(history(*latest, before=tuple(before), settled=tuple(settled)))
    return window


def errors(window) -> tuple[int, int]:
    return window.least.total(ERRORS), window.most.total(ERRORS)


# One process


def test_an_earlier_moment_at_the_windows_start_closes_it():
    window = only(snapshot(received=9, errors=3), before=[earlier(received=4, errors=1)])
    assert (window.start, window.since, window.until, window.seconds, window.source) == (
        "earlier",
        ago(hours=24),
        NOW,
        DAY,
        "prometheus",
    )
    assert window.least == window.most
    assert (
        window.most.total(RECEIVED),
        window.most.by_label(PROCESSED),
        window.most.by_label(ERRORS),
    ) == (
        5,
        {"processed": 3},
        {"conversion_failed": 2},
    )
    assert not window.gone


def test_the_latest_of_the_earlier_moments_counts():
    before = [
        earlier(hours=28, received=1),
        earlier(hours=25, received=4),
        earlier(hours=26, received=2),
    ]
    window = only(snapshot(received=9), before=before)
    assert (window.since, window.most.total(RECEIVED)) == (ago(hours=25), 5)


def test_everything_that_a_young_process_counted_is_in_the_window():
    window = only(snapshot(started=ago(hours=6), received=9, errors=3))
    assert (window.start, window.since, window.seconds, errors(window)) == (
        "process-start",
        ago(hours=6),
        6 * 3600,
        (3, 3),
    )


@pytest.mark.parametrize(("seconds", "start"), [(0, "process-start"), (1, "open")])
def test_a_process_as_old_as_the_window_is_the_last_that_its_start_proves(seconds, start):
    assert only(snapshot(started=ago(hours=24, seconds=seconds), received=1)).start == start


def test_without_an_earlier_moment_an_older_process_proves_nothing_but_a_most():
    window = only(snapshot(received=9, errors=3))
    assert (window.start, window.since, errors(window), window.enough) == (
        "open",
        ago(days=3),
        (0, 3),
        NOW + timedelta(days=1),
    )


def test_a_moment_in_the_window_proves_a_least():
    window = only(
        snapshot(received=9, errors=5), before=[earlier(hours=20, source="export", errors=3)]
    )
    assert (window.start, errors(window), window.enough) == (
        "open",
        (2, 5),
        NOW + timedelta(hours=4),
    )


def test_a_moment_long_before_the_window_bounds_and_does_not_close():
    window = only(snapshot(errors=5), before=[earlier(hours=31, source="export", errors=2)])
    assert (window.start, window.since, errors(window)) == ("open", ago(hours=31), (0, 3))
    assert (
        only(snapshot(errors=5), before=[earlier(hours=30, source="export", errors=2)]).start
        == "earlier"
    )


def test_what_prometheus_shows_may_be_five_minutes_older_than_its_instant():
    shortly_inside = [earlier(hours=24 - 4 / 60, errors=3)]
    assert errors(only(snapshot(errors=5), before=shortly_inside)) == (0, 5)
    assert errors(only(snapshot(errors=5), before=[earlier(hours=24 - 6 / 60, errors=3)])) == (2, 5)
    assert errors(
        only(snapshot(errors=5), before=[replace(shortly_inside[0], source="export")])
    ) == (2, 5)


def test_a_family_that_was_absent_earlier_counts_from_zero():
    assert errors(only(snapshot(received=9, errors=1), before=[earlier(received=4)])) == (1, 1)


def test_a_later_settled_snapshot_is_the_end():
    window = only(
        snapshot(errors=1),
        before=[earlier()],
        settled=[snapshot(taken=NOW + timedelta(seconds=5), errors=2)],
    )
    assert (window.until, errors(window)) == (NOW + timedelta(seconds=5), (2, 2))


def test_a_counter_that_shrank_within_one_process_is_malformed():
    for before in (earlier(received=4), earlier(hours=2, source="export", received=4)):
        with pytest.raises(
            Malformed,
            match="Counter processed/processed of pod a fell from 4 to 3 at 2026-01-02 12:00 UTC",
        ):
            only(snapshot(received=3), before=[before])


def test_a_family_that_vanished_within_one_process_is_malformed():
    with pytest.raises(
        Malformed,
        match="Counter errors/conversion_failed of pod a fell from 1 to 0",
    ):
        only(snapshot(received=4), before=[earlier(received=4, errors=1)])


def test_an_older_number_of_prometheus_is_no_shrinking():
    saved, lagging = (
        earlier(hours=25, source="export", received=4),
        earlier(hours=24.99, received=3),
    )
    assert only(snapshot(received=9), before=[saved, lagging]).most.total(RECEIVED) == 5
    with pytest.raises(Malformed, match="from 3 to 2"):
        only(snapshot(received=9), before=[lagging, earlier(hours=24.5, received=2)])


@pytest.mark.parametrize("number", [-1.0, 0.5, float("inf"), float("nan")])
def test_what_is_no_count_is_malformed(number):
    odd = replace(snapshot(), samples=(Sample("cano_alerts_errors_total", {}, number),))
    with pytest.raises(Malformed, match="cano_alerts_errors_total of pod a is"):
        only(odd)


# Which process


@pytest.mark.parametrize(("drift", "processes"), [(2.0, 1), (-2.0, 1), (2.1, 2)])
def test_starts_within_two_seconds_are_one_process(drift, processes):
    before = earlier(started=ago(days=3) + timedelta(seconds=drift), received=4)
    assert (
        len(
            found(
                history(snapshot(received=9), before=(before, replace(before, taken=ago(hours=1))))
            )
        )
        == processes
    )


def test_a_restart_is_another_process_of_the_same_pod():
    those = history(
        snapshot(started=ago(hours=2), received=1),
        before=(earlier(received=10), earlier(hours=2.1, received=14, errors=3)),
    )
    old, new = found(those)
    assert (old.gone, old.start, old.until, old.most.total(RECEIVED), errors(old)) == (
        True,
        "earlier",
        ago(hours=2.1),
        4,
        (3, 3),
    )
    assert (new.gone, new.start, new.most.total(RECEIVED)) == (False, "process-start", 1)


def test_a_pod_that_is_gone_counts_up_to_its_last_moment_in_the_window():
    gone = [
        earlier("b", hours=hours, received=10 + number, errors=number)
        for number, hours in enumerate((24, 23, 22))
    ]
    windows_of = {window.pod: window for window in found(history(snapshot(), before=tuple(gone)))}
    assert (windows_of["b"].gone, windows_of["b"].until, errors(windows_of["b"])) == (
        True,
        ago(hours=22),
        (2, 2),
    )
    assert not windows_of["a"].gone


@pytest.mark.parametrize(("hours", "pods"), [(24, ["a"]), (23.9, ["a", "b"])])
def test_a_process_that_ended_before_the_window_is_left_out(hours, pods):
    assert [
        window.pod
        for window in found(history(snapshot(), before=(earlier("b", hours=hours, errors=3),)))
    ] == pods


def test_zero_pods_are_no_verdict_and_many_are_listed_by_name():
    with pytest.raises(Absent, match="There is no pod whose counters can be read"):
        found(history(before=(earlier(errors=1),)))
    assert [
        window.pod for window in found(history(snapshot("c"), snapshot("a"), snapshot("b")))
    ] == ["a", "b", "c"]


# One snapshot


def test_labels_that_prometheus_adds_are_told_by_the_process_start():
    target = {"namespace": "monitoring", "pod": "a", "job": "cano", "instance": "10.0.0.1:8080"}
    samples = (
        # An empty label is the same as none.
        Sample(
            "process_start_time_seconds",
            target | {"__name__": "process_start_time_seconds", "endpoint": ""},
            1.0,
        ),
        *(
            replace(sample, labels=dict(sample.labels) | target)
            for sample in counters(received=7, errors=2)
        ),
    )
    counts = read(replace(snapshot(), samples=samples))
    assert (counts.total(RECEIVED), counts.by_label(ERRORS), counts.unaccounted) == (
        7,
        {"conversion_failed": 2},
        0,
    )


def test_a_pod_that_two_jobs_scrape_is_counted_once_and_the_newer_number_counts():
    samples = []
    for job, received in (("one", 7), ("two", 8)):
        samples.append(Sample("process_start_time_seconds", {"job": job}, 1.0))
        samples += [
            replace(sample, labels=dict(sample.labels) | {"job": job})
            for sample in counters(received=received)
        ]
    # A third job drops the process start: its numbers belong to nobody.
    samples += [
        replace(sample, labels=dict(sample.labels) | {"job": "three"})
        for sample in counters(received=50)
    ]
    assert read(replace(snapshot(), samples=tuple(samples))).total(RECEIVED) == 8


def test_a_counter_of_another_target_alone_is_no_count():
    """It would be missing here and count from zero later: a silent collector received all that it ever counted."""
    samples = (
        Sample("process_start_time_seconds", {"job": "one"}, 1.0),
        *(replace(one, labels=dict(one.labels) | {"job": " one"}) for one in counters(received=7)),
    )
    with pytest.raises(Malformed, match="other target labels than its process_start_time_seconds"):
        read(replace(snapshot(), samples=samples))


def test_series_of_one_meaning_are_added_up_by_what_the_checks_tell_apart():
    samples = tuple(
        Sample("cano_alerts_errors_total", {"alert_name": name, "error_type": kind}, value)
        for name, kind, value in (
            ("A", "conversion_failed", 1.0),
            ("B", "conversion_failed", 2.0),
            ("B", "dispatch_failed", 4.0),
        )
    )
    assert read(replace(snapshot(), samples=samples)).by_label(ERRORS) == {
        "conversion_failed": 3,
        "dispatch_failed": 4,
    }


def test_every_family_of_both_schemes_is_read():
    guide = {
        "cano_alerts_received_total": {}, "cano_alerts_processed_total": {"source": "processed"},
        "cano_alerts_errors_total": {"error_type": "x"}, "cano_destination_sent_total": {"destination_name": "d"},
        "cano_destination_errors_total": {"destination_name": "d", "error_type": "x"},
        "cano_http_requests_total": {"method": "POST", "path": "/api/alerts", "status": "200"},
    }  # fmt: skip
    samples = tuple(
        Sample(name, labels, float(number))
        for number, (name, labels) in enumerate(guide.items(), start=1)
    )
    counts = read(replace(snapshot(), samples=samples))
    assert [
        counts.total(family)
        for family in (RECEIVED, PROCESSED, ERRORS, SENT, SEND_ERRORS, REQUESTS)
    ] == [1, 2, 3, 4, 5, 6]
    assert counts.by_label(SEND_ERRORS, "d") == {"x": 5}


@examples(100)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), min_size=1, max_size=5), st.data()
)
def test_the_order_of_snapshots_does_not_matter_and_the_truth_lies_between(steps, data):
    moments, received = [], 0
    for number, (hours, more) in enumerate(steps):
        received += more
        moments.append(
            snapshot(
                taken=ago(days=3) + timedelta(hours=hours + sum(h for h, _ in steps[:number])),
                source="export",
                received=received,
            )
        )
    moments = [moment for moment in moments if moment.taken < NOW]
    latest = snapshot(received=received)
    ordered = found(history(latest, before=tuple(moments)))
    assert found(history(latest, before=tuple(data.draw(st.permutations(moments))))) == ordered
    (window,) = ordered
    inside = [moment for moment in moments if moment.taken > ago(hours=24)]
    assert window.least.total(RECEIVED) <= window.most.total(RECEIVED) <= received
    if inside:
        first = min(inside, key=lambda moment: moment.taken)
        assert window.most.total(RECEIVED) >= received - read(first).total(RECEIVED)
