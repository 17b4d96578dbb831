"""Ask Prometheus, or a program that speaks its HTTP API, and return records.

Raw samples only: ``increase()`` of a series that first appears at 1 is 0. An empty result is returned as such; callers decide what it means.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from msgspec.structs import replace

from upkeep.adapters.http import prometheus_answers as answers
from upkeep.adapters.http.promql import metrics_named
from upkeep.adapters.http.web import WebApi
from upkeep.adapters.wire.prometheus import (
    Config,
    Flags,
    Marked,
    Matrix,
    MatrixReply,
    Rules,
    RulesReply,
    Vector,
    VectorReply,
)
from upkeep.errors import Absent, Malformed, Unmeasured
from upkeep.records.counters import RangeSeries, Sample, Snapshot
from upkeep.records.monitoring import AlertRule

RULES, FLAGS, CONFIG = "/api/v1/rules", "/api/v1/status/flags", "/api/v1/status/config"
# Flags of Prometheus and of Thanos Ruler, which evaluate rules. Thanos Query, vmselect and Mimir's querier have none.
EVALUATES = ("rules.", "rule-file")
D = TypeVar("D", bound=Marked)


class Prometheus:
    """One Prometheus."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self.where = api.where

    def _data(self, path: str, query: Mapping[str, str], type: type[answers.Reply[D]]) -> D:
        reply = self._api.get(path, query, type)
        return answers.data_of(reply, where=f"{self.where}{path}", source=query.get("query", path))

    def vector(self, expression: str, *, at: datetime) -> tuple[Sample, ...]:
        """Return the instant vector of an expression, the name under ``name``.

        :raises Unmeasured: of any kind; an empty vector is returned as such.
        """
        query = {"query": expression, "time": f"{at.timestamp():.3f}"}
        data: Vector = self._data("/api/v1/query", query, VectorReply)
        return answers.vector(data, expression=expression, at=at)

    def snapshots(
        self, expression: str, *, start: datetime, end: datetime, step_seconds: int
    ) -> tuple[Snapshot, ...]:
        """Return the matrix of an expression as one Snapshot for each pod and instant with a known process start.

        Samples at an instant without ``process_start_time_seconds`` belong to no known process and are left out.
        """
        moments: dict[tuple[str, datetime], list[Sample]] = {}
        for one in self.series(expression, start=start, end=end, step_seconds=step_seconds):
            for instant, value in one.points:
                moments.setdefault((one.labels.get("pod", ""), instant), []).append(
                    Sample(one.labels.get("__name__", ""), one.labels, value)
                )
        found = []
        for (pod, instant), samples in sorted(moments.items()):
            starts = {
                sample.value for sample in samples if sample.name == "process_start_time_seconds"
            }
            if len(starts) == 1 and pod:
                started = answers.instant_of(starts.pop(), expression)
                found.append(Snapshot(pod, instant, started, tuple(samples), "prometheus"))
        return tuple(found)

    def series(
        self, expression: str, *, start: datetime, end: datetime, step_seconds: int
    ) -> tuple[RangeSeries, ...]:
        """Return the matrix of an expression, series by series.

        :raises Unmeasured: of any kind; an empty matrix is returned as such.
        """
        query = {
            "query": expression,
            "start": f"{start.timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": str(step_seconds),
        }
        data: Matrix = self._data("/api/v1/query_range", query, MatrixReply)
        return answers.matrix(
            data, expression=expression, start=start, end=end, step_seconds=step_seconds
        )

    def existing(self, metrics: Iterable[str], *, at: datetime) -> frozenset[str]:
        """Return which of the metrics have a series."""
        names = "|".join(sorted(metrics))
        return frozenset(
            sample.labels.get("__name__", "")
            for sample in self.vector(f'count by (__name__) ({{__name__=~"{names}"}})', at=at)
        )

    def blind(self) -> Absent:
        """Return the error of a Prometheus that has not even a series of ``up``."""
        return Absent(
            f"{self.where} has no series of up. It scrapes nothing, or shows another tenant.",
            source="up",
            next_step="--prometheus=URL of the Prometheus that scrapes the collector, and its tenant header in the settings",
        )

    def require_unsharded(self, missing: str) -> None:
        """Require that a series that is missing is not in another shard.

        Each shard scrapes a share of the targets, which the action ``hashmod`` chooses.
        Source: https://prometheus-operator.dev/docs/platform/high-availability/;
        prometheus-operator/prometheus-operator#4958.

        :raises Absent: this is one shard of several.
        """
        try:
            configuration = self._api.get(CONFIG, {}, Config).data.yaml
        except Unmeasured:  # other programs have no such answer
            return
        if "action: hashmod" in configuration:
            raise Absent(
                f"{self.where} has no series of {missing}. It is one shard of several, and another may have it.",
                source=CONFIG,
                next_step="--prometheus=URL of a store of all shards (Thanos Query, or a remote-write target)",
            )

    def rules(self, names: Iterable[str], *, at: datetime) -> tuple[AlertRule, ...]:
        """Return the loaded alerting rules of these names, each with the metrics that its own expression names.

        :raises Absent: rules are loaded, but Prometheus scrapes nothing, so missing metrics prove nothing. Or no rule at all is
            listed, and nothing shows that the server evaluates rules.
        :raises Malformed: the answer is not a list of rules, or a rule has no time of its last evaluation.
        """
        wanted = frozenset(names)
        data: Rules = self._data(RULES, {"type": "alert"}, RulesReply)
        if not data.groups:
            self._require_evaluator()
        loaded = list(self._rules(data, wanted))
        needed = {rule.query: sorted(metrics_named(rule.query)) for rule in loaded}
        there = self.existing({"up"}.union(*needed.values()), at=at) if loaded else frozenset()
        if loaded and "up" not in there:
            # Nothing at all is scraped: that a metric has no series says nothing about the metric.
            raise self.blind()
        unseen = sorted({one for metrics in needed.values() for one in metrics} - there)
        if unseen:
            self.require_unsharded(unseen[0])
        return tuple(
            replace(rule, metrics=tuple((metric, metric in there) for metric in needed[rule.query]))
            for rule in loaded
        )

    def _require_evaluator(self) -> None:
        """Require that the server evaluates rules itself: another one answers with no group, too.

        Source: https://docs.victoriametrics.com/victoriametrics/#prometheus-querying-api-usage; grafana/mimir#5868.

        :raises Absent: nothing shows that it does.
        """
        try:
            flags: frozenset[str] = frozenset(self._api.get(FLAGS, {}, Flags).data)
        except Unmeasured:
            flags = frozenset()
        if not any(flag.startswith(EVALUATES) for flag in flags):
            raise Absent(
                f"{self.where}{RULES} lists no rule at all, and nothing shows that this server evaluates rules.",
                source=RULES,
                next_step="let it show those of the ruler: -vmalert.proxyURL of VictoriaMetrics, --endpoint of Thanos Query; or --prometheus=URL of the server that evaluates rules",
            )

    def _rules(self, data: Rules, wanted: frozenset[str]) -> Iterator[AlertRule]:
        """Yield the wanted alerting rules, each with its last evaluation and the interval of its group.

        :raises Malformed: a rule has no state, or no time of its last evaluation.
        """
        for group in data.groups:
            for rule in group.rules or ():
                if rule.name not in wanted:
                    continue
                evaluated = rule.lastEvaluation or group.lastEvaluation
                if rule.state is None or evaluated is None:
                    raise Malformed(
                        f"{self.where}{RULES}: rule {rule.name} has no {'state' if evaluated else 'lastEvaluation'}.",
                        source=RULES,
                    )
                if rule.state == "inactive" and any(
                    one.state in ("pending", "firing") for one in rule.alerts or ()
                ):
                    raise Malformed(
                        f"{self.where}{RULES}: rule {rule.name} is inactive, and one of its alerts is not.",
                        source=RULES,
                        next_step="run again",
                    )
                yield AlertRule(
                    name=rule.name,
                    state=rule.state,
                    health=rule.health,
                    query=rule.query,
                    metrics=(),
                    error=rule.lastError[:200],
                    # Go's zero time: never.
                    evaluated=None if evaluated.year <= 1 else evaluated.astimezone(UTC),
                    interval_seconds=group.interval,
                )
