"""Measure a container's log: which of its lives to read, what to ask the API server, and how much of the window is covered.

A fixture measures a pod's container in a few lines; ``ask`` sends one log request with the query it is given::

    for instance in instances(container, since=window_start):
        survey = measure(lambda query: kube.stream(path, query), pod=pod.name, container=container.name, instance=instance,
                         window_start=window_start, now=now, least_lines=100, speaks=True)

A log body has no length, so one that ends early looks whole. The newest line is therefore asked for first, and must be in the body.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (PodLogOptions). The kubelet serves only the newest
file of its rotation: https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-rotation
"""

import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from msgspec import Struct

from upkeep.adapters.formats.logreading import Reading, first_time, read, tail
from upkeep.errors import Absent, Malformed, Truncated, Unmeasured
from upkeep.model import utc
from upkeep.records.logs import LogSurvey
from upkeep.records.stopped import Stopped
from upkeep.records.workload import ContainerStatus

__all__ = ["Instance", "covered_from", "first_time", "instances", "measure", "survey", "tail"]

Ask = Callable[[Mapping[str, str]], AbstractContextManager[Iterable[bytes]]]

HEAD_BYTES = 4096
START_SECONDS = 60  # the collector logs within this time of its start
SLACK_SECONDS = 60  # asked for beyond the window: the kubelet counts from its own later now
# A node's clock may be set right while its first containers start.
BEFORE_START = timedelta(minutes=1)
# Lines of one moment may be stamped in another order than they are kept in.
DISORDER = timedelta(seconds=1)
# A log that is silent for longer than this, and for several times its longest pause, is not whole.
SILENCE, PAUSES, LEAST_PAUSES = timedelta(minutes=10), 3, 20


class Instance(Struct, frozen=True):
    """One run of a container whose log the kubelet still has.

    :ivar previous: the API is asked with ``previous=true``.
    :ivar ended: when it ended; ``None`` while it runs, or where it is not known: see ``running``.
    """

    previous: bool
    started: datetime | None
    ended: datetime | None
    running: bool


def instances(container: ContainerStatus, *, since: datetime) -> tuple[Instance, ...]:
    """Return the runs of a container to be read: the present one and the one before, but none that ended before ``since``.

    While a container waits for its next start, both requests give the run that ended last; it is read once, as the previous one.
    """
    found, ended, last = [], container.terminated, container.last_termination
    if container.state == "running":
        found.append(Instance(False, container.started, None, running=True))
    elif ended is not None:
        found.append(
            Instance(False, ended.started or container.started, ended.finished, running=False)
        )
    if last is not None:
        found.append(Instance(True, last.started, last.finished, running=False))
    return tuple(
        instance for instance in found if instance.ended is None or instance.ended >= since
    )


def measure(
    ask: Ask,
    *,
    pod: str,
    container: str,
    instance: Instance,
    window_start: datetime,
    now: datetime,
    least_lines: int,
    slow_seconds: float = math.inf,
    speaks: bool = True,
) -> LogSurvey:
    """Return the survey of one run of a container: since ``window_start``, or its last ``least_lines`` lines where those are more.

    The last lines then hold all of the window's, so only these are surveyed, and nothing is counted twice.

    :param least_lines: 0 for the window alone.
    :param slow_seconds: longer work than this is counted as slow.
    :param speaks: it is the collector, which always logs; the log of another container may be empty or silent.
    :raises Absent: the collector's log is empty.
    :raises Malformed: it is not a log with times. What the stream raises goes on.
    """
    where = f"log of {pod}/{container}" + (" before its last restart" if instance.previous else "")
    base = {"container": container, "timestamps": "true"} | (
        {"previous": "true"} if instance.previous else {}
    )

    def asked(query: Mapping[str, str], since: datetime | None) -> Reading:
        with ask({**base, **query}) as blocks:
            return read(blocks, where=where, since=since, slow_seconds=slow_seconds)

    newest = asked({"tailLines": "1"}, None).last
    seconds = max(1, math.ceil((now - window_start).total_seconds()) + SLACK_SECONDS)
    reading = asked({"sinceSeconds": str(seconds)}, window_start)
    first = reading.first
    early: Unmeasured | None = _ends_early(reading, newest, window_start=window_start, where=where)
    if reading.lines < least_lines:
        reading = asked({"tailLines": str(least_lines)}, None)
        early = early or _ends_early(reading, newest, window_start=window_start, where=where)
        first = reading.first
    elif instance.started is None or instance.started < window_start:
        with ask(base | {"limitBytes": str(HEAD_BYTES)}) as blocks:
            first = first_time(blocks, where=where)
    early = early or _of_another(first, instance, where=where)
    until = now if instance.running else instance.ended or reading.last or now
    begin = covered_from(
        first,
        started=instance.started,
        window_start=window_start,
        now=until,
        where=where,
        speaks=speaks,
    )
    return reading.survey(
        pod,
        container,
        previous=instance.previous,
        covered_from=begin,
        covered_until=until,
        silent_since=_silent_since(reading, now=now) if speaks and instance.running else None,
        stopped=Stopped.by(early) if early else None,
    )


