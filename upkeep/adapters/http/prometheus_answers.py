"""Accept an answer of Prometheus' HTTP API only when it is whole and of the time that was asked for.

Other programs speak this API and say in their own ways that a part is missing. VictoriaMetrics: ``isPartial``. Thanos and Mimir:
``warnings``. Prometheus 3: ``warnings``, ``infos`` (samples that an aggregation left out) and ``groupNextToken`` (further rule groups).
A partial answer has fewer errors and fewer lost alerts than there are, so it is no evidence.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/;
https://docs.victoriametrics.com/victoriametrics/cluster-victoriametrics/#cluster-availability;
https://thanos.io/tip/components/query.md/#partial-response
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from upkeep.errors import Malformed
from upkeep.records.counters import RangeSeries, Sample

# Marks of a part that is missing, at the top of the answer or in its data.
PARTIAL = (
    "isPartial", "is_partial", "partial", "partialResponse", "partial_response", "truncated", "isTruncated", "warnings", "infos",
    "groupNextToken", "nextToken", "next_token",
)  # fmt: skip
# Prometheus looks back five minutes for a sample; VictoriaMetrics may answer for 30 s earlier than asked.
MOST_AWAY = timedelta(minutes=5)


def data_of(body: Any, *, where: str, source: str) -> Mapping[str, Any]:
    """Return the data of a successful and whole answer.

    :param where: the server and path, for messages. :param source: what was asked.
    :raises Malformed: it is no success, or says that a part is missing.
    """
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(body, dict) or body.get("status") != "success" or not isinstance(data, dict):
        error = str(body.get("error", ""))[:200] if isinstance(body, dict) else ""
        raise Malformed(
            f"{where}: the query failed: {error or 'this is not an answer of Prometheus'}.",
            source=source,
        )
    marks = [name for part in (body, data) for name in PARTIAL if part.get(name)]
    if marks:
        raise Malformed(
            f"{where}: the answer is partial ({', '.join(dict.fromkeys(marks))}). A part of the data is missing.",
            source=source,
            next_step="retry when all of its storage nodes answer",
        )
    whole: Mapping[str, Any] = data
    return whole


def vector(data: Mapping[str, Any], *, expression: str, at: datetime) -> tuple[Sample, ...]:
    """Return the samples of an instant vector.

    :param at: the time that was asked for.
    :raises Malformed: it is another type, another time, or holds a series twice.
    """
    entries = _entries(data, kind="vector", values="value", expression=expression)
    found = []
    for entry in entries:
        instant, value = _pair(entry["value"], expression)
        taken = _instant(instant, expression)
        if abs(taken - at) > MOST_AWAY:
            raise Malformed(
                f"A sample of {expression} is of {taken:%Y-%m-%d %H:%M} UTC, but {at:%Y-%m-%d %H:%M} UTC was asked for.",
                source=expression,
            )
        labels = entry["metric"]
        found.append(
            Sample(str(labels.get("__name__", "")), labels, _number(labels, value, expression))
        )
    return tuple(found)


def matrix(
    data: Mapping[str, Any], *, expression: str, start: datetime, end: datetime, step_seconds: int
) -> tuple[RangeSeries, ...]:
    """Return the series of a range query.

    :raises Malformed: it is another type, has points outside the range, or holds a series twice.
    """
    entries = _entries(data, kind="matrix", values="values", expression=expression)
    slack = MOST_AWAY + timedelta(seconds=step_seconds)  # Mimir may align the range with the step
    instants: dict[float, datetime] = {}  # the same for every series
    found = []
    for entry in entries:
        points = []
        for point in entry["values"]:
            seconds, value = _pair(point, expression)
            if seconds not in instants:
                instants[seconds] = _instant(seconds, expression)
                if not start - slack <= instants[seconds] <= end + slack:
                    raise Malformed(
                        f"A point of {expression} lies outside the range that was asked for.",
                        source=expression,
                    )
            points.append((instants[seconds], _number(entry["metric"], value, expression)))
        labels = {str(label): str(text) for label, text in entry["metric"].items()}
        found.append(RangeSeries(labels, tuple(points)))
    return tuple(found)


def instant_of(seconds: float, expression: str) -> datetime:
    """Return the time of a sample's value in seconds since 1970.

    :raises Malformed: there is no such time.
    """
    return _instant(seconds, expression)


def _entries(
    data: Mapping[str, Any], *, kind: str, values: str, expression: str
) -> Sequence[dict[str, Any]]:
    if data.get("resultType") != kind:
        raise Malformed(
            f"The answer has resultType {str(data.get('resultType'))[:40]}, but {kind} was asked for.",
            source=expression,
        )
    result = data.get("result")
    if not isinstance(result, list) or not all(
        isinstance(one, dict)
        and isinstance(one.get("metric"), dict)
        and isinstance(one.get(values), list)
        and one[values]
        for one in result
    ):
        raise Malformed("The result does not have Prometheus' form.", source=expression)
    seen = {tuple(sorted((str(k), str(v)) for k, v in one["metric"].items())) for one in result}
    if len(seen) < len(result):
        raise Malformed(
            f"The answer to {expression} holds a series twice: its stores do not agree.",
            source=expression,
        )
    return result


def _pair(point: Any, expression: str) -> tuple[float, Any]:
    try:
        instant, value = point
        return float(instant), value
    except (TypeError, ValueError):
        raise Malformed("The result does not have Prometheus' form.", source=expression) from None


def _instant(seconds: float, expression: str) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(
            f"{seconds:g} is not a time in seconds since 1970.", source=expression
        ) from None


def _number(labels: Mapping[str, str], value: Any, expression: str) -> float:
    name = labels.get("__name__", expression)
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Malformed(f"A sample of {name} is not a number.", source=expression) from None
    if not math.isfinite(number):
        raise Malformed(f"A sample of {name} is {number}.", source=expression)
    return number
