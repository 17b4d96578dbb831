"""Prometheus' range answers as series and snapshots, what it may not answer, and the use of the containers that is made of it."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.resources import usage_history
from tests.adapters.http.canned import CannedApi
from tests.judges.samples import install, workload
from upkeep.adapters.http.prometheus import Prometheus
from upkeep.domain.pod_names import of_workload
from upkeep.errors import Absent, Malformed, NotApplicable, Unmeasured, Unreachable
from upkeep.limits import Limits
from upkeep.records.counters import RangeSeries
from upkeep.records.usage import ContainerUsage, UsageHistory, UsageSeries

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
THEN = NOW.timestamp()
CPU = {
    "__name__": "container_cpu_usage_seconds_total",
    "pod": "cano-collector-a-b",
    "container": "cano-collector",
    "cpu": "total",
}


class Answer(CannedApi):
    """A JSON API that gives one document to whatever is asked, and remembers what that was."""

    where = "http://prometheus"

    def __init__(self, document: Any) -> None:
        self.document = document
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        self.asked.append((path, query))
        return self.document


def matrix(*series: dict[str, Any], kind: str = "matrix") -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": list(series)}}


def series(document: Any) -> tuple[RangeSeries, ...]:
    return Prometheus(Answer(document)).series("x", start=NOW, end=NOW, step_seconds=60)


def test_a_matrix_is_read_series_by_series():
    found = series(
        matrix(
            {"metric": CPU, "values": [[THEN - 60, "1.5"], [THEN, "2"]]},
            {"metric": {}, "values": [[THEN, "0"]]},
        )
    )
    assert found == (
        RangeSeries(CPU, ((datetime(2026, 1, 2, 11, 59, tzinfo=UTC), 1.5), (NOW, 2.0))),
        RangeSeries({}, ((NOW, 0.0),)),
    )
    assert series(matrix()) == ()


@pytest.mark.parametrize(
    "document",
    [
        None, [], {}, {"status": "error", "error": "no"}, {"status": "success"}, {"status": "success", "data": {}},
        matrix(kind="vector"), matrix({"metric": {}}), matrix({"metric": [], "values": [[1, "1"]]}), matrix({"values": [[1, "1"]]}),
        matrix({"metric": {}, "values": [[1, "NaN"]]}), matrix({"metric": {}, "values": [[1, "+Inf"]]}), matrix({"metric": {}, "values": [[1, "x"]]}),
        matrix({"metric": {}, "values": [[1, None]]}), matrix({"metric": {}, "values": [[1]]}), matrix({"metric": {}, "values": 7}),
        matrix({"metric": {}, "values": [["x", "1"]]}), matrix({"metric": {}, "values": [[1e300, "1"]]}), matrix({"metric": {}, "values": [1]}),
        matrix() | {"warnings": ["one store did not answer"]}, matrix() | {"isPartial": True}, matrix() | {"infos": ["ignored histogram"]},
        matrix() | {"truncated": True}, matrix() | {"status": "partial"}, {"data": matrix()["data"]}, matrix(kind=""), matrix(kind=None),
        {"status": "success", "data": matrix()["data"] | {"isPartial": True}}, {"status": "success", "data": {"result": []}},
        # Points of another time than was asked for, and two values of one series.
        matrix({"metric": CPU, "values": [[THEN - 7200, "1"]]}), matrix({"metric": CPU, "values": [[THEN, "1"], [THEN + 900, "1"]]}),
        matrix({"metric": CPU, "values": [[THEN, "1"]]}, {"metric": CPU, "values": [[THEN, "2"]]}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["series", "snapshots"])
def test_what_is_no_matrix_is_malformed(document: Any, method: str):
    with pytest.raises(Malformed):
        getattr(Prometheus(Answer(document)), method)("x", start=NOW, end=NOW, step_seconds=60)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=6,
    )
)
def test_no_value_of_a_matrix_breaks_the_reader(values: Any):
    try:
        found = series(matrix({"metric": CPU, "values": values}))
    except Malformed:
        return  # the one error that there may be
    assert [len(one.points) for one in found] == [len(values)]


def test_a_process_that_started_at_no_time_is_malformed():
    start = {
        "metric": {"__name__": "process_start_time_seconds", "pod": "a"},
        "values": [[THEN, "1e300"]],
    }
    with pytest.raises(Malformed, match=r"1e\+300 is not a time in seconds since 1970"):
        Prometheus(Answer(matrix(start))).snapshots("x", start=NOW, end=NOW, step_seconds=60)


# What is made of it


def measured(prometheus: Any, usages: Any = (), **limits: float) -> UsageHistory:
    take = vars(usage_history)["measurement"].take
    return take(prometheus, usages, workload(), install(), Limits(limits), NOW)


def test_the_containers_are_asked_for_by_name_for_a_week_and_an_hour():
    api = Answer(matrix({"metric": CPU, "values": [[THEN, "2"]]}))
    history = measured(Prometheus(api))
    assert history == UsageHistory(
        "Prometheus",
        3600,
        (UsageSeries("cano-collector-a-b", "cano-collector", "cpu", ((NOW, 2.0),)),),
    )
    ((path, query),) = api.asked
    assert path == "/api/v1/query_range"
    assert query == {
        "query": '{__name__=~"container_cpu_usage_seconds_total|container_memory_working_set_bytes",namespace="monitoring",'
        f'pod=~"{of_workload(workload())}",container!="",container!="POD",cpu=~"total|"}}',
        "start": f"{THEN - 7 * 86400 - 3600:.3f}", "end": f"{THEN:.3f}", "step": "3600",
    }  # fmt: skip


def test_a_prometheus_without_the_kubelets_is_absent():
    with pytest.raises(
        Absent,
        match=r"The p95 of 7 d was not measured\. http://prometheus has no container_cpu_usage_seconds_total of these pods",
    ) as caught:
        measured(Prometheus(Answer(matrix())))
    assert "cAdvisor" in caught.value.next_step


def test_a_series_that_was_not_asked_for_is_malformed():
    with pytest.raises(Malformed, match="a series of another name than requested"):
        measured(Prometheus(Answer(matrix({"metric": {"pod": "a"}, "values": [[THEN, "2"]]}))))
    with pytest.raises(Malformed, match="a negative usage"):
        measured(
            Prometheus(
                Answer(matrix({"metric": CPU, "values": [[THEN - 3600, "2"], [THEN, "-2"]]}))
            )
        )


@pytest.mark.parametrize(
    ("stopped", "kind", "words"),
    [(NotApplicable("none here"), Absent, "Prometheus is declared absent"), (Unreachable("refused", next_step="--prometheus=URL, or --absent=prometheus=REASON"), Unreachable, "refused")],
)  # fmt: skip
def test_a_moment_of_metrics_server_is_told_and_proves_nothing(
    stopped: Exception, kind: type[Unmeasured], words: str
):
    """Of two pods the higher one; without metrics-server the reason stands alone."""
    usages = tuple(
        ContainerUsage(pod, "cano-collector", NOW, cpu, 2**28)
        for pod, cpu in (("a", 9_200_000), ("b", 70_000_000))
    )
    with pytest.raises(kind) as caught:
        measured(stopped, usages)
    assert caught.value.message == (
        f"The p95 of 7 d was not measured. {words}. At present: cano-collector 70m and 256Mi (metrics-server)."
    )
    assert caught.value.next_step == "--prometheus=URL"
    with pytest.raises(kind, match=f"{words}.$"):
        measured(stopped, Absent("no metrics API"))


@pytest.mark.parametrize(
    "groups",
    [
        [7],
        [{"rules": 7}],
        [{"rules": [7]}],
        [{"rules": [{}]}],
        [{"rules": [{"name": "A", "query": {"a": 1}, "state": "firing", "health": "ok"}]}],
        # Nothing says when it was evaluated.
        [{"rules": [{"name": "A", "query": "a", "state": "firing", "health": "ok"}]}],
        [
            {
                "rules": [
                    {"name": "A", "query": "a", "state": "x", "health": "ok", "lastEvaluation": "x"}
                ]
            }
        ],
        [
            {
                "rules": [
                    {
                        "name": "A",
                        "query": "a",
                        "state": "x",
                        "health": "ok",
                        "lastEvaluation": "2026-01-02T12:00:00",
                    }
                ]
            }
        ],
    ],
)
def test_rules_that_are_none_are_malformed(groups: list[Any]) -> None:
    prometheus = Prometheus(Answer({"status": "success", "data": {"groups": groups}}))
    with pytest.raises(Malformed):
        prometheus.rules(["A"], at=NOW)


@pytest.mark.parametrize("state", ["firing", "pending"])
def test_a_rule_that_its_own_alerts_contradict_is_malformed(state: str) -> None:
    rule = {"name": "A", "query": "a", "state": "inactive", "health": "ok", "type": "alerting"}
    rule |= {"lastEvaluation": "2026-01-02T12:00:00Z", "alerts": [{"state": state}]}
    prometheus = Prometheus(Answer({"status": "success", "data": {"groups": [{"rules": [rule]}]}}))
    with pytest.raises(Malformed, match="rule A is inactive, and one of its alerts is not"):
        prometheus.rules(["A"], at=NOW)


class Rules(CannedApi):
    """A Prometheus with one alerting rule, in which these metrics exist."""

    where, namespace = "http://prometheus", ""

    def __init__(
        self,
        query: str,
        *metrics: str,
        evaluated: str = "2026-01-02T11:59:48.123456789Z",
        others: Sequence[Any] = (),
        **more: Any,
    ) -> None:
        self.others = others
        self.query, self.metrics, self.evaluated, self.more = query, metrics, evaluated, more

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        if path.endswith("rules"):
            rule = {
                "name": "A",
                "query": self.query,
                "state": "inactive",
                "health": "ok",
                "lastEvaluation": self.evaluated,
            }
            return {
                "status": "success",
                "data": {
                    "groups": [
                        {"interval": 30, "rules": [rule, {**rule, "name": "B"}, *self.others]}
                    ],
                    **self.more,
                },
            }
        if path.endswith("/config"):
            raise Absent("404")
        names = re.fullmatch(r'count by \(__name__\) \({__name__=~"(.*)"}\)', query["query"])
        assert names is not None
        there = [name for name in self.metrics if re.fullmatch(names[1], name)]
        return matrix(
            *({"metric": {"__name__": name}, "value": [THEN, "1"]} for name in there), kind="vector"
        )


def test_a_rule_is_told_with_the_metrics_of_its_own_expression() -> None:
    """A typing error names a metric that does not exist, however well the one of the guide does."""
    (rule,) = Prometheus(
        Rules("time() - cano_bakcup > 1 or other > 2", "up", "cano_backup", "other")
    ).rules(["A"], at=NOW)
    assert (rule.name, rule.metrics) == ("A", (("cano_bakcup", False), ("other", True)))
    (rule,) = Prometheus(Rules("vector(0) > 1", "up")).rules(["A"], at=NOW)
    assert rule.metrics == ()
    with pytest.raises(Absent, match="no series of up"):
        Prometheus(Rules("cano_backup > 1", "cano_backup")).rules(["A"], at=NOW)


def test_a_rule_is_told_with_its_last_evaluation() -> None:
    (rule,) = Prometheus(Rules("a > 1", "up", "a")).rules(["A"], at=NOW)
    assert (f"{rule.evaluated:%H:%M:%S}", rule.interval_seconds) == ("11:59:48", 30)
    (rule,) = Prometheus(Rules("a > 1", "up", "a", evaluated="0001-01-01T00:00:00Z")).rules(
        ["A"], at=NOW
    )
    assert rule.evaluated is None


def test_words_of_other_programs_in_other_rules_hide_no_rule() -> None:
    """vmalert lists recording rules with the state ``""``; Prometheus 3.6 has the state ``unknown``."""
    others = [
        {"name": "r", "query": "a", "state": "", "health": "ok", "type": "recording"},
        {"name": "s", "query": "a", "state": "nomatch", "health": "no match"},
        {"name": "t", "query": "a", "state": "unknown", "health": "unknown"},
    ]
    (rule,) = Prometheus(Rules("a > 1", "up", "a", others=others)).rules(["A"], at=NOW)
    assert (rule.name, rule.state) == ("A", "inactive")


@pytest.mark.parametrize(
    ("flags", "evaluates"),
    [
        ({"rules.alert.resend-delay": "1m"}, True),
        ({"rule-file": "/rules/*.yaml"}, True),
        ({"query.replica-label": "replica"}, False),
        (None, False),
    ],
)
def test_no_rule_at_all_is_believed_of_a_server_that_evaluates_rules(
    flags: dict[str, str] | None, evaluates: bool
) -> None:
    """vmselect without -vmalert.proxyURL, Thanos Query without a ruler and Mimir's querier list none."""

    class Empty(Answer):
        def answer(self, path: str, query: Mapping[str, str]) -> Any:
            if path.endswith("/rules"):
                return {"status": "success", "data": {"groups": []}}
            if flags is None:
                raise Absent("404")
            return {"status": "success", "data": flags}

    prometheus = Prometheus(Empty(None))
    if evaluates:
        assert prometheus.rules(["A"], at=NOW) == ()
    else:
        with pytest.raises(Absent, match="nothing shows that this server evaluates rules"):
            prometheus.rules(["A"], at=NOW)


