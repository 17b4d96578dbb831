"""Prometheus and Alertmanager, as far as the checks ask: plain selectors over the demo's own series, rules, alerts."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from upkeep.demo.objects import notifications, telemetry
from upkeep.demo.state import State, stamp

Reply = tuple[int, str, str]  # status, body, content type

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
MATCHER = re.compile(
    r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')\s*(,|$)'
)
SELECTOR = re.compile(rf"\s*({NAME})?\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
AGGREGATION = re.compile(r"\s*(count|sum|max)\s+by\s*\(([\w\s,]*)\)\s*\((.*)\)\s*", re.DOTALL)
Matcher = tuple[str, Callable[[str], bool]]
Series = tuple[
    dict[str, str], list[float | None]
]  # labels, and the value at each instant that was asked for


class BadQuery(ValueError):
    """A query or parameter that this Prometheus does not understand."""


def parse_selector(text: str) -> list[Matcher]:
    """The matchers of a plain vector selector; anything else is refused, never guessed at."""
    found = SELECTOR.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        raise BadQuery(
            f'invalid parameter "query": 1:1: parse error: not a plain vector selector: {text}'
        )
    matchers: list[Matcher] = []
    if found[1]:
        wanted = found[1]
        matchers.append(("__name__", lambda value: value == wanted))
    rest, selective = found[2] or "", bool(found[1])
    while rest.strip():
        part = MATCHER.match(rest)
        if part is None:
            raise BadQuery(
                f'invalid parameter "query": 1:1: parse error: unexpected characters inside braces: {rest}'
            )
        operand = re.sub(r"\\(.)", r"\1", part[3][1:-1])
        test = comparison(part[2], operand)
        selective = selective or not test("")
        matchers.append((part[1], test))
        rest = rest[part.end() :]
    if not selective:
        raise BadQuery(
            'invalid parameter "query": 1:1: parse error: vector selector must contain at least one non-empty matcher'
        )
    return matchers


def comparison(operator: str, operand: str) -> Callable[[str], bool]:
    """A label matcher's test. Regular expressions are anchored at both ends, as Prometheus does."""
    if operator in ("=", "!="):
        return lambda value: (value == operand) is (operator == "=")
    try:
        pattern = re.compile(operand)
    except re.error as error:
        raise BadQuery(
            f'invalid parameter "query": 1:1: parse error: error parsing regexp: {error}'
        ) from error
    return lambda value: (pattern.fullmatch(value) is not None) is (operator == "=~")


def evaluate(state: State, query: str, instants: Sequence[datetime]) -> list[Series]:
    """The query's value at each of the instants: a plain selector, or aggregations over one."""
    found = AGGREGATION.fullmatch(query)
    if found is None:
        matchers = parse_selector(query)
        names = [test for label, test in matchers if label == "__name__"]
        return [
            (labels, values)
            for labels, values in telemetry.scraped(
                state, instants, cache(lambda name: all(test(name) for test in names))
            )
            if all(test(labels.get(name, "")) for name, test in matchers)
        ]
    kept = [name.strip() for name in found[2].split(",")]
    groups: dict[tuple[tuple[str, str], ...], list[list[float | None]]] = {}
    for labels, values in evaluate(state, found[3], instants):
        groups.setdefault(
            tuple((name, labels[name]) for name in kept if name in labels), []
        ).append(values)
    combine: dict[str, Callable[[list[float]], float]] = {"count": len, "sum": sum, "max": max}
    combined: list[Series] = []
    for group, columns in groups.items():
        there = [
            [value for value in column if value is not None]
            for column in zip(*columns, strict=True)
        ]
        combined.append(
            (
                dict(group),
                [float(combine[found[1]](values)) if values else None for values in there],
            )
        )
    return combined


def moment(text: str) -> datetime:
    """A time parameter: seconds since 1970, or RFC 3339."""
    try:
        return (
            datetime.fromtimestamp(float(text), UTC)
            if re.fullmatch(r"-?[\d.]+(?:[eE]\+?\d+)?", text)
            else datetime.fromisoformat(text)
        )
    except ValueError as error:
        raise BadQuery(
            f'invalid parameter "time": cannot parse "{text}" to a valid timestamp'
        ) from error


def duration(text: str) -> timedelta:
    """A step: seconds, or a Prometheus duration with one unit."""
    found = re.fullmatch(r"([\d.]+)(ms|s|m|h|d|w)?", text)
    if found is None or float(found[1]) <= 0:
        raise BadQuery(f'invalid parameter "step": cannot parse "{text}" to a valid duration')
    unit = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[found[2] or "s"]
    return timedelta(seconds=float(found[1]) * unit)


def reply(data: Any, status: int = 200) -> Reply:
    return status, json.dumps(data), "application/json"


def success(data: Any, marks: Mapping[str, Any] = MappingProxyType({})) -> Reply:
    return reply({"status": "success", "data": data, **marks})


