"""Ask Prometheus, or a program that speaks its HTTP API, and return records.

Raw samples only: ``increase()`` of a series that first appears at 1 is 0. An empty result is returned as such; callers decide what it means.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from upkeep.adapters.http import prometheus_answers as answers
from upkeep.adapters.http.promql import metrics_named
from upkeep.adapters.http.web import WebApi
from upkeep.errors import Absent, Malformed
from upkeep.model import parse_time
from upkeep.records.counters import RangeSeries, Sample, Snapshot
from upkeep.records.monitoring import AlertRule

RULES = "/api/v1/rules"


class Prometheus:
    """One Prometheus."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self.where = api.where

    def _data(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        body = self._api.get(path, query)
        return answers.data_of(body, where=f"{self.where}{path}", source=query.get("query", path))

    def vector(self, expression: str, *, at: datetime) -> tuple[Sample, ...]:
        """Return the instant vector of an expression, the name under ``name``.

        :raises Unmeasured: of any kind; an empty vector is returned as such.
        """
        data = self._data("/api/v1/query", {"query": expression, "time": f"{at.timestamp():.3f}"})
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
        data = self._data("/api/v1/query_range", query)
        return answers.matrix(
            data, expression=expression, start=start, end=end, step_seconds=step_seconds
        )

    def existing(self, metrics: Iterable[str], *, at: datetime) -> frozenset[str]:
        """Return which of the metrics have a series."""
        names = "|".join(sorted(metrics))
        return frozenset(
            str(sample.labels.get("__name__", ""))
            for sample in self.vector(f'count by (__name__) ({{__name__=~"{names}"}})', at=at)
        )

    def blind(self) -> Absent:
        """Return the error of a Prometheus that has not even a series of ``up``."""
        return Absent(
            f"{self.where} has no series of up. It scrapes nothing, or shows another tenant.",
            source="up",
            next_step="--prometheus=URL of the one that scrapes the collector, and its tenant header in the settings",
        )

    def rules(self, names: Iterable[str], *, at: datetime) -> tuple[AlertRule, ...]:
        """Return the loaded alerting rules of these names, each with the metrics that its own expression names.

        :raises Absent: rules are loaded, but Prometheus scrapes nothing, so missing metrics prove nothing.
        :raises Malformed: the answer is not a list of rules, or a rule has no time of its last evaluation.
        """
        wanted = frozenset(names)
        data = self._data(RULES, {"type": "alert"})
        groups = data.get("groups")
        if not isinstance(groups, list):
            raise Malformed(f"{self.where}{RULES}: the answer has no groups.", source=RULES)
        try:
            loaded = [one for one in _rules(groups) if one["name"] in wanted]
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError):
            raise Malformed(
                f"{self.where}{RULES}: a group or a rule does not have Prometheus' form.",
                source=RULES,
            ) from None
        needed = {rule["query"]: sorted(metrics_named(rule["query"])) for rule in loaded}
        there = self.existing({"up"}.union(*needed.values()), at=at) if loaded else frozenset()
        if loaded and "up" not in there:
            # Nothing at all is scraped: that a metric has no series says nothing about the metric.
            raise self.blind()
        return tuple(
            AlertRule(
                name=rule["name"],
                state=rule["state"],
                health=rule["health"],
                query=rule["query"],
                metrics=tuple((metric, metric in there) for metric in needed[rule["query"]]),
                error=str(rule.get("lastError") or "")[:200],
                evaluated=rule["evaluated"],
                interval_seconds=rule["interval"],
            )
            for rule in loaded
        )


def _rules(groups: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield each rule with its last evaluation and the interval of its group.

    :raises KeyError: something is missing. :raises TypeError: something is no text. :raises ValueError: a time is none.
    """
    for group in groups:
        for rule in group.get("rules") or []:
            if not all(
                isinstance(rule[name], str) for name in ("name", "state", "health", "query")
            ):
                raise TypeError
            evaluated = parse_time(rule.get("lastEvaluation") or group["lastEvaluation"])
            # Go's zero time: never.
            yield {
                **rule,
                "evaluated": None if evaluated.year <= 1 else evaluated,
                "interval": float(group.get("interval") or 0),
            }
