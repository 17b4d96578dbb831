"""The volume of each day, of those that are known whole."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.judges.counting.counter_samples import examples, snapshot
from tests.judges.samples import NOW
from upkeep.judges.resources.volumes import daily_volumes
from upkeep.records.counters import CounterHistory, Snapshot


def at(
    days: float, received: int, pod: str = "a", *, age: float = 40, source: str = "prometheus"
) -> Snapshot:
    """A process's count so many days ago; it started ``age`` days ago."""
    return snapshot(
        pod,
        taken=NOW - timedelta(days=days),
        started=NOW - timedelta(days=age),
        source=source,
        received=received,
    )


def live(received: int, pod: str = "a", *, age: float = 40) -> Snapshot:
    return at(0, received, pod, age=age, source="metrics")


def volumes(*latest: Snapshot, before=(), days: int = 5) -> dict[int, float]:
    """The known days' groups, by how many days ago the day ended."""
    found = daily_volumes(CounterHistory(latest, tuple(before)), now=NOW, days=days)
    assert [end for end, _ in found] == sorted(end for end, _ in found)
    return {(NOW - end).days: groups for end, groups in found}


def test_what_was_counted_between_the_ends_of_days():
    before = [at(4, 0), at(3, 10), at(2, 30), at(1, 60)]
    assert volumes(live(100), before=before) == {3: 10, 2: 20, 1: 30, 0: 40}


def test_pods_add_up_and_a_young_one_counts_from_its_start():
    before = [at(2, 30), at(1, 60)]
    assert volumes(live(100), live(7, "b", age=0.5), before=before) == {1: 30, 0: 47}


def test_runs_at_other_times_of_day_are_spread_evenly():
    """Twelve hours between the look at 36 h and the one at 24 h; the day's end lies between two looks a day apart."""
    before = [
        at(2.5, 0, source="export"),
        at(1.5, 24, source="export"),
        at(0.5, 48, source="export"),
    ]
    assert volumes(live(72), before=before) == {1: 24, 0: 36}


def test_two_looks_that_are_further_apart_tell_of_no_day():
    assert volumes(live(100), before=[at(4, 0), at(3, 10), at(1, 60)]) == {3: 10, 0: 40}
    assert volumes(live(100)) == {}


def test_a_day_on_which_a_process_ended_unseen_is_left_out():
    """What it counted after its last moment is in no book; before and after that day all is known."""
    before = [at(4, 0, "old"), at(3, 10, "old"), at(2, 30, "old"), at(1, 5, "new", age=1.4)]
    assert volumes(live(25, "new", age=1.4), before=before) == {3: 10, 2: 20, 0: 20}


def test_another_pod_that_is_known_whole_does_not_stand_in_for_one_that_is_not():
    whole = [at(days, 10 * (5 - days), "whole") for days in (5, 4, 3, 2, 1)]
    ended = [at(days, 10 * (5 - days), "ended") for days in (5, 4, 3)]
    assert volumes(live(50, "whole"), before=[*whole, *ended]) == {4: 20, 3: 20, 1: 10, 0: 10}
    gap = [at(days, 10 * (5 - days), "gap") for days in (5, 4, 1)]
    assert volumes(live(50, "whole"), live(50, "gap"), before=[*whole, *gap]) == {4: 20, 0: 20}


def test_a_container_that_started_again_in_its_pod_is_another_process():
    before = [at(3, 10), at(2, 30), at(1, 4, age=1.5)]
    assert volumes(live(9, age=1.5), before=before) == {2: 20, 0: 5}


def test_before_the_first_process_there_is_no_day():
    assert volumes(live(50, age=2.2), before=[at(2, 10, age=2.2), at(1, 30, age=2.2)]) == {
        1: 20,
        0: 20,
    }
    assert volumes(live(50, age=1.05), before=[at(1, 10, age=1.05)]) == {0: 40}


def test_a_day_without_traffic_is_a_day_of_none():
    assert volumes(live(0), before=[at(1, 0)]) == {0: 0}


def test_two_jobs_that_scrape_a_pod_count_once():
    """Prometheus and a saved exposition of the same instant: the counter is one."""
    before = [at(1, 60), at(1, 60, source="export")]
    assert volumes(live(100), before=before) == {0: 40}


@examples(100)
@given(
    st.lists(st.integers(0, 50), min_size=8, max_size=8),
    st.sets(st.integers(1, 7)),
    st.booleans(),
    st.sampled_from([3, 5, 40]),
)
def test_a_day_is_never_told_wrongly(counts: list[int], seen: set[int], gone: bool, age: int):
    """Whatever moments are known, and whether the pod is there still: what is told of a day is what came on it, of a process that began with one."""
    received = {days: sum(counts[max(0, 8 - age) : 8 - days]) for days in range(9)}
    before = [at(days, received[days], age=age) for days in seen if days < age]
    latest = live(0, "b", age=0.01) if gone else live(received[0], age=age)
    for day, groups in volumes(latest, before=before, days=8).items():
        assert groups == counts[7 - day]
