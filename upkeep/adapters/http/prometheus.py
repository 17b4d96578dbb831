"""Prometheus' HTTP API as records.

Raw samples only: ``increase()`` of a series that first appears at 1 is 0 (collector.md). An empty result is never taken for "fine": callers
are told apart what exists and what does not.
Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from upkeep.adapters.http.promql import metrics_named
from upkeep.adapters.http.web import WebApi
from upkeep.errors import Absent, Malformed
from upkeep.records.counters import RangeSeries, Sample, Snapshot
from upkeep.records.monitoring import AlertRule


class Prometheus:
    """One Prometheus."""

    def __init__(self, api: WebApi) -> None:
        self._api = api
        self.where = api.where

    def _data(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        body = self._api.get(path, query)
        if (
            not isinstance(body, dict)
            or body.get("status") != "success"
            or not isinstance(body.get("data"), dict)
        ):
            error = str(body.get("error", ""))[:200] if isinstance(body, dict) else ""
            raise Malformed(
                f"{self.where}{path}: no success: {error or 'not an answer of Prometheus'}",
                source=query.get("query", path),
            )
        if body.get("warnings"):
            # A federated or tenant-split store says so when part of it did not answer: a partial answer is not an answer.
            raise Malformed(
                f"{self.where}{path}: answered with warnings: its data may be partial",
                source=query.get("query", path),
            )
        data: Mapping[str, Any] = body["data"]
        return data

    def vector(self, expression: str, *, at: datetime) -> tuple[Sample, ...]:
        """The instant vector of an expression, the name under ``name``.

        :raises Unmeasured: of any kind; an empty vector is returned as such.
        """
        data = self._data("/api/v1/query", {"query": expression, "time": f"{at.timestamp():.3f}"})
        if data.get("resultType") != "vector":
            raise Malformed(f"{self.where}: a vector was asked for", source=expression)
        return tuple(
            _sample(entry["metric"], entry["value"][1], expression)
            for entry in _series(data, "value", expression)
        )

    def snapshots(
        self, expression: str, *, start: datetime, end: datetime, step_seconds: int
    ) -> tuple[Snapshot, ...]:
        """The matrix of an expression as one Snapshot for each pod and instant at which the process's start is known.

        Samples at an instant without ``process_start_time_seconds`` cannot be given to a process and are left out.
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
                found.append(
                    Snapshot(
                        pod,
                        instant,
                        _instant(starts.pop(), expression),
                        tuple(samples),
                        "prometheus",
                    )
                )
        return tuple(found)

    def series(
        self, expression: str, *, start: datetime, end: datetime, step_seconds: int
    ) -> tuple[RangeSeries, ...]:
        """The matrix of an expression, series by series.

        :raises Unmeasured: of any kind; an empty matrix is returned as such.
        """
        query = {
            "query": expression,
            "start": f"{start.timestamp():.3f}",
            "end": f"{end.timestamp():.3f}",
            "step": str(step_seconds),
        }
        data = self._data("/api/v1/query_range", query)
        if data.get("resultType") != "matrix":
            raise Malformed(f"{self.where}: a matrix was asked for", source=expression)
        instants: dict[float, datetime] = {}  # the same for every series
        return tuple(
            RangeSeries(
                {str(label): str(text) for label, text in entry["metric"].items()},
                tuple(
                    _point(entry["metric"], point, expression, instants)
                    for point in entry["values"]
                ),
            )
            for entry in _series(data, "values", expression)
        )

    def existing(self, metrics: Iterable[str], *, at: datetime) -> frozenset[str]:
        """Which of the metrics have a series now."""
        names = "|".join(sorted(metrics))
        return frozenset(
            sample.labels["__name__"]
            for sample in self.vector(f'count by (__name__) ({{__name__=~"{names}"}})', at=at)
        )

    def blind(self) -> Absent:
        """What stops a question of absence where not even ``up`` has a series."""
        return Absent(
            f"{self.where} has no series named up: it scrapes nothing, or this is another tenant's view",
            source="up",
            next_step="--prometheus=URL of the one that scrapes the collector, and its tenant header in the settings",
        )

    def rules(self, names: Iterable[str], *, at: datetime) -> tuple[AlertRule, ...]:
        """The loaded alerting rules of these names, each with the metrics that its own expression names, whatever the guide's says.

        :raises Absent: rules are loaded, and Prometheus scrapes nothing, so that it cannot tell whether a metric exists.
        """
        wanted = frozenset(names)
        data = self._data("/api/v1/rules", {"type": "alert"})
        groups = data.get("groups")
        if not isinstance(groups, list):
            raise Malformed(f"{self.where}/api/v1/rules: no groups", source="/api/v1/rules")
        try:
            every = [rule for group in groups for rule in group.get("rules") or []]
            loaded = [rule for rule in every if str(rule["name"]) in wanted and _is_rule(rule)]
        except (KeyError, TypeError, AttributeError):
            raise Malformed(
                f"{self.where}/api/v1/rules: a group or a rule is not as Prometheus documents it",
                source="/api/v1/rules",
            ) from None
        needed = {
            rule["query"]: sorted(metrics_named(rule["query"]))
            for rule in loaded
            if "query" in rule
        }
        there = self.existing({"up"}.union(*needed.values()), at=at) if loaded else frozenset()
        if loaded and "up" not in there:
            # Nothing at all is scraped: that a metric has no series says nothing about the metric.
            raise self.blind()
        try:
            return tuple(
                AlertRule(
                    name=rule["name"],
                    state=rule["state"],
                    health=rule["health"],
                    query=rule["query"],
                    metrics=tuple((metric, metric in there) for metric in needed[rule["query"]]),
                    error=str(rule.get("lastError") or "")[:200],
                )
                for rule in loaded
            )
        except KeyError as error:
            raise Malformed(
                f"{self.where}/api/v1/rules: a rule without {error.args[0]!r}",
                source="/api/v1/rules",
            ) from None


