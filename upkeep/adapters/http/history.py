"""Ask Prometheus for the collector's counters of the past, and keep why it gave none.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from upkeep.adapters.http.prometheus import Prometheus
from upkeep.domain import pod_names
from upkeep.domain.metric_names import PROCESS_START
from upkeep.errors import Absent, NotApplicable, Unmeasured
from upkeep.records.counters import EarlierCounters
from upkeep.records.stopped import Stopped
from upkeep.records.workload import Install, Workload

LEGACY_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# So many instants show every label of a target; its value does not matter.
TARGET_STEPS = 50


def asked(
    prometheus: Prometheus | Exception,
    expression: str,
    *,
    now: datetime,
    window_seconds: float,
    step_seconds: int,
) -> EarlierCounters:
    """Return the snapshots of Prometheus over a window. It is one of three sources; where it cannot be asked the others remain."""
    if isinstance(prometheus, NotApplicable):
        return EarlierCounters((), "Prometheus: declared absent")
    if isinstance(prometheus, Unmeasured):
        there = None if isinstance(prometheus, Absent) else Stopped.by(prometheus)
        return EarlierCounters((), f"Prometheus: {prometheus.reason}", there)
    assert not isinstance(prometheus, Exception)
    start = now - timedelta(seconds=window_seconds + step_seconds)
    try:
        found = prometheus.snapshots(expression, start=start, end=now, step_seconds=step_seconds)
    except Unmeasured as error:
        return EarlierCounters((), f"Prometheus: {error.reason}", Stopped.by(error))
    if found and not any(sample.name != PROCESS_START for one in found for sample in one.samples):
        # Native histograms have no buckets, and relabeling drops series: absent is not zero here.
        return EarlierCounters((), "Prometheus: process starts alone, none of these counters")
    return EarlierCounters(
        found,
        f"Prometheus: {len(found)} earlier samples"
        if found
        else "Prometheus: no series of these pods",
    )


def summed(
    prometheus: Prometheus | Exception,
    names: Iterable[str],
    kept: Iterable[str],
    *,
    install: Install,
    workload: Workload | Exception,
    now: datetime,
    window_seconds: float,
    step_seconds: int,
) -> EarlierCounters:
    """Return snapshots as ``asked`` does, with each counter summed over the labels that are not kept.

    The labels of a target are kept, whatever they are: two jobs may scrape a pod, and two replicas of
    Prometheus store it under an external label of the user's own (prometheus/prometheus#9313). Their
    counters must not be summed. ``process_start_time_seconds`` has the labels of its target alone.

    :param kept: the counters' own labels that are kept.
    """
    if isinstance(prometheus, Exception):
        return asked(prometheus, "", now=now, window_seconds=0, step_seconds=step_seconds)
    start = now - timedelta(seconds=window_seconds + step_seconds)
    coarse = max(step_seconds, int(window_seconds / TARGET_STEPS))
    try:
        targets = prometheus.series(
            selector([PROCESS_START], install, workload), start=start, end=now, step_seconds=coarse
        )
    except Unmeasured as error:
        return EarlierCounters((), f"Prometheus: {error.reason}", Stopped.by(error))
    labels = {name for one in targets for name in one.labels} | {"__name__", "pod", *kept}
    return asked(
        prometheus,
        f"sum by ({', '.join(map(_quoted, sorted(labels)))}) ({selector(names, install, workload)})",
        now=now,
        window_seconds=window_seconds,
        step_seconds=step_seconds,
    )


def _quoted(label: str) -> str:
    """Return a label's name as PromQL has it: UTF-8 names of Prometheus 3 are quoted."""
    return label if LEGACY_LABEL.fullmatch(label) else json.dumps(label, ensure_ascii=False)


def pods_of(workload: Workload | Exception, install: Install) -> str:
    """Return a pattern for the names of the collector's pods, deleted ones included.

    Series of deleted pods keep only a name. Without the list of pods the API server's naming rules still give the pattern.
    """
    if isinstance(workload, Workload):
        return pod_names.of_workload(workload)
    return pod_names.of_deployment(install.deployment)


def selector(names: Iterable[str], install: Install, workload: Workload | Exception) -> str:
    """Return a selector for the series of these names of the collector's pods."""
    pods, every = pods_of(workload, install), "|".join(sorted(names))
    return f'{{__name__=~"{every}",namespace="{install.namespace}",pod=~"{pods}"}}'
