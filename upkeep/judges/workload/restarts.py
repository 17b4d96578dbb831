"""How often did a container restart in a window? What the kubelet's few facts prove, and no more.

The kubelet keeps a count for the pod's whole life, and the times of the last end only (core/v1 ContainerStatus:
restartCount, lastState). So the number in a window is known exactly in some cases, and has only a least and a most in
the others.
"""

from dataclasses import dataclass
from datetime import datetime

from upkeep.judges.workload.containers import completed_init
from upkeep.records.workload import ContainerStatus, Pod, Termination


@dataclass(frozen=True, slots=True)
class Restarts:
    """Restarts of one container in the window: at least ``least``, at most ``most``.

    :ivar last: its last known end, whenever that was.
    """

    pod: str
    container: str
    least: int
    most: int
    last: Termination | None


def restarts(pod: Pod, container: ContainerStatus, *, since: datetime) -> Restarts:
    """The restarts of a container since an instant; an end at that very instant counts.

    A container that has ended and that the kubelet has not started again yet counts, whatever its exit code: its
    process was away. An init container that completed does not, nor does a container whose pod ends or ended with it.
    """
    least, most = _by_the_count(pod, container, since=since)
    ended = _ended_on_its_own(pod, container)
    if ended is not None:
        known = ended.finished or (pod.created if pod.created >= since else None)
        least += known is not None and known >= since
        most += known is None or known >= since
    return Restarts(pod.name, container.name, least, most, ended or container.last_termination)


def _by_the_count(pod: Pod, container: ContainerStatus, *, since: datetime) -> tuple[int, int]:
    last, ended = container.last_termination, container.terminated
    # In a back-off the last end is there before the count has grown.
    total = max(container.restarts, 0 if last is None else 1)
    if total == 0 or pod.created >= since:
        return total, total
    started = container.started or (ended.started if ended is not None else None)
    if started is not None and started < since:
        return 0, 0
    if last is not None and last.finished is not None:
        if last.finished < since:
            # Away since before the window, and back in it, or not back yet.
            return (0, 0) if started is None else (1, 1)
        # When the instance that ended had begun before the window, all earlier ends lie before the window too.
        only_one = last.started is not None and last.started < since
        return 1, 1 if only_one else total
    # The kubelet forgot the last end. A start in the window that is not the first is a restart all the same.
    return 0 if started is None else 1, total


def _ended_on_its_own(pod: Pod, container: ContainerStatus) -> Termination | None:
    """The end of a container that is down now, unless it had done its work or went with its pod."""
    if container.state != "terminated" or not pod.works:
        return None
    return None if completed_init(container) else container.terminated
