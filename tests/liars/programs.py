"""Lies of Prometheus and Alertmanager."""

from typing import Any

from tests.liars.changes import cut, nothing, of_json
from tests.liars.playing import Liar, Lie


def aged(seconds: float) -> Any:
    """Return the change that moves each sample back by so many seconds."""

    def change(document: Any) -> None:
        for one in document["data"]["result"]:
            for pair in one.get("values") or [one["value"]]:
                pair[0] -= seconds

    return change


def relabelled(**labels: str) -> Any:
    """Return the change that gives each series other labels."""

    def change(document: Any) -> None:
        for one in document["data"]["result"]:
            one["metric"] |= labels

    return change


def no_series(document: Any) -> None:
    """Drop the series."""
    document["data"]["result"] = []


def last_evaluated(time: str) -> Any:
    """Return the change that sets the time of the last evaluation of each rule."""

    def change(document: Any) -> None:
        for group in document["data"]["groups"]:
            group["lastEvaluation"] = time
            for rule in group["rules"]:
                rule["lastEvaluation"] = time

    return change


def each_rule(**fields: Any) -> Any:
    """Return the change that sets fields of each rule; ``None`` removes one."""

    def change(document: Any) -> None:
        for group in document["data"]["groups"]:
            for rule in group["rules"]:
                rule |= fields
                for name in [key for key, value in fields.items() if value is None]:
                    del rule[name]

    return change


def no_alerts(document: Any) -> None:
    """Let no rule have an alert, and leave the state as it is."""
    for group in document["data"]["groups"]:
        for rule in group["rules"]:
            rule["alerts"] = []


def first_rule(document: Any) -> None:
    """Keep the first rule of each group alone."""
    for group in document["data"]["groups"]:
        group["rules"] = group["rules"][:1]


def configured(text: str) -> Any:
    """Return the change that gives Alertmanager another configuration."""

    def change(document: Any) -> None:
        document["config"]["original"] = text

    return change