def number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def query_range(
    state: State, query: str, first: datetime, last: datetime, step: timedelta
) -> list[dict[str, Any]]:
    """The query's matrix: a value for each step at which the series was there."""
    if (last - first) / step > 11_000:
        raise BadQuery(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        )
    instants = [first + number * step for number in range(int((last - first) / step) + 1)]
    seconds = [round(instant.timestamp(), 3) for instant in instants]
    matrix = []
    for labels, values in evaluate(state, query, instants):
        pairs = zip(seconds, values, strict=True)
        found = [[second, number(value)] for second, value in pairs if value is not None]
        if found:
            matrix.append({"metric": labels, "values": found})
    return matrix


def prometheus(state: State, path: str, query: dict[str, str], now: datetime) -> Reply:
    """The answer of Prometheus to a path."""
    try:
        match path:
            case "/-/ready":
                return 200, "Prometheus Server is Ready.\n", "text/plain; charset=utf-8"
            case "/api/v1/status/buildinfo":
                return success(
                    {
                        "version": "3.7.3",
                        "revision": "demo",
                        "branch": "HEAD",
                        "goVersion": "go1.25.3",
                    }
                )
            case "/api/v1/query":
                instant = moment(query["time"]) if "time" in query else now
                result = [
                    {"metric": labels, "value": [round(instant.timestamp(), 3), number(value)]}
                    for labels, (value,) in evaluate(state, query.get("query", ""), [instant])
                    if value is not None
                ]
                return success({"resultType": "vector", "result": result}, state.marks)
            case "/api/v1/query_range":
                first, last = moment(query.get("start", "")), moment(query.get("end", ""))
                matrix = query_range(
                    state, query.get("query", ""), first, last, duration(query.get("step", ""))
                )
                return success({"resultType": "matrix", "result": matrix}, state.marks)
            case "/api/v1/rules":
                rules = [{"lastEvaluation": stamp(now)} | rule for rule in state.rules]
                group = {
                    "name": "cano-collector-maintenance",
                    "file": "/etc/prometheus/rules/cano-collector.yaml",
                    "interval": 30,
                    "limit": 0,
                    "rules": rules,
                }
                return success(
                    {
                        "groups": [group | {"lastEvaluation": stamp(now), "evaluationTime": 0.001}]
                        if rules
                        else []
                    }
                )
            case "/api/v1/status/config":
                return success({"yaml": "global:\n  scrape_interval: 30s\n"})
            case "/api/v1/status/flags":
                return success(
                    {
                        "config.file": "/etc/prometheus/prometheus.yaml",
                        **({"rules.alert.resend-delay": "1m"} if state.evaluates_rules else {}),
                    }
                )
            case "/api/v1/targets":
                return success(
                    {
                        "activeTargets": targets(state, now),
                        "droppedTargets": [],
                        "droppedTargetCounts": {},
                    }
                )
    except BadQuery as error:
        return reply({"status": "error", "errorType": "bad_data", "error": str(error)}, 400)
    return 404, "404 page not found\n", "text/plain; charset=utf-8"


def targets(state: State, now: datetime) -> list[dict[str, Any]]:
    """Prometheus' targets, drawn from what it holds as ``up``."""
    return [
        {
            "discoveredLabels": {}, "labels": {key: value for key, value in labels.items() if key != "__name__"},
            "scrapePool": labels["job"], "scrapeUrl": f"http://{labels['instance']}/metrics", "lastScrape": stamp(now),
            "lastError": "" if value else "connection refused", "health": "up" if value else "down",
        }
        for labels, (value,) in evaluate(state, "up", [now])
        if value is not None
    ]  # fmt: skip


def alertmanager(state: State, path: str, query: dict[str, str], now: datetime) -> Reply:
    """The answer of Alertmanager to a path."""
    match path:
        case "/-/ready":
            return 200, "OK", "text/plain; charset=utf-8"
        case "/api/v2/status":
            version = {"version": "0.28.1" if state.layout == "chart" else "0.25.0"}
            status = {
                "cluster": {"status": "ready", "peers": []},
                "config": {"original": notifications.shown(state)},
                "versionInfo": version,
            }
            started = state.alertmanager_started or state.ago(days=9)
            return reply(status | {"uptime": stamp(started)})
        case "/api/v2/receivers":
            return reply([{"name": one["name"]} for one in state.notifications["receivers"]])
        case "/api/v2/silences":
            return reply(state.silences)
        case "/api/v2/alerts":
            try:
                wanted = comparison("=~", query.get("receiver", ".*"))
            except BadQuery as error:
                return reply(str(error), 400)
            return reply(
                [
                    alert
                    for alert in state.alerts
                    if any(wanted(receiver["name"]) for receiver in alert["receivers"])
                ]
            )
    return (
        404,
        json.dumps({"code": 404, "message": f"path {path} was not found"}),
        "application/json",
    )
