"""Accept an answer of Prometheus' HTTP API only when it is whole and of the time that was asked for.

Other programs speak this API and say in their own ways that a part is missing. VictoriaMetrics: ``isPartial``. Thanos and Mimir:
``warnings``. Prometheus 3: ``warnings``, ``infos`` (samples that an aggregation left out) and ``groupNextToken`` (further rule groups).
A partial answer has fewer errors and fewer lost alerts than there are, so it is no evidence.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/;
https://docs.victoriametrics.com/victoriametrics/cluster-victoriametrics/#cluster-availability;
https://thanos.io/tip/components/query.md/#partial-response
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from upkeep.adapters.wire.prometheus import Marked, Matrix, Vector
from upkeep.errors import Malformed
from upkeep.records.counters import RangeSeries, Sample

D = TypeVar("D", bound=Marked, covariant=True)
# Prometheus looks back five minutes for a sample; VictoriaMetrics may answer for 30 s earlier than asked.
MOST_AWAY = timedelta(minutes=5)


class Reply(Protocol[D]):
    """An answer of Prometheus: what it says around its data."""

    @property
    def status(self) -> str: ...

    @property
    def data(self) -> D | None: ...

    @property
    def error(self) -> str: ...

    def marks(self) -> list[str]: ...


# An agent stores nothing: https://prometheus.io/blog/2021/11/16/agent/
STORAGE = "--prometheus=URL of the storage that the agent writes to"


def data_of(reply: Reply[D], *, where: str, source: str) -> D:
    """Return the data of a successful and whole answer.

    :param where: the server and path, for messages. :param source: what was asked.
    :raises Malformed: it is no success, or says that a part is missing.
    """
    if reply.status != "success" or reply.data is None:
        raise Malformed(
            f"{where}: the query failed: {reply.error[:200] or 'this is not an answer of Prometheus'}.",
            source=source,
            next_step=STORAGE if "Prometheus Agent" in reply.error else "",
        )
    marks = [*reply.marks(), *reply.data.marks()]
    if marks:
        raise Malformed(
            f"{where}: the answer is partial ({', '.join(dict.fromkeys(marks))}). A part of the data is missing.",
            source=source,
            next_step="retry when all of its storage nodes answer",
        )
    return reply.data


def vector(data: Vector, *, expression: str, at: datetime) -> tuple[Sample, ...]:
    """Return the samples of an instant vector.

    :param at: the time that was asked for.
    :raises Malformed: it is another time, or holds a series twice.
    """
    _require_each_once((entry.metric for entry in data.result), expression)
    found = []
    for entry in data.result:
        instant, value = entry.value
        taken = instant_of(instant, expression)
        if abs(taken - at) > MOST_AWAY:
            raise Malformed(
                f"A sample of {expression} is of {taken:%Y-%m-%d %H:%M} UTC, but {at:%Y-%m-%d %H:%M} UTC was asked for.",
                source=expression,
            )
        labels = entry.metric
        found.append(Sample(labels.get("__name__", ""), labels, _number(labels, value, expression)))
    return tuple(found)


def matrix(
    data: Matrix, *, expression: str, start: datetime, end: datetime, step_seconds: int
) -> tuple[RangeSeries, ...]:
    """Return the series of a range query.

    :raises Malformed: it has points outside the range, or holds a series twice.
    """
    _require_each_once((entry.metric for entry in data.result), expression)
    slack = MOST_AWAY + timedelta(seconds=step_seconds)  # Mimir may align the range with the step
    instants: dict[float, datetime] = {}  # the same for every series
    found = []
    for entry in data.result:
        points = []
        for seconds, value in entry.values:
            if seconds not in instants:
                instants[seconds] = instant_of(seconds, expression)
                if not start - slack <= instants[seconds] <= end + slack:
                    raise Malformed(
                        f"A point of {expression} lies outside the range that was asked for.",
                        source=expression,
                    )
            points.append((instants[seconds], _number(entry.metric, value, expression)))
        found.append(RangeSeries(entry.metric, tuple(points)))
    return tuple(found)


def _require_each_once(metrics: Iterable[Mapping[str, str]], expression: str) -> None:
    seen = set()
    for metric in metrics:
        # An empty label is none: https://prometheus.io/docs/concepts/data_model/
        labels = tuple(sorted((name, value) for name, value in metric.items() if value))
        if labels in seen:
            raise Malformed(
                f"The answer to {expression} holds a series twice: its stores do not agree.",
                source=expression,
            )
        seen.add(labels)


def instant_of(seconds: float, expression: str) -> datetime:
    """Return the time of a sample's value in seconds since 1970.

    :raises Malformed: there is no such time.
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(
            f"{seconds:g} is not a time in seconds since 1970.", source=expression
        ) from None


def _number(labels: Mapping[str, str], value: str, expression: str) -> float:
    name = labels.get("__name__", expression)
    try:
        number = float(value)
    except ValueError:
        raise Malformed(f"A sample of {name} is not a number.", source=expression) from None
    if not math.isfinite(number):
        raise Malformed(f"A sample of {name} is {number}.", source=expression)
    return number
