"""Can the collector grow? By its autoscaler; without one, within the pods that there are.

Guide: "Review scaling policies".
Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale-walkthrough/#appendix-horizontal-pod-autoscaler-status-conditions.
"""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from upkeep.errors import TooEarly
from upkeep.judges.resources.headroom import cpu_memory_headroom
from upkeep.judges.wording import counted, excerpt
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.usage import Autoscaler, ContainerUsage
from upkeep.records.workload import Install, Workload
from upkeep.shell import shell

# (condition, code, what is wrong where it is not True)
CONDITIONS = (
    ("AbleToScale", "cannot-scale", "cannot scale the Deployment"),
    ("ScalingActive", "scaling-inactive", "cannot compute the number of replicas"),
)


def scaling_sound(
    autoscalers: Sequence[Autoscaler],
    usages: Sequence[ContainerUsage] | Exception,
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """scaling-sound: the autoscaler can scale, reads all its metrics and is below its maximum.

    Without an autoscaler, usage must stay within ``limits["scaling_usage"]``.

    :raises Unmeasured: there is no autoscaler, and the usage is unknown.
    :raises NotApplicable: there is no autoscaler, and metrics-server is declared absent.
    :raises TooEarly: an autoscaler has not reported its conditions yet.
    """
    if not autoscalers:
        return _without_autoscaler(usages, workload, now=now, limits=limits, install=install)
    findings = list(_overlap(autoscalers, install))
    silent: list[str] = []
    for one in autoscalers:
        said = {condition.type: condition for condition in one.conditions}
        subject = f"HorizontalPodAutoscaler/{one.name}"
        command = shell("kubectl -n {} describe hpa {}", install.namespace, one.name)
        for kind, code, what in CONDITIONS:
            condition = said.get(kind)
            if condition is None:
                silent.append(one.name)
            elif condition.status != "True":
                told = excerpt(condition.message)
                message = f"{subject} {what} ({condition.reason}): {told}"
                findings.append(
                    Finding(subject, code, message, condition.status, "True", "", command)
                )
        if one.unread:
            message = (
                f"{subject} cannot read {counted(len(one.unread), 'metric')} "
                f"({listed(list(one.unread))}): it does not scale down, and misses their load."
            )
            findings.append(
                Finding(subject, "metric-unread", message, len(one.unread), 0, "metrics", command)
            )
        limited = said.get("ScalingLimited")
        wants_more = (
            limited is not None and limited.status == "True" and limited.reason == "TooManyReplicas"
        )
        if one.current >= one.most or wants_more:
            message = (
                f"{subject} is at its maximum of {counted(one.most, 'replica')}. "
                "More load adds no pods. Raise maxReplicas."
            )
            findings.append(
                Finding(
                    subject,
                    "pinned-at-maximum",
                    message,
                    one.current,
                    one.most,
                    "replicas",
                    command,
                )
            )
    unmeasured = None
    if silent:
        unmeasured = TooEarly(
            f"HorizontalPodAutoscaler/{silent[0]} has not reported its conditions yet.",
            next_step="run again in a minute",
        )
    observed = ", ".join(
        f"{one.name}: {one.current} of {one.least} to {one.most} replicas" for one in autoscalers
    )
    return Judgement(
        tuple(findings),
        observed,
        "able, active, below the maximum",
        "",
        "HorizontalPodAutoscalers, now",
        unmeasured=unmeasured,
    )


def _without_autoscaler(
    usages: Sequence[ContainerUsage] | Exception,
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    if isinstance(usages, Exception):
        raise usages
    judged = cpu_memory_headroom(
        usages, workload, now=now, limits=limits, install=install, limit_name="scaling_usage"
    )
    found = tuple(
        replace(
            one,
            code="no-room-to-grow",
            message=f"{one.message} Without an autoscaler the present pods must carry "
            "a quarter's growth.",
        )
        for one in judged.findings
    )
    return dataclasses.replace(judged, findings=found, observed=f"no autoscaler; {judged.observed}")


def _overlap(autoscalers: Sequence[Autoscaler], install: Install) -> Sequence[Finding]:
    if len(autoscalers) == 1:
        return ()
    names = listed(sorted(one.name for one in autoscalers))
    message = f"HorizontalPodAutoscalers {names} scale the same Deployment and undo each other."
    return (
        Finding(
            f"Deployment/{install.deployment}",
            "autoscalers-overlap",
            message,
            len(autoscalers),
            1,
            "autoscalers",
            shell("kubectl -n {} get horizontalpodautoscalers", install.namespace),
        ),
    )
