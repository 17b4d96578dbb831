"""How much room is left: CPU, memory, filesystems, connections.

Source: the guide's "Check resource usage", "Check disk usage" and "Check network connections".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from upkeep.errors import Absent, TooEarly, Unmeasured
from upkeep.judges.wording import counted, excerpt
from upkeep.limits import Limits
from upkeep.masking import mask
from upkeep.model import Finding, Judgement, listed, rfc3339
from upkeep.records.usage import Autoscaler, Connections, ContainerUsage, Filesystems
from upkeep.records.workload import ContainerResources, Install, Pod, Workload

LIMIT = "resource_usage"
NANO = 1_000_000_000
MIB = 1024 * 1024
NOTHING = (None, "")


def cpu_memory_headroom(
    usages: Sequence[ContainerUsage],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
    limit_name: str = LIMIT,
) -> Judgement:
    """cpu-memory-headroom: every container's CPU and memory are within ``limits[limit_name]`` of its limit, or of its request where there is none.

    :raises Absent: no pod; a container whose usage is not known, or is too old; one that has neither limit nor request.
    :raises TooEarly: a pod is too young for metrics-server to have measured it.
    """
    used = {(one.pod, one.container): one for one in usages}
    pods = [pod for pod in workload.pods if pod.works]
    if not pods:
        raise Absent(
            "no pod was there whose usage could be known",
            next_step="pytest -m \"control(id='pods-ready')\"",
        )
    found, ratios = [], []
    unknown: list[Unmeasured] = []
    for pod in pods:
        if not pod.resources:
            unknown.append(Absent(f"pod {pod.name} is listed without a container", source="pods"))
        for resources in pod.resources:
            usage = used.get((pod.name, resources.name))
            if usage is None or now - usage.taken > timedelta(seconds=limits["usage_age"]):
                unknown.append(
                    _unseen(pod, resources, usage, now=now, limits=limits, install=install)
                )
                continue
            for what, amount, limit, request in (
                (
                    "CPU",
                    usage.cpu_nanocores,
                    resources.cpu_limit_nanocores,
                    resources.cpu_request_nanocores,
                ),
                (
                    "memory",
                    usage.memory_bytes,
                    resources.memory_limit_bytes,
                    resources.memory_request_bytes,
                ),
            ):
                most, of = (
                    (limit, "limit")
                    if limit
                    else (request, "request, for it has no limit")
                    if request
                    else NOTHING
                )
                if most is None:
                    unknown.append(_boundless(pod, resources, what, install=install))
                    continue
                ratios.append((amount / most, what))
                if amount > limits[limit_name] * most:
                    found.append(
                        _short(
                            pod,
                            resources,
                            what,
                            amount,
                            most,
                            of,
                            within=limits[limit_name],
                            install=install,
                        )
                    )
    if not found and unknown:
        raise unknown[0]
    most_used = {
        what: max(ratio for ratio, each in ratios if each == what)
        for what in dict.fromkeys(each for _, each in ratios)
    }
    highest = ", ".join(f"{what} {ratio:.0%}" for what, ratio in most_used.items())
    observed = f"highest: {highest}, of {counted(len({(one.pod, one.container) for one in usages}), 'container')}"
    return Judgement(tuple(found), observed, limits[limit_name], "ratio", "metrics.k8s.io, now")


def _unseen(
    pod: Pod,
    resources: ContainerResources,
    usage: ContainerUsage | None,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Absent | TooEarly:
    what = f"metrics-server has no usage of container {resources.name} of pod {pod.name}"
    if usage is not None:
        what = f"{what} that is younger than {limits.text('usage_age')}: the last one is of {rfc3339(usage.taken)}"
    elif now - pod.created < timedelta(seconds=limits["usage_age"]):
        return TooEarly(
            f"{what} yet", source="metrics.k8s.io", next_step="run again in some minutes"
        )
    return Absent(
        what,
        source="metrics.k8s.io",
        next_step=f"kubectl -n {install.namespace} describe pod {pod.name}",
    )


def _boundless(pod: Pod, resources: ContainerResources, what: str, *, install: Install) -> Absent:
    word = "cpu=250m" if what == "CPU" else "memory=512Mi"
    return Absent(
        f"container {resources.name} of pod {pod.name} has neither a limit nor a request of {what}: its room cannot be told",
        source=f"Pod/{pod.name}",
        next_step=f"kubectl -n {install.namespace} set resources deployment {install.deployment} -c {resources.name} --requests={word}",
    )


def _short(
    pod: Pod,
    resources: ContainerResources,
    what: str,
    amount: int,
    most: int,
    of: str,
    *,
    within: float,
    install: Install,
) -> Finding:
    said = (
        f"{amount / NANO:.3g} of {most / NANO:.3g} cores"
        if what == "CPU"
        else f"{amount / MIB:.0f} of {most / MIB:.0f} MiB"
    )
    message = f"Container {resources.name} of pod {pod.name} uses {amount / most:.0%} of its {what} {of}: {said}."
    fix = f"kubectl -n {install.namespace} top pod {pod.name} --containers"
    code = "cpu-nearly-used" if what == "CPU" else "memory-nearly-used"
    return Finding(
        f"Pod/{pod.name} container/{resources.name}",
        code,
        message,
        round(amount / most, 4),
        within,
        "ratio",
        fix,
    )


def disk_headroom(
    filesystems: Filesystems, workload: Workload, *, limits: Limits, install: Install
) -> Judgement:
    """disk-headroom: every filesystem of every pod is filled to at most ``limits["resource_usage"]``.

    :raises Absent: a pod whose filesystems were not seen.
    """
    pods = {pod.name for pod in workload.pods if pod.works}
    blind = sorted(pods - {one.pod for one in filesystems.found})
    found = [
        Finding(
            f"Pod/{one.pod}",
            "disk-nearly-full",
            f"Filesystem {one.name} of pod {one.pod} is {one.used_ratio:.0%} full.",
            round(one.used_ratio, 4),
            limits[LIMIT],
            "ratio",
            f"kubectl -n {install.namespace} describe pod {one.pod}",
        )
        for one in filesystems.found
        if one.used_ratio > limits[LIMIT]
    ]
    if not found and (blind or not pods):
        raise Absent(
            f"the filesystems of {'pod ' + blind[0] if blind else 'any pod'} could not be looked at",
            source=filesystems.way,
        )
    highest = max(one.used_ratio for one in filesystems.found)
    observed = f"highest: {highest:.0%}, of {counted(len(filesystems.found), 'filesystem')} in {counted(len(pods), 'pod')}"
    return Judgement(tuple(found), observed, limits[LIMIT], "ratio", filesystems.way)


def connections_headroom(
    connections: Sequence[Connections], workload: Workload, *, limits: Limits, install: Install
) -> Judgement:
    """connections-headroom: no pod's process holds more open than ``limits["resource_usage"]`` of what it may.

    :raises Absent: a pod that was not looked at.
    """
    pods = {pod.name for pod in workload.pods if pod.works}
    blind = sorted(pods - {one.pod for one in connections})
    found = [
        Finding(
            f"Pod/{one.pod}",
            "connections-nearly-used",
            f"Pod {one.pod} holds {one.open} of {one.most} descriptors open ({one.way.partition(';')[0]}).",
            round(one.open / one.most, 4),
            limits[LIMIT],
            "ratio",
            f"kubectl get --raw {install.proxy(one.pod)}/metrics | grep -E 'process_(open|max)_fds'",
        )
        for one in connections
        if one.open > limits[LIMIT] * one.most
    ]
    if not found and (blind or not pods):
        raise Absent(
            f"the connections of {'pod ' + blind[0] if blind else 'any pod'} could not be counted",
            source="netstat, /metrics",
        )
    highest = max(connections, key=lambda one: one.open / one.most)
    observed = f"highest: {highest.open} of {highest.most}, of {counted(len(pods), 'pod')}"
    return Judgement(
        tuple(found),
        observed,
        limits[LIMIT],
        "ratio",
        "; ".join(sorted({one.way for one in connections})),
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
    """scaling-sound: an autoscaler is able to scale, reads its metrics and has room above; where there is none, the use leaves that room.

    :raises Unmeasured: there is no autoscaler, and the use is not known. :raises NotApplicable: nobody measures it, on purpose.
    :raises TooEarly: an autoscaler has not said yet how it fares.
    """
    if not autoscalers:
        if isinstance(usages, Exception):
            raise usages
        judged = cpu_memory_headroom(
            usages, workload, now=now, limits=limits, install=install, limit_name="scaling_usage"
        )
        found = tuple(
            replace(
                one,
                code="no-room-to-grow",
                message=f"{one.message} There is no autoscaler, so a quarter's growth must fit into what is there.",
            )
            for one in judged.findings
        )
        return Judgement(
            found,
            f"no autoscaler; {judged.observed}",
            limits["scaling_usage"],
            "ratio",
            judged.basis,
        )
    findings: list[Finding] = []
    silent: list[str] = []
    if len(autoscalers) > 1:
        names = listed(sorted(one.name for one in autoscalers))
        message = f"HorizontalPodAutoscalers {names} scale the same Deployment: each undoes what the other does."
        command = f"kubectl -n {install.namespace} get horizontalpodautoscalers"
        findings.append(
            Finding(
                f"Deployment/{install.deployment}",
                "autoscalers-overlap",
                message,
                len(autoscalers),
                1,
                "autoscalers",
                command,
            )
        )
    for one in autoscalers:
        said = {condition.type: condition for condition in one.conditions}
        subject, command = (
            f"HorizontalPodAutoscaler/{one.name}",
            f"kubectl -n {install.namespace} describe hpa {one.name}",
        )
        for kind, code, what in (
            ("AbleToScale", "cannot-scale", "cannot scale the Deployment"),
            ("ScalingActive", "scaling-inactive", "does not know how many pods it should want"),
        ):
            condition = said.get(kind)
            if condition is None:
                silent.append(one.name)
            elif condition.status != "True":
                message = (
                    f"{subject} {what} ({condition.reason}): {excerpt(mask(condition.message))}"
                )
                findings.append(
                    Finding(subject, code, message, condition.status, "True", "", command)
                )
        limited = said.get("ScalingLimited")
        if one.current >= one.most or (
            limited is not None and limited.status == "True" and limited.reason == "TooManyReplicas"
        ):
            message = f"{subject} is at its maximum of {counted(one.most, 'replica')}: more load finds no more pods."
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
    if not findings and silent:
        raise TooEarly(
            f"HorizontalPodAutoscaler/{silent[0]} has not said yet how it fares",
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
    )
