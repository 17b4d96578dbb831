"""Judge whether Prometheus scrapes the collector, and whether the guide's maintenance alerts can fire and are quiet.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, Malformed, TooEarly, missing_of
from upkeep.judges.wording import counted, excerpt
from upkeep.judges.workload.pods import some_live, starting
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc, utc_after
from upkeep.records.monitoring import AlertRule, ScrapeState
from upkeep.records.workload import Workload
from upkeep.shell import Command, shell

# Prometheus finds a new pod and scrapes it within this time: its usual interval is one minute.
FOUND_WITHIN = timedelta(minutes=5)
STATES = ("firing", "pending", "inactive")
# Prometheus' words for a rule before its first evaluation: its health, and since 3.6 its state.
NOT_YET = "unknown"
# vmalert's word for an evaluation that found no series: absent() fires then (VictoriaMetrics#4039).
EVALUATED = ("ok", "no match")
# A rule is evaluated once in its group's interval. Later than this, something has stopped.
STALE_AFTER, STALE_INTERVALS = timedelta(minutes=10), 4
# Whatever the interval: what was known a day ago is not of now.
STALE_AT_LAST = timedelta(days=1)
RULES = Command("kubectl get prometheusrules --all-namespaces")
MONITORS = Command("kubectl get servicemonitors,podmonitors --all-namespaces")
JOBS = Command("kubectl get cronjobs,jobs --all-namespaces")


def alerts_quiet(
    rules: Sequence[AlertRule],
    *,
    wanted: Mapping[str, tuple[str, ...]],
    now: datetime,
    limits: Limits,
) -> Judgement:
    """Judge maintenance-alerts-quiet: the wanted alerts are loaded, can fire, and at most ``limits["alerts_firing"]`` fire.

    Several rules of one name are all judged; rules of other names are not.

    :param wanted: alert names, each with the metrics that the guide's expression names.
    :raises Absent: no alert is wanted, or it is not known whether the metrics of a rule exist.
    :raises TooEarly: a rule was not evaluated yet. :raises Malformed: its last evaluation is too old.
    """
    mine, found = _wanted(rules, wanted)
    loaded = {rule.name for rule in mine}
    firing = [rule for rule in mine if rule.state == "firing"]
    limit = int(limits["alerts_firing"])
    if len(firing) > limit:
        found += [_firing(rule, number=len(firing), limit=limit) for rule in firing]
    pending = sum(rule.state == "pending" for rule in mine)
    able = sum(not _of_rule(rule) for rule in mine)
    observed = (
        f"{len(loaded)} of {counted(len(wanted), 'alert')} loaded; of {counted(len(mine), 'rule')} {able} can fire, "
        f"{len(firing)} firing, {pending} pending"
    )
    return Judgement(
        tuple(found),
        observed,
        limit,
        "firing alerts",
        _basis(mine),
        unmeasured=missing_of(_require_evaluated, mine, now=now),
    )


def alerts_loaded(
    rules: Sequence[AlertRule], *, wanted: Mapping[str, tuple[str, ...]], now: datetime
) -> Judgement:
    """Judge maintenance-alerts-loaded: the wanted alerts are loaded, evaluate without error, and their metrics exist.

    Whether they fire is judged by maintenance-alerts-quiet.

    :raises Unmeasured: as ``alerts_quiet``.
    """
    mine, found = _wanted(rules, wanted)
    able = sum(not _of_rule(rule) for rule in mine)
    loaded = len({rule.name for rule in mine})
    observed = f"{loaded} of {counted(len(wanted), 'alert')} loaded; of {counted(len(mine), 'rule')} {able} can fire"
    return Judgement(
        tuple(found),
        observed,
        len(wanted),
        "alerts that can fire",
        _basis(mine),
        unmeasured=missing_of(_require_evaluated, mine, now=now),
    )


def _wanted(
    rules: Sequence[AlertRule], wanted: Mapping[str, tuple[str, ...]]
) -> tuple[list[AlertRule], list[Finding]]:
    """Return the rules of the wanted names, and the findings of those that cannot fire.

    :raises Absent: no alert is wanted, or it is not known whether the metrics of a rule exist.
    """
    if not wanted:
        raise Absent("The guide names no alert to look for.", source="GET /api/v1/rules")
    mine = [rule for rule in rules if rule.name in wanted]
    mine.sort(
        key=lambda rule: (rule.name, rule.query, rule.state, rule.health, rule.metrics, rule.error)
    )
    for rule in mine:
        _require_metrics(rule, wanted=wanted[rule.name])
    found = [
        _not_loaded(name, wanted[name])
        for name in sorted(set(wanted) - {rule.name for rule in mine})
    ]
    return mine, found + [finding for rule in mine for finding in _of_rule(rule)]


def _require_evaluated(rules: Sequence[AlertRule], *, now: datetime) -> None:
    """Require that Prometheus has evaluated the rules, and does so still.

    :raises TooEarly: one was not evaluated yet. :raises Malformed: the last evaluation of one is too old, or lies ahead.
    """
    early = [
        rule for rule in rules if rule.evaluated is None or NOT_YET in (rule.health, rule.state)
    ]
    if early:
        raise TooEarly(
            f"Prometheus has not evaluated alert {listed([rule.name for rule in early])} yet. "
            "It does so within one interval after a start or a reload.",
            source="GET /api/v1/rules",
            next_step="run again in a few minutes; if it stays so, read Prometheus' log",
        )
    for rule in rules:
        interval = timedelta(seconds=min(rule.interval_seconds, STALE_AT_LAST.total_seconds()))
        most = min(max(STALE_AFTER, STALE_INTERVALS * interval), STALE_AT_LAST)
        assert rule.evaluated is not None
        if abs(now - rule.evaluated) > most:
            raise Malformed(
                f"Prometheus last evaluated alert {rule.name} at {utc(rule.evaluated)}, but must within {span(most)}. "
                "Its state may have changed since.",
                source="GET /api/v1/rules",
                next_step="read Prometheus' log: its rule evaluation has stopped, or a cache answers in its place",
            )


def _basis(rules: Sequence[AlertRule]) -> str:
    times = [rule.evaluated for rule in rules if rule.evaluated is not None]
    last = f", last evaluated at {utc(min(times))}" if times else ""
    return f"the alerting rules that Prometheus has loaded{last}"


def scraped(states: Sequence[ScrapeState], workload: Workload, *, now: datetime) -> Judgement:
    """Judge metrics-scraped: Prometheus' ``up`` is 1 for every pod of the collector.

    Pods that are still starting in a rollout are left out.

    :raises Absent: there is no pod, or no state of one.
    :raises TooEarly: nothing is wrong, but a new pod has no series yet.
    """
    early = starting(workload, now=now)
    made = {pod.name: pod.created for pod in some_live(workload)}
    pods = set(made) - early
    mine = [state for state in states if state.pod in pods]
    missing = sorted(pods - {state.pod for state in mine})
    if missing:
        raise Absent(f"The scrape state of pod {listed(missing)} was not read.", source="PromQL up")
    namespace = workload.deployment.namespace
    found, unfound = [], list[str]()
    for state in sorted(mine, key=lambda state: (state.pod, -1 if state.up is None else state.up)):
        where = f"Pod/{state.pod}"
        if state.up is None and now - made[state.pod] < FOUND_WITHIN:
            unfound.append(state.pod)
        elif state.up is None:
            message = f"Prometheus does not scrape pod {state.pod}: no ServiceMonitor or scrape configuration selects it."
            fix = MONITORS
            found.append(Finding(where, "not-scraped", message, "no series", 1, "up", fix))
        elif state.up != 1:
            message = (
                f"Prometheus cannot scrape pod {state.pod}: up is {state.up:g}, and 1 is required."
            )
            fix = shell("kubectl -n {} describe pod {}", namespace, state.pod)
            found.append(Finding(where, "scrape-failed", message, state.up, 1, "up", fix))
    unmeasured = None
    if unfound:
        when = utc_after(max(made[name] for name in unfound) + FOUND_WITHIN)
        unmeasured = TooEarly(
            f"Prometheus has not scraped pod {listed(unfound)} yet: it is younger than {span(FOUND_WITHIN)}. Retry after {when}.",
            source="PromQL up",
            next_step=shell("run again after {}", Command(when)),
        )
    up = len(pods) - len({finding.object for finding in found} | set(unfound))
    observed = f"{up} of {counted(len(pods), 'pod')} scraped"
    if early:
        observed += f"; {counted(len(early), 'pod')} of a rollout still starting"
    return Judgement(
        tuple(found), observed, len(pods), "pods with up = 1", "up", unmeasured=unmeasured
    )


def _require_metrics(rule: AlertRule, *, wanted: Sequence[str]) -> None:
    """Require that each metric of a rule's expression was looked for.

    :raises Absent: one was not.
    """
    known = {metric for metric, _ in rule.metrics}
    named = [metric for metric in wanted if re.search(rf"\b{re.escape(metric)}\b", rule.query)]
    unknown = [metric for metric in named if metric not in known]
    if unknown or not known:
        why = (
            f"metric {listed(unknown)} was not looked for"
            if unknown
            else "its expression names no metric"
        )
        raise Absent(
            f"Alert {rule.name} was not judged: {why}.",
            source="GET /api/v1/rules",
            next_step=RULES,
        )


def _not_loaded(name: str, metrics: Sequence[str]) -> Finding:
    about = f" It watches {listed(metrics)}." if metrics else ""
    message = f"Prometheus has not loaded alert {name}, so it never fires.{about}"
    return Finding(
        f"Alert/{name}", "alert-not-loaded", message, "not loaded", "loaded", "alerting rule", RULES
    )


def _of_rule(rule: AlertRule) -> list[Finding]:
    """Return the findings of a rule that cannot fire. One that was not evaluated yet is no finding."""
    where, found = f"Alert/{rule.name}", []
    if rule.health not in (*EVALUATED, NOT_YET) or rule.state not in (*STATES, NOT_YET):
        why = f": {excerpt(rule.error)}" if rule.error else "."
        seen = rule.health if rule.health not in EVALUATED else f"state {rule.state or 'unknown'}"
        message = f"Prometheus cannot evaluate alert {rule.name}: its health is {seen}{why}"
        found.append(
            Finding(where, "alert-not-evaluated", message, seen, "ok", "rule health", RULES)
        )
    for metric in sorted({metric for metric, exists in rule.metrics if not exists}):
        message = f"Alert {rule.name} can never fire: no series of its metric {metric} exists."
        fix = MONITORS
        found.append(
            Finding(where, "alert-can-never-fire", message, metric, "exists", "metric", fix)
        )
    return found


def _firing(rule: AlertRule, *, number: int, limit: int) -> Finding:
    message = f"Alert {rule.name} is firing: {excerpt(rule.query)}."
    fix = JOBS if "backup" in rule.query else RULES
    return Finding(
        f"Alert/{rule.name}", "alert-firing", message, number, limit, "firing alerts", fix
    )