def _ends_early(
    reading: Reading, newest: datetime | None, *, window_start: datetime, where: str
) -> Truncated | None:
    """Return the error of a body without the line that was the newest one before. Its own lines count all the same."""
    if newest is None or newest < window_start:
        return None
    if reading.last is not None and reading.last >= newest - DISORDER:
        return None
    return Truncated(
        f"The {where} ends early: its line of {utc(newest)} is missing.",
        source=where,
        next_step="run again",
    )


def _of_another(first: datetime | None, instance: Instance, *, where: str) -> Malformed | None:
    """Return the error of a log that begins before its container did: it is the log of another one, or of another time."""
    if first is None or instance.started is None or first >= instance.started - BEFORE_START:
        return None
    return Malformed(
        f"The {where} begins at {utc(first)}, and its container started at {utc(instance.started)}: it is not this container's.",
        source=where,
        next_step="run again",
    )


def _silent_since(reading: Reading, *, now: datetime) -> datetime | None:
    """Return the time of the last line where the silence since is far longer than any pause before."""
    if reading.last is None or reading.lines < LEAST_PAUSES:
        return None
    return (
        reading.last if now - reading.last > max(SILENCE, PAUSES * reading.longest_quiet) else None
    )


def survey(
    blocks: Iterable[bytes],
    *,
    pod: str,
    container: str,
    previous: bool,
    covered_from: datetime,
    covered_until: datetime,
    since: datetime | None = None,
) -> LogSurvey:
    """Return the survey of a log that is read to its end.

    :param since: lines before the first one of this instant or later are older than the window: not counted and not judged.
    :raises Malformed: a line without the API's time. What the blocks raise (a broken stream) goes on.
    """
    reading = read(blocks, where=f"log of {pod}/{container}", since=since)
    return reading.survey(
        pod, container, previous=previous, covered_from=covered_from, covered_until=covered_until
    )


def covered_from(
    first: datetime | None,
    *,
    started: datetime | None,
    window_start: datetime,
    now: datetime,
    where: str,
    speaks: bool = True,
) -> datetime:
    """Return the instant from which every line of a container is still there.

    :param first: the time of the first line of its whole log, ``None`` of an empty one.
    :param started: when the container started, ``None`` where it is not known.
    :param now: the end of what is covered: now, or when the container ended.
    :param speaks: it is the collector; an empty log of another container is an empty log.
    :raises Absent: no line at all of a collector that had time to write one.
    """
    grace = timedelta(seconds=START_SECONDS)
    begin = window_start if started is None else max(started, window_start)
    if first is None:
        if not speaks or (started is not None and now - started <= grace):
            return begin
        raise Absent(
            f"The {where} is empty, but the collector always logs at its start. Its lines are lost.",
            source=where,
            next_step="check the node's log rotation, and agents that empty the files",
        )
    if first <= window_start or (started is not None and first - started <= grace):
        return begin
    return first
