"""cAdvisor's series of the pods' containers: CPU and memory over a day, and the writable layer."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from upkeep.demo.state import Process, State

DAY_TURN = 2 * math.pi / 86400
# What a sidecar uses of what the collector does.
SMALL = 0.1
Column = list[float | None]


def cadvisor(
    state: State, pod: str, runs: Sequence[Process], there: Sequence[bool], instants: Sequence[datetime],
    wanted: Callable[[str], bool],
) -> Iterator[tuple[dict[str, str], Column]]:  # fmt: skip
    """Yield the series of a pod: layers while it is ``there``, CPU and memory of its ``runs``.

    A container that starts again has another id, and its counter starts at zero.
    """
    for name, share in [("cano-collector", 1.0), *((name, SMALL) for name in sidecars(state, pod))]:
        yield from _of_container(state, pod, name, share, runs, there, instants, wanted)


def sidecars(state: State, pod: str) -> list[str]:
    """Return the native sidecars of a pod: init containers that keep running."""
    return [
        entry["name"]
        for item in state.pods
        if item["metadata"]["name"] == pod
        for entry in item["spec"].get("initContainers", [])
        if entry.get("restartPolicy") == "Always"
    ]


def _of_container(
    state: State, pod: str, name: str, share: float, runs: Sequence[Process], there: Sequence[bool],
    instants: Sequence[datetime], wanted: Callable[[str], bool],
) -> Iterator[tuple[dict[str, str], Column]]:  # fmt: skip
    labels = {"namespace": state.namespace, "pod": pod, "container": name, "job": "kubelet"}
    for metric, value in (
        ("container_fs_usage_bytes", 5e8 * state.disk_used),
        ("container_fs_limit_bytes", 5e10),
    ):
        if wanted(metric) and any(there):
            own = labels | {"device": "/dev/sda1", "__name__": metric}
            yield own, [value if each else None for each in there]
    for metric, value_of in (
        ("container_cpu_usage_seconds_total", _cpu),
        ("container_memory_working_set_bytes", _memory),
    ):
        for run in runs if wanted(metric) else ():
            own = labels | {
                "id": f"/kubepods/{pod}/{name}/{run.started:%Y%m%dT%H%M%S}",
                "__name__": metric,
            }
            own |= {"cpu": "total"} if value_of is _cpu else {}
            values = [
                round(share * value_of(state, run, at), 6)
                if run.started <= at and (run.ended is None or at < run.ended)
                else None
                for at in instants
            ]
            yield own, values


def _cpu(state: State, run: Process, at: datetime) -> float:
    return round(state.cores * (_worked(at) - _worked(run.started)), 6)


def _memory(state: State, run: Process, at: datetime) -> float:
    load = 0.75 - 0.25 * math.cos(DAY_TURN * at.timestamp())
    return float(int(state.memory_mib * 1048576 * load))


def _worked(at: datetime) -> float:
    """Return the integral of the load relative to noon; at midnight it is half of that."""
    seconds = at.timestamp()
    return 0.75 * seconds - 0.25 * math.sin(DAY_TURN * seconds) / DAY_TURN
