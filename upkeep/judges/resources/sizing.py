"""Do requests and limits fit the usage? Of each container, and of a pod with its own resources.

The usage is the p95 over a week of the pod that used most in each hour: pods share their
template, so their requests must suffice for the busiest.
Guide: "Analyze resource usage patterns", "Optimize resource limits".
Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.resources.quantiles import QUANTILE, Used, p95
from upkeep.judges.resources.shares import (
    Asked,
    Share,
    amount_text,
    asked_by,
    proposed,
    steps_of,
)
from upkeep.judges.wording import percent
from upkeep.limits import DAY, Limits
from upkeep.model import Finding, Judgement, span, utc_after
from upkeep.records.usage import UsageHistory
from upkeep.records.workload import Install, Pod, Workload
from upkeep.shell import Command, shell

CODES = {
    "CPU": ("cpu-request-too-large", "cpu-request-too-small", "cpu-limit-too-small"),
    "memory": ("memory-request-too-large", "memory-request-too-small", "memory-limit-too-small"),
}


def right_sized(
    history: UsageHistory, workload: Workload, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """right-sized: the p95 of CPU and memory fits each request and limit.

    It is between ``limits["sizing_least"]`` and ``limits["sizing_most"]`` of the request, and
    below ``limits["sizing_most"]`` of the limit. A limit far above the usage takes nothing from
    others and is no finding. Without request and limit there is nothing to compare with.

    :raises Absent: there is no pod; a container's usage was not measured, or it has no bound.
    :raises TooEarly: too little of the window was measured.
    """
    pods = [pod for pod in workload.pods if pod.works]
    if not pods:
        raise Absent(
            "No pod of the collector is running.",
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    newest = max(pods, key=lambda pod: (pod.created, pod.name))  # of the newest template
    if not newest.resources:
        raise Absent(f"Pod {newest.name} is listed without a container.", source="pods")
    found: list[Finding] = []
    unknown: list[Unmeasured] = []
    said: list[str] = []
    for asked in asked_by(newest):
        used, missing = _used(history, asked, pods, newest, now=now, limits=limits)
        unknown.extend([missing] if missing is not None else [])
        if used is None:
            continue
        if asked.request is None:
            unknown.append(_boundless(asked, used, limits=limits, install=install))
            continue
        share = Share(asked, used, asked.request)
        said.append(_said(share))
        finding = _misfit(share, limits=limits, install=install)
        if finding is not None:
            found.append(finding)
        elif not _fits(share, limits=limits):
            unknown.append(_too_early(share, history, now=now, limits=limits))
    bounds = f"{limits.text('sizing_least')} to {limits.text('sizing_most')} of the request"
    basis = (
        f"p95 of {limits.text('sizing_window')}, by {span(history.step_seconds)}, "
        f"of the busiest pod, from {history.source}"
    )
    unmeasured = next(iter(unknown), None)
    return Judgement(tuple(found), "; ".join(said), bounds, "", basis, unmeasured=unmeasured)


def _used(
    history: UsageHistory,
    asked: Asked,
    pods: Sequence[Pod],
    newest: Pod,
    *,
    now: datetime,
    limits: Limits,
) -> tuple[Used | None, Unmeasured | None]:
    """Return the usage, and what is missing of it.

    A pod without samples may be the busiest one. What is too small is too small even then.
    """
    containers = [asked.container] if asked.container else [one.name for one in newest.resources]
    used = p95(
        history,
        asked.container or None,
        asked.what,
        now=now,
        window_seconds=limits["sizing_window"],
    )
    old_enough = 2 * timedelta(seconds=history.step_seconds)
    for container in containers:
        seen = {
            one.pod
            for one in history.series
            if one.container == container and one.resource == asked.what.lower()
        }
        if not seen:
            return None, _unseen(container, asked.what, newest, history)
        for pod in pods:
            if (
                pod.name not in seen
                and now - pod.created > old_enough
                and any(one.name == container for one in pod.resources)
            ):
                return (
                    Used(used.least, math.inf, used.seen),
                    _unseen(container, asked.what, pod, history),
                )
    return used, None


def _fits(share: Share, *, limits: Limits) -> bool:
    """Tell whether it fits, whatever the unmeasured hours were."""
    bound = min(share.request, share.asked.limit or math.inf)
    wasted = (
        not share.asked.shared
        and share.used.least < limits["sizing_least"] * share.request
        and share.request > share.steps[0][1]
    )
    return share.used.most <= limits["sizing_most"] * bound and not wasted


def _misfit(share: Share, *, limits: Limits, install: Install) -> Finding | None:
    """Return the certain misfit; ``None`` where there is none."""
    asked, used, what = share.asked, share.used, share.what
    large, small, limited = CODES[what]
    low, high = limits["sizing_least"], limits["sizing_most"]
    good = proposed(used.least, share.steps, limits=limits)
    least = amount_text(what, used.least)
    if asked.limit is not None and used.least > high * asked.limit:
        then = "is OOMKilled" if what == "memory" else "is throttled"
        message = (
            f"{asked.name} has a {what} limit of {amount_text(what, asked.limit)}; its p95 is {least} "
            f"({percent(used.least / asked.limit, limit=high)}, at most {percent(high)}). Beyond the limit it {then}. "
            f"Set {amount_text(what, good)}."
        )
        command = _command(share, good, install, limit=True)
        return _finding(share, limited, message, used.least / asked.limit, high, command, install)
    if used.least > high * share.request:
        good = min(good, asked.limit or math.inf)
        message = (
            f"{asked.name} requests {amount_text(what, share.request)} of {what}; its p95 is {least} "
            f"({percent(used.least / share.request, limit=high)}, at most {percent(high)}). On a full node it gets no more. "
            f"Set {amount_text(what, good)}."
        )
        command = _command(share, good, install)
        return _finding(share, small, message, used.least / share.request, high, command, install)
    if not asked.shared and used.most < low * share.request and share.request > share.steps[0][1]:
        good = proposed(used.most, share.steps, limits=limits)
        message = (
            f"{asked.name} requests {amount_text(what, share.request)} of {what}; its p95 is "
            f"{amount_text(what, used.most)} ({percent(used.most / share.request, limit=low)}, at least {percent(low)}). "
            f"{amount_text(what, good)} is enough."
        )
        command = _command(share, good, install)
        return _finding(share, large, message, used.most / share.request, low, command, install)
    return None


def _finding(
    share: Share,
    code: str,
    message: str,
    observed: float,
    limit: float,
    command: Command,
    install: Install,
) -> Finding:
    container = f" container/{share.asked.container}" if share.asked.container else ""
    subject = f"Deployment/{install.deployment}{container}"
    return Finding(subject, code, message, round(observed, 4), limit, "ratio", command)


def _command(share: Share, amount: float, install: Install, *, limit: bool = False) -> Command:
    name, text = share.what.lower(), amount_text(share.what, amount)
    where = shell("kubectl -n {}", install.namespace)
    if not share.asked.container:  # kubectl set resources has no option for the pod
        parts = ("requests", "limits") if limit else ("requests",)
        resources = {part: {name: text} for part in parts}
        patch = json.dumps(
            {"spec": {"template": {"spec": {"resources": resources}}}}, separators=(",", ":")
        )
        return shell(
            "{} patch deployment {} -p {} --dry-run=server", where, install.deployment, patch
        )
    most = shell(" --limits={}={}", name, text) if limit else Command()
    return shell(
        "{} set resources deployment {} -c {} --requests={}={}{} --dry-run=server",
        where,
        install.deployment,
        share.asked.container,
        name,
        text,
        most,
    )


def _said(share: Share) -> str:
    name, used = share.asked.container or "pod", share.used
    if math.isinf(used.most):
        return f"{name}: {share.what} measured for {percent(used.seen)} of the time"
    ratio = (
        f"{amount_text(share.what, used.most)} of {amount_text(share.what, share.request)} "
        f"({percent(used.most / share.request)})"
    )
    return f"{name}: {share.what} p95 {ratio}"


def _unseen(container: str, what: str, pod: Pod, history: UsageHistory) -> Absent:
    return Absent(
        f"{history.source} has no {what} usage of container {container} of pod {pod.name}.",
        source=history.source,
        next_step="scrape the kubelets' cAdvisor (/metrics/cadvisor)",
    )


def _boundless(asked: Asked, used: Used, *, limits: Limits, install: Install) -> Absent:
    what = asked.what
    word = (
        f"{what.lower()}={amount_text(what, proposed(used.least, steps_of(what), limits=limits))}"
    )
    return Absent(
        f"{asked.name} has no {what} request and no {what} limit; its p95 is "
        f"{amount_text(what, used.least)}.",
        source="pods",
        next_step=shell(
            "kubectl -n {} set resources deployment {} -c {} --requests={}",
            install.namespace,
            install.deployment,
            asked.container,
            word,
        ),
    )


def _too_early(share: Share, history: UsageHistory, *, now: datetime, limits: Limits) -> TooEarly:
    window, seen = limits["sizing_window"], share.used.seen
    moments = max(1, int(window / history.step_seconds))
    missing = math.ceil(QUANTILE * moments - 1e-9) - round(seen * moments)
    # Where samples in the middle are missing, they must leave the window.
    when = utc_after(
        now + timedelta(seconds=missing * history.step_seconds if missing > 0 else window)
    )
    shorter = Command(
        ", or --limit=sizing_window=1d" if window > DAY and seen * window >= DAY else ""
    )
    return TooEarly(
        f"{share.what} of {share.asked.name[0].lower()}{share.asked.name[1:]} was measured for "
        f"{percent(seen)} of the last {limits.text('sizing_window')}. A p95 needs {percent(QUANTILE)}. "
        f"Retry after {when}.",
        source=history.source,
        next_step=shell("run again after {}{}", Command(when), shorter),
    )
