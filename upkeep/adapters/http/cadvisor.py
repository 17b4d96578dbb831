"""The pods' filesystems and usage as Prometheus stores them from the kubelets.

Source: https://kubernetes.io/docs/reference/instrumentation/cri-pod-container-metrics/;
https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from upkeep.errors import Absent, Malformed
from upkeep.records.counters import Sample
from upkeep.records.usage import Filesystem, Filesystems, UsageHistory, UsageSeries

if TYPE_CHECKING:
    from upkeep.adapters.http.prometheus import Prometheus

# Used and capacity: of a volume by the kubelet, of a container's writable layer by cAdvisor.
VOLUMES = ("kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes")
LAYERS = ("container_fs_usage_bytes", "container_fs_limit_bytes")
SCRAPE = "scrape the kubelets' cAdvisor (/metrics/cadvisor) and their volume statistics"
METRICS: dict[str, Literal["cpu", "memory"]] = {
    "container_cpu_usage_seconds_total": "cpu",
    "container_memory_working_set_bytes": "memory",
}


def filesystems(
    prometheus: "Prometheus",
    *,
    namespace: str,
    pods: Sequence[str],
    claims: Sequence[str],
    now: datetime,
    why: str,
) -> Filesystems:
    """Return the writable layers of pods and the volumes of claims.

    :param why: why a better source was not used, for the record.
    :raises Absent: a pod or a claim has no sample, or no capacity.
    """
    names = "|".join(re.escape(pod).replace("\\-", "-") for pod in pods)
    used, most = (
        prometheus.vector(f'{name}{{namespace="{namespace}",pod=~"{names}",container!=""}}', at=now)
        for name in LAYERS
    )
    limit = {_key(sample.labels): sample.value for sample in most}
    found = []
    for sample in used:
        pod, container, device = key = _key(sample.labels)
        if not limit.get(key, 0) > 0:
            raise Absent(
                f"{prometheus.where} has no {LAYERS[1]} of container {container} of pod {pod}.",
                source=LAYERS[1],
                next_step=SCRAPE,
            )
        where = f"{container} on {device or 'its node'}"
        found.append(Filesystem(pod, where, sample.value / limit[key]))
    if claims:
        found += _claims(prometheus, namespace, pods[0], claims, now=now)
    blind = sorted(set(pods) - {one.pod for one in found})
    if blind:
        raise Absent(
            f"{prometheus.where} has no {LAYERS[0]} with its limit of pod {blind[0]}.",
            source=LAYERS[0],
            next_step=SCRAPE,
        )
    return Filesystems(f"Prometheus; {why}", tuple(found))


def _key(labels: Mapping[str, str]) -> tuple[str, str, str]:
    return labels["pod"], labels.get("container", ""), labels.get("device", "")


def _claims(
    prometheus: "Prometheus", namespace: str, pod: str, claims: Sequence[str], *, now: datetime
) -> list[Filesystem]:
    words = "|".join(claims)
    used, most = (
        prometheus.vector(
            f'{name}{{namespace="{namespace}",persistentvolumeclaim=~"{words}"}}', at=now
        )
        for name in VOLUMES
    )
    # A store of several clusters has a claim of this name in each: each series is one volume.
    sizes = {_beside_name(sample): sample.value for sample in most}
    found = []
    for claim in claims:
        mine = [one for one in used if one.labels["persistentvolumeclaim"] == claim]
        if not mine or not all(sizes.get(_beside_name(one)) for one in mine):
            raise Absent(
                f"{prometheus.where} has no {VOLUMES[0]} of claim {claim}.",
                source=VOLUMES[0],
                next_step=SCRAPE,
            )
        for one in mine:
            apart = sorted(
                f"{name}={value}"
                for name, value in one.labels.items()
                if any(other.labels.get(name) != value for other in mine)
            )
            where = f"claim {claim}" + (f" ({', '.join(apart)})" if apart else "")
            found.append(Filesystem(pod, where, one.value / sizes[_beside_name(one)]))
    return found


def _beside_name(sample: Sample) -> frozenset[tuple[str, str]]:
    """Return the labels of a series without its name: those of used and capacity are the same."""
    return frozenset(one for one in sample.labels.items() if one[0] != "__name__")


def usage_selector(namespace: str, pods: str) -> str:
    """Return the selector of the containers' CPU and memory.

    :param pods: a regular expression for the pods' names.
    """
    return (
        f'{{__name__=~"{"|".join(METRICS)}",namespace="{namespace}",pod=~"{pods}",'
        'container!="",container!="POD",cpu=~"total|"}'
    )


def usage(
    prometheus: "Prometheus", selector: str, *, now: datetime, window_seconds: float, step: int
) -> UsageHistory:
    """Return the containers' CPU counters and memory, one sample each ``step`` seconds.

    :raises Absent: Prometheus has none. :raises Malformed: a series is not what was asked for.
    """
    # One step more, because a counter needs two samples.
    found = prometheus.series(
        selector, start=now - timedelta(seconds=window_seconds + step), end=now, step_seconds=step
    )
    if not found:
        raise Absent(
            f"{prometheus.where} has no {next(iter(METRICS))} of these pods.",
            source=selector,
            next_step="scrape the kubelets' cAdvisor (/metrics/cadvisor), "
            "or --prometheus=URL of one that does",
        )
    if any(one.labels.get("__name__") not in METRICS for one in found):
        raise Malformed(
            f"{prometheus.where} returned a series of another name than requested.", source=selector
        )
    if any(value < 0 for one in found for _, value in one.points):
        raise Malformed(f"{prometheus.where} returned a negative usage.", source=selector)
    return UsageHistory(
        "Prometheus",
        step,
        tuple(
            UsageSeries(
                one.labels.get("pod", ""),
                one.labels.get("container", ""),
                METRICS[one.labels["__name__"]],
                one.points,
            )
            for one in found
        ),
    )