def test_what_one_shard_lacks_another_may_have() -> None:
    """prometheus-operator/prometheus-operator#4958: each request may reach another shard."""

    class Shard(Rules):
        def answer(self, path: str, query: Mapping[str, str]) -> Any:
            if path.endswith("/config"):
                relabeling = "- source_labels: [__address__]\n  modulus: 2\n  action: hashmod"
                return {"status": "success", "data": {"yaml": relabeling}}
            return super().answer(path, query)

    (rule,) = Prometheus(Shard("cano_backup > 1", "up", "cano_backup")).rules(["A"], at=NOW)
    assert rule.metrics == (("cano_backup", True),)
    with pytest.raises(Absent, match="one shard of several"):
        Prometheus(Shard("cano_backup > 1", "up")).rules(["A"], at=NOW)


def test_a_page_of_the_rules_is_not_all_of_them() -> None:
    with pytest.raises(Malformed, match="partial"):
        Prometheus(Rules("a > 1", "up", "a", groupNextToken="x")).rules(["A"], at=NOW)


@pytest.mark.parametrize(
    "document",
    [
        matrix({"metric": CPU, "value": [THEN, "1"]}),
        matrix({"metric": CPU, "value": [THEN, "1"]}, kind="vector") | {"isPartial": True},
        matrix({"metric": CPU, "value": [THEN - 7200, "1"]}, kind="vector"),
        matrix({"metric": CPU, "value": [0, "1"]}, kind="vector"),
        matrix({"metric": CPU, "value": ["x", "1"]}, kind="vector"),
        matrix({"metric": CPU, "value": [THEN]}, kind="vector"),
        matrix({"metric": CPU, "value": [THEN, "1"]}, {"metric": CPU, "value": [THEN, "0"]}, kind="vector"),
        matrix({"metric": CPU, "value": [THEN, "1"]}, {"metric": CPU | {"cluster": ""}, "value": [THEN, "0"]}, kind="vector"),
        matrix(kind="scalar"),
    ],
)  # fmt: skip
def test_a_vector_that_is_partial_of_another_time_or_twice_is_malformed(document: Any) -> None:
    with pytest.raises(Malformed):
        Prometheus(Answer(document)).vector("x", at=NOW)
