"""Does Prometheus watch the collector, and are the guide's maintenance alerts able to fire and quiet?

Source: the guide's "Monitoring alerts" and "Metrics Review"; the rules and query API of Prometheus (/api/v1/rules).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from shlex import quote

from upkeep.errors import Absent, TooEarly
from upkeep.judges.wording import counted, excerpt
from upkeep.judges.workload.pods import some_live, starting
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, rfc3339, span
from upkeep.records.monitoring import AlertRule, ScrapeState
from upkeep.records.workload import Workload

# Until then Prometheus has found a new pod and scraped it once: one minute is its usual interval, and finding one takes some.
FOUND_WITHIN = timedelta(minutes=5)
STATES = ("firing", "pending", "inactive")
RULES = "kubectl get prometheusrules --all-namespaces"


def alerts_quiet(
    rules: Sequence[AlertRule], *, wanted: Mapping[str, tuple[str, ...]], limits: Limits
) -> Judgement:
    """maintenance-alerts-quiet: the wanted alerts are loaded, could fire, and at most ``limits["alerts_firing"]`` do.

    Several rules of one name are all judged; rules of other names are not.

    :param wanted: alert names, each with the metrics that the guide's expression names.
    :raises Absent: no alert is wanted, or it is not known whether the metrics of a rule exist.
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
        "the alerting rules that Prometheus has loaded",
    )


def alerts_loaded(
    rules: Sequence[AlertRule], *, wanted: Mapping[str, tuple[str, ...]]
) -> Judgement:
    """maintenance-alerts-loaded: the wanted alerts are loaded, evaluate without error, and every metric that they name exists.

    Whether they fire is maintenance-alerts-quiet's to say.

    :raises Absent: as ``alerts_quiet``.
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
        "the alerting rules that Prometheus has loaded",
    )


def _wanted(
    rules: Sequence[AlertRule], wanted: Mapping[str, tuple[str, ...]]
) -> tuple[list[AlertRule], list[Finding]]:
    """The rules of the wanted names, and what keeps them from firing when they should.

    :raises Absent: no alert is wanted, or it is not known whether the metrics of a rule exist.
    """
    if not wanted:
        raise Absent(
            "no alert is wanted, so there is nothing to look at", source="GET /api/v1/rules"
        )
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


def scraped(states: Sequence[ScrapeState], workload: Workload, *, now: datetime) -> Judgement:
    """metrics-scraped: Prometheus' ``up`` is 1 for every pod of the collector, but for those that only need time to start in a rollout.

    :raises Absent: there is no pod, or no state of one.
    :raises TooEarly: nothing is wrong, but Prometheus has no series yet of a pod that was made only now.
    """
    early = starting(workload, now=now)
    made = {pod.name: pod.created for pod in some_live(workload)}
    pods = set(made) - early
    mine = [state for state in states if state.pod in pods]
    missing = sorted(pods - {state.pod for state in mine})
    if missing:
        raise Absent(f"Prometheus was not asked about pod {listed(missing)}", source="PromQL up")
    namespace = workload.deployment.namespace
    found, unfound = [], list[str]()
    for state in sorted(mine, key=lambda state: (state.pod, -1 if state.up is None else state.up)):
        where = f"Pod/{state.pod}"
        if state.up is None and now - made[state.pod] < FOUND_WITHIN:
            unfound.append(state.pod)
        elif state.up is None:
            message = f"Pod {state.pod} is not scraped: no ServiceMonitor or scrape configuration selects it."
            fix = "kubectl get servicemonitors,podmonitors --all-namespaces"
            found.append(Finding(where, "not-scraped", message, "no series", 1, "up", fix))
        elif state.up != 1:
            message = (
                f"Prometheus scrapes pod {state.pod}, and the scrape fails (up is {state.up:g})."
            )
            fix = f"kubectl -n {namespace} describe pod {quote(state.pod)}"
            found.append(Finding(where, "scrape-failed", message, state.up, 1, "up", fix))
    if unfound and not found:
        when = rfc3339(max(made[name] for name in unfound) + FOUND_WITHIN)
        raise TooEarly(
            f"Prometheus has not scraped pod {listed(unfound)} yet, which was made less than {span(FOUND_WITHIN)} ago; there will be enough at {when}",
            source="PromQL up",
            next_step=f"run again after {when}",
        )
    up = len(pods) - len({finding.object for finding in found} | set(unfound))
    observed = f"{up} of {counted(len(pods), 'pod')} scraped"
    if early:
        observed += f"; {counted(len(early), 'pod')} of a rollout still starting"
    return Judgement(tuple(found), observed, len(pods), "pods with up = 1", "up")


def _require_metrics(rule: AlertRule, *, wanted: Sequence[str]) -> None:
    """What decides whether a rule can fire must be known: each metric that its expression names.

    :raises Absent: it is not.
    """
    known = {metric for metric, _ in rule.metrics}
    named = [metric for metric in wanted if re.search(rf"\b{re.escape(metric)}\b", rule.query)]
    unknown = [metric for metric in named if metric not in known]
    if unknown or not known:
        why = (
            f"nobody asked whether {listed(unknown)} exist"
            if unknown
            else "its expression names no metric that could be looked for"
        )
        raise Absent(
            f"whether alert {rule.name} can fire is not known: {why}",
            source="GET /api/v1/rules",
            next_step=RULES,
        )


def _not_loaded(name: str, metrics: Sequence[str]) -> Finding:
    about = f" (it watches {listed(metrics)})" if metrics else ""
    message = f"Alert {name} is not loaded in Prometheus: nobody is told{about}."
    return Finding(
        f"Alert/{name}", "alert-not-loaded", message, "not loaded", "loaded", "alerting rule", RULES
    )


def _of_rule(rule: AlertRule) -> list[Finding]:
    """What keeps a rule from firing when it should."""
    where, found = f"Alert/{rule.name}", []
    if rule.health != "ok" or rule.state not in STATES:
        why = f": {excerpt(rule.error)}" if rule.error else "."
        seen = rule.health if rule.health != "ok" else f"state {rule.state or 'unknown'}"
        message = f"Prometheus does not evaluate alert {rule.name}, its health is {seen}{why}"
        found.append(
            Finding(where, "alert-not-evaluated", message, seen, "ok", "rule health", RULES)
        )
    for metric in sorted({metric for metric, exists in rule.metrics if not exists}):
        message = f"Alert {rule.name} can never fire: its metric {metric} does not exist, nothing exports it."
        fix = "kubectl get servicemonitors,podmonitors --all-namespaces"
        found.append(
            Finding(where, "alert-can-never-fire", message, metric, "exists", "metric", fix)
        )
    return found


def _firing(rule: AlertRule, *, number: int, limit: int) -> Finding:
    message = f"Alert {rule.name} is firing: {excerpt(rule.query)}."
    fix = "kubectl get cronjobs,jobs --all-namespaces" if "backup" in rule.query else RULES
    return Finding(
        f"Alert/{rule.name}", "alert-firing", message, number, limit, "firing alerts", fix
    )
