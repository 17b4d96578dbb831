"""The collector's past in Prometheus: what a series that is not there proves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.http.canned import CannedApi
from tests.adapters.http.test_prometheus import Answer, matrix
from tests.judges.samples import install, workload
from upkeep.adapters.http.history import asked, summed
from upkeep.adapters.http.prometheus import Prometheus
from upkeep.errors import Malformed
from upkeep.records.counters import EarlierCounters

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
POD, STARTED = "cano-collector-6f7d9c5b84-k7w2p", NOW.timestamp() - 10 * 86400
BUCKET = "cano_alerts_processing_duration_seconds_bucket"


def past(*names: str, **labels: str) -> EarlierCounters:
    """What a Prometheus gives that has a series of each name, beside the process start."""
    moment = NOW.timestamp() - 86400
    values = dict.fromkeys(names, "7") | {"process_start_time_seconds": str(STARTED)}
    series = [
        {"metric": {"__name__": name, "pod": POD, **labels}, "values": [[moment, value]]}
        for name, value in values.items()
    ]
    prometheus = Prometheus(Answer(matrix(*series)))
    return asked(prometheus, "x", now=NOW, window_seconds=86400, step_seconds=900)


def test_series_of_the_collector_are_samples_of_its_past():
    found = past(BUCKET, le="+Inf")
    assert (len(found.snapshots), found.said) == (1, "Prometheus: 1 earlier samples")


@pytest.mark.parametrize("labels", [{}, {"job": "cano"}])
def test_process_starts_alone_do_not_prove_that_counters_were_zero(labels: dict[str, str]):
    """prometheus/prometheus#12350: a scrape of native histograms leaves out their buckets."""
    found = past(**labels)
    assert found == EarlierCounters((), "Prometheus: process starts alone, none of these counters")


def test_an_agent_answers_no_query_and_the_storage_behind_it_is_the_next_step():
    """prometheus/prometheus#12860: agent mode stores nothing; Prometheus 2.42's own answer."""
    said = {"status": "error", "errorType": "execution"}
    agent = Prometheus(Answer(said | {"error": "unavailable with Prometheus Agent"}))
    with pytest.raises(Malformed, match="unavailable with Prometheus Agent") as caught:
        agent.vector("up", at=NOW)
    assert caught.value.next_step == "--prometheus=URL of the storage that the agent writes to"


class Replicas(CannedApi):
    """A store that two replicas of Prometheus write to, each with an external label of its own."""

    where, namespace = "http://store", ""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        self.asked.append(query["query"])
        moment, series = NOW.timestamp() - 86400, []
        for replica, value in (("a", "7"), ("b", "6")):
            target = {"pod": POD, "job": "cano", "cluster.replica": replica}
            for name, number in (("process_start_time_seconds", str(STARTED)), (BUCKET, value)):
                if name in query["query"]:
                    metric = {"__name__": name, **target}
                    series.append({"metric": metric, "values": [[moment, number]]})
        return matrix(*series)


def test_counters_of_two_replicas_are_not_summed():
    """prometheus/prometheus#9313: a store without deduplication has each series twice."""
    store = Replicas()
    found = summed(
        Prometheus(store),
        [BUCKET, "process_start_time_seconds"],
        ("le",),
        install=install(),
        workload=workload(),
        now=NOW,
        window_seconds=86400,
        step_seconds=900,
    )
    assert store.asked[1].startswith('sum by (__name__, "cluster.replica", job, le, pod) (')
    (snapshot,) = found.snapshots
    assert snapshot.process_start.timestamp() == STARTED
    assert sorted(one.value for one in snapshot.samples if one.name == BUCKET) == [6, 7]
