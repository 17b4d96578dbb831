"""Is there room on the filesystems? Of every pod that runs (guide: "Check disk usage")."""

from upkeep.errors import Absent
from upkeep.judges.resources.headroom import LIMIT
from upkeep.judges.wording import counted, percent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records.usage import Filesystems
from upkeep.records.workload import Install, Workload
from upkeep.shell import shell


def disk_headroom(
    filesystems: Filesystems, workload: Workload, *, limits: Limits, install: Install
) -> Judgement:
    """disk-headroom: every filesystem of every pod is at most ``limits["resource_usage"]`` full.

    :raises Absent: a pod's filesystems were not measured.
    """
    pods = {pod.name for pod in workload.pods if pod.works}
    blind = sorted(pods - {one.pod for one in filesystems.found})
    found = [
        Finding(
            f"Pod/{one.pod}",
            "disk-nearly-full",
            f"Filesystem {one.name} of pod {one.pod} is "
            f"{percent(one.used_ratio, limit=limits[LIMIT])} full (limit {limits.text(LIMIT)}).",
            round(one.used_ratio, 4),
            limits[LIMIT],
            "ratio",
            shell("kubectl -n {} describe pod {}", install.namespace, one.pod),
        )
        for one in filesystems.found
        if one.used_ratio > limits[LIMIT]
    ]
    unmeasured = None
    if blind or not pods:
        unmeasured = Absent(
            f"No filesystem of {'pod ' + blind[0] if blind else 'a pod'} was measured.",
            source=filesystems.way,
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    highest = max((one.used_ratio for one in filesystems.found), default=0.0)
    observed = (
        f"highest: {percent(highest)}, of {counted(len(filesystems.found), 'filesystem')} "
        f"in {counted(len({one.pod for one in filesystems.found}), 'pod')}"
    )
    way = filesystems.way
    return Judgement(tuple(found), observed, limits[LIMIT], "ratio", way, unmeasured=unmeasured)