def _is_rule(rule: Mapping[str, Any]) -> bool:
    """:raises TypeError: something of it is no text."""
    if not all(
        isinstance(rule.get(field, ""), str) for field in ("name", "state", "health", "query")
    ):
        raise TypeError
    return True


def _series(data: Mapping[str, Any], values: str, expression: str) -> list[dict[str, Any]]:
    result = data.get("result")
    if not isinstance(result, list) or not all(
        isinstance(e, dict)
        and isinstance(e.get("metric"), dict)
        and isinstance(e.get(values), list)
        and e[values]
        for e in result
    ):
        raise Malformed(
            "Prometheus' result is not of the form that it documents", source=expression
        )
    return result


def _point(
    labels: Mapping[str, str], point: Any, expression: str, instants: dict[float, datetime]
) -> tuple[datetime, float]:
    """One of a series' ``[instant, "value"]``; the ``instants`` that were met before are kept there."""
    try:
        instant, value = point
        seconds = float(instant)
    except (TypeError, ValueError):
        raise Malformed(
            "Prometheus' result is not of the form that it documents", source=expression
        ) from None
    if seconds not in instants:
        instants[seconds] = _instant(seconds, expression)
    return instants[seconds], _number(labels, value, expression)


def _instant(seconds: float, expression: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"{seconds:g} seconds since 1970 are no time", source=expression) from None


def _sample(labels: Mapping[str, str], value: str, expression: str) -> Sample:
    return Sample(str(labels.get("__name__", "")), labels, _number(labels, value, expression))


def _number(labels: Mapping[str, str], value: str, expression: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Malformed(
            f"a sample of {labels.get('__name__', expression)} is no number", source=expression
        ) from None
    if not math.isfinite(number):
        raise Malformed(
            f"a sample of {labels.get('__name__', expression)} is {number}", source=expression
        )
    return number