def halved(document: Any) -> None:
    """Cut the configuration of Alertmanager in its middle, at the end of a line."""
    lines = document["config"]["original"].split("\n")
    document["config"]["original"] = "\n".join(lines[: len(lines) // 2])


def each_alert(**fields: Any) -> Any:
    """Return the change that sets fields of each alert; ``None`` removes one."""

    def change(document: Any) -> None:
        for alert in document:
            for name, value in fields.items():
                alert.pop(name) if value is None else alert.update({name: value})

    return change


CUT = Lie("early end", "the body ends in its middle", cut)
NOTHING = Lie("empty", "an empty body with status 200", nothing)
EVERY_ANSWER = (
    CUT,
    NOTHING,
    Lie("partial", "`isPartial: true` (VictoriaMetrics)", of_json(lambda one: one.update(isPartial=True))),
    Lie("partial", "`warnings` (Thanos, Mimir)", of_json(lambda one: one.update(warnings=["store is unavailable"]))),
    Lie("empty", "no `data`", of_json(lambda one: one.pop("data") and None)),
    Lie("empty", '`status: "error"`', of_json(lambda one: one.update(status="error"))),
)  # fmt: skip

ANSWERS = (
    Lie("stale", "samples of two hours before", of_json(aged(7200))),
    Lie("stale", "samples of a year before", of_json(aged(365 * 86400))),
    Lie("foreign", "a scalar in place of series", of_json(lambda one: one["data"].update(resultType="scalar", result=[1767355200.0, "1"]))),
    Lie("foreign", "series of another namespace", of_json(relabelled(namespace="another"))),
    Lie("foreign", "series of another pod", of_json(relabelled(pod="another-6f7d9c5b84-k7w2p", instance="10.9.9.9:8080"))),
    Lie("empty", "no series", of_json(no_series)),
)  # fmt: skip

OTHERS = """route:
  receiver: mail
receivers:
- name: mail
  email_configs:
  - to: sre@example.org
"""

PROGRAMS = (
    Liar("Prometheus: up", "prometheus-query", "scrape-missing", "metrics-scraped", (*EVERY_ANSWER, *ANSWERS)),
    Liar("Prometheus: up", "prometheus-query", "scrape-down", "metrics-scraped", (*EVERY_ANSWER, *ANSWERS)),
    Liar("Prometheus: counters", "prometheus-query", "alert-errors", "error-rate-low", (*EVERY_ANSWER, *ANSWERS)),
    Liar("Prometheus: counters", "prometheus-query", "alerts-lost", "alerts-accounted-for", (*EVERY_ANSWER, *ANSWERS)),
    Liar("Prometheus: history", "prometheus-query", "traffic-growing", "capacity-ahead", (*EVERY_ANSWER, *ANSWERS)),
    Liar("Prometheus: history", "prometheus-query", "requests-too-large", "right-sized", (*EVERY_ANSWER, *ANSWERS)),
    Liar(
        "Prometheus: rules", "prometheus-rules", "guide-alert-firing", "maintenance-alerts-quiet",
        (
            *EVERY_ANSWER,
            Lie("stale", "rules evaluated a year ago", of_json(last_evaluated("2025-01-02T12:00:00Z"))),
            Lie("stale", "rules never evaluated", of_json(last_evaluated("0001-01-01T00:00:00Z"))),
            Lie("stale", "health unknown", of_json(each_rule(health="unknown", state="inactive"))),
            Lie("partial", "`groupNextToken`", of_json(lambda one: one["data"].update(groups=[], groupNextToken="x"))),
            Lie("partial", "the first rule of each group alone", of_json(first_rule)),
            Lie("partial", "rules without a state", of_json(each_rule(state=None))),
            Lie("foreign", "no group", of_json(lambda one: one["data"].update(groups=[]))),
            Lie("foreign", "alerts of other names", of_json(each_rule(name="Another"))),
            Lie("empty", "no alert, and the state firing", of_json(no_alerts)),
        ),
    ),
    Liar(
        "Alertmanager: status", "alertmanager-status", "no-fallback", "fallback-notification",
        (
            CUT, NOTHING,
            Lie("foreign", "the configuration of another Alertmanager", of_json(configured(OTHERS))),
            Lie("empty", "an empty configuration", of_json(configured(""))),
            Lie("early end", "the configuration ends in its middle", of_json(halved)),
            Lie("empty", "no configuration", of_json(lambda one: one.pop("config") and None)),
            Lie("partial", "a configuration without receivers", of_json(configured("route:\n  receiver: cano-collector\n"))),
        ),
    ),
    Liar(
        "Alertmanager: silences", "alertmanager-silences", "everything-silenced", "fallback-notification",
        (
            CUT, NOTHING,
            Lie("stale", "active silences that ended a day ago", of_json(each_alert(endsAt="2026-01-01T12:00:00Z"))),
            Lie("partial", "silences without a state", of_json(each_alert(status={}))),
            Lie("partial", "silences without matchers", of_json(each_alert(matchers=[]))),
            Lie("foreign", "another program's states", of_json(each_alert(status={"state": "enabled"}))),
            Lie("foreign", "an object in place of a list", of_json(lambda one: {"status": "success", "data": one})),
        ),
    ),
    Liar(
        "Alertmanager: alerts", "alertmanager-alerts", "alerts-stopped", "alerts-flow",
        (
            CUT, NOTHING,
            Lie("empty", "no alert", of_json(lambda one: [])),
            Lie("foreign", "alerts of other receivers", of_json(each_alert(receivers=[{"name": "mail"}]))),
            Lie("partial", "alerts without receivers", of_json(each_alert(receivers=None))),
            Lie("stale", "alerts that ended a day ago", of_json(each_alert(updatedAt="2026-01-01T12:00:00Z", endsAt="2026-01-01T12:05:00Z"))),
            Lie("stale", "alerts that all began a minute ago", of_json(each_alert(startsAt="2026-01-02T11:59:00Z"))),
            Lie("foreign", "an object in place of a list", of_json(lambda one: {"status": "success", "data": one})),
        ),
    ),
)  # fmt: skip
