"""Can the process open more connections? Each takes a descriptor, whose number is limited.

Guide: "Check network connections". Source: https://man7.org/linux/man-pages/man2/getrlimit.2.html.
"""

from collections.abc import Sequence

from upkeep.errors import Absent
from upkeep.judges.resources.headroom import LIMIT
from upkeep.judges.wording import counted, percent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records.usage import Connections
from upkeep.records.workload import Install, Workload
from upkeep.shell import shell


def connections_headroom(
    connections: Sequence[Connections], workload: Workload, *, limits: Limits, install: Install
) -> Judgement:
    """connections-headroom: each process uses at most ``limits["resource_usage"]`` of its descriptors.

    :raises Absent: a pod was not measured.
    """
    pods = {pod.name for pod in workload.pods if pod.works}
    blind = sorted(pods - {one.pod for one in connections})
    found = [
        Finding(
            f"Pod/{one.pod}",
            "connections-nearly-used",
            f"Pod {one.pod} has {one.open} of {one.most} descriptors open "
            f"({one.way.partition(';')[0]}): {percent(one.open / one.most, limit=limits[LIMIT])} "
            f"(limit {limits.text(LIMIT)}).",
            round(one.open / one.most, 4),
            limits[LIMIT],
            "ratio",
            shell(
                "kubectl get --raw {}/metrics | grep -E 'process_(open|max)_fds'",
                install.proxy(one.pod),
            ),
        )
        for one in connections
        if one.open > limits[LIMIT] * one.most
    ]
    unmeasured = None
    if blind or not pods:
        unmeasured = Absent(
            f"No connections of {'pod ' + blind[0] if blind else 'a pod'} were measured.",
            source="netstat, /metrics",
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    highest = max(connections, key=lambda one: one.open / one.most, default=None)
    told = "none" if highest is None else f"{highest.open} of {highest.most}"
    return Judgement(
        tuple(found),
        f"highest: {told}, of {counted(len(connections), 'pod')}",
        limits[LIMIT],
        "ratio",
        "; ".join(sorted({one.way for one in connections})),
        unmeasured=unmeasured,
    )
