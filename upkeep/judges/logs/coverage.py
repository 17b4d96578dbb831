"""Judge how much of a window the logs cover, and whether what was read can carry a pass.

A finding needs no coverage: the line was seen. A pass needs every log, to its end, in a format that is read, over the window.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, Malformed, TooEarly, Truncated
from upkeep.judges.wording import counted
from upkeep.judges.workload.pods import live
from upkeep.limits import Limits
from upkeep.model import listed, span, utc, utc_after
from upkeep.records.logs import LogSurvey
from upkeep.records.workload import ContainerStatus, Install, Pod, Workload
from upkeep.shell import Command, shell

LEAST_WINDOW = timedelta(minutes=1)
# A pod needs this long until its collector runs and logs; of a window of seconds that is a large share.
START_SLACK = timedelta(seconds=60)
# So many lines may have no level: gin's and Go's plain text. Beyond, the log is in a format that is not read.
UNREAD_LINES, UNREAD_SHARE = 10, 0.1


def begin_of(workload: Workload, *, now: datetime, window_seconds: float) -> datetime:
    """Return the begin of the window, or when the Deployment was made where that is later."""
    return max(now - timedelta(seconds=window_seconds), workload.deployment.created)


def require_once(surveys: Sequence[LogSurvey]) -> None:
    """Require that no log was read twice.

    :raises Malformed: one was.
    """
    read = [(survey.pod, survey.container, survey.previous) for survey in surveys]
    twice = sorted(key for key in set(read) if read.count(key) > 1)
    if twice:
        pod, container, _ = twice[0]
        raise Malformed(
            f"The log of container {container} of pod {pod} was read twice, so its lines count twice."
        )


def require_whole(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    start: datetime,
    now: datetime,
    limits: Limits,
    window: str,
    install: Install,
) -> None:
    """Require what a pass needs: every log, to its newest line, in a format that is read, over the window.

    :param window: the name of the limit that is the window.
    :raises Unmeasured: of any kind: what kept a log from being read goes on.
    """
    _require_every_log(surveys, live(workload), since=start, namespace=install.namespace)
    for survey in surveys:
        if survey.stopped is not None:
            raise survey.stopped.error()
    own = [survey for survey in surveys if survey.container == install.container]
    for survey in own:
        _require_known_format(survey, install=install)
        _require_newest_lines(survey, now=now, install=install)
    share = coverage(surveys, workload, start=start, now=now)
    if share < limits["log_coverage"] or now <= start:
        raise too_early(
            surveys, workload, share=share, start=start, now=now, limits=limits, window=window
        )


def _require_known_format(survey: LogSurvey, *, install: Install) -> None:
    """Require that the levels of the collector's lines are read.

    :raises Malformed: too many lines have none, so bad ones may be among them.
    """
    if survey.unread_lines <= max(UNREAD_LINES, UNREAD_SHARE * survey.lines) and (
        survey.previous or survey.unread_lines < survey.lines or not survey.lines
    ):
        return
    pod, container = survey.pod, survey.container
    raise Malformed(
        f"{survey.unread_lines} of {counted(survey.lines, 'line')} of container {container} of pod {pod} have no log level that is read. "
        "Errors among them are not found.",
        source=f"log of {pod}/{container}",
        next_step=shell("kubectl -n {} logs {} -c {} --tail=20", install.namespace, pod, container),
    )


def _require_newest_lines(survey: LogSurvey, *, now: datetime, install: Install) -> None:
    """Require that the collector's log goes on to now.

    :raises Truncated: it is silent for far longer than it ever was before.
    """
    if survey.silent_since is None:
        return
    pod, container = survey.pod, survey.container
    raise Truncated(
        f"The newest log lines of container {container} of pod {pod} are missing: the last is of {utc(survey.silent_since)}, "
        f"{span(now - survey.silent_since)} ago. The longest pause before was {span(survey.longest_quiet_seconds) or '0 s'}.",
        source=f"log of {pod}/{container}",
        next_step=shell(
            "kubectl -n {} logs {} -c {} --tail=5 --timestamps", install.namespace, pod, container
        ),
    )


def basis(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    start: datetime,
    now: datetime,
    install: Install,
) -> str:
    """Return the basis of a judgement on logs: the window, its coverage, and which logs could not be read."""
    share = coverage(surveys, workload, start=start, now=now)
    said = f"pod logs from {utc(start)} to {utc(now)}, {_percent(share)} covered"
    stopped = sorted(
        f"{one.pod}/{one.container} ({one.stopped.reason})"
        for one in surveys
        if one.stopped is not None
    )
    if stopped:
        said += f"; not read to the end: {listed(stopped)}"
    foreign: dict[str, int] = {}
    for one in surveys:
        if one.container != install.container and one.unread_lines:
            foreign[one.container] = foreign.get(one.container, 0) + one.unread_lines
    for container, lines in sorted(foreign.items()):
        said += f"; {counted(lines, 'line')} of container {container} without a level that is read"
    return said


def coverage(
    surveys: Sequence[LogSurvey], workload: Workload, *, start: datetime, now: datetime
) -> float:
    """Return the share of the window that the logs cover, 0–1.

    The logs of the live pods are compared with the window of each desired replica. In a surge the ages of
    the running pods count instead. Of each pod the container with the least coverage counts. The first seconds of a pod need none.
    """
    if now <= start:
        return 0.0
    running = [pod for pod in live(workload) if pod.phase == "Running"]
    lives = sum(
        (now - max(pod.created, start)).total_seconds() for pod in running if pod.created < now
    )
    expected = max(workload.deployment.replicas * (now - start).total_seconds(), lives)
    if not expected:
        return 0.0
    covered = sum(_covered_seconds(surveys, pod, start=start, now=now) for pod in running)
    young = [pod for pod in running if pod.created > start - START_SLACK]
    slack = len(young) * START_SLACK.total_seconds() if covered else 0.0
    if len(running) >= workload.deployment.replicas and expected - covered <= slack:
        return 1.0
    return min(1.0, covered / expected)


def _covered_seconds(
    surveys: Sequence[LogSurvey], pod: Pod, *, start: datetime, now: datetime
) -> float:
    """Return the seconds of the window that the log of each container of the pod covers. Init containers cover nothing."""
    containers = [container.name for container in pod.containers if not container.init]
    spans = [
        _union(
            (max(survey.covered_from, start), min(survey.covered_until, now))
            for survey in surveys
            if (survey.pod, survey.container) == (pod.name, container)
        )
        for container in containers
    ]
    return min(spans, default=0.0)


def _union(intervals: Iterable[tuple[datetime, datetime]]) -> float:
    """Return the seconds within at least one of the intervals; one that ends before it begins holds none."""
    total, reached = 0.0, None
    for begin, end in sorted(intervals):
        begin = begin if reached is None else max(begin, reached)
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return total


def _require_every_log(
    surveys: Sequence[LogSurvey], pods: Sequence[Pod], *, since: datetime, namespace: str
) -> None:
    """Require the log of every container that has started.

    :raises Absent: one was not read, or no container has started.
    """
    read = {(survey.pod, survey.container, survey.previous) for survey in surveys}
    needed = [
        (pod.name, container.name, previous)
        for pod in pods
        for container in pod.containers
        for previous in _lives(container, since=since)
    ]
    for pod, container, previous in sorted(needed):
        if (pod, container, previous) not in read:
            which = " before its last restart" if previous else ""
            flag = Command(" --previous" if previous else "")
            raise Absent(
                f"The log of container {container} of pod {pod}{which} was not read.",
                source=f"GET /api/v1/namespaces/{namespace}/pods/{pod}/log",
                next_step=shell("kubectl -n {} logs {} -c {}{}", namespace, pod, container, flag),
            )
    if not needed:
        raise Absent(
            f"There is no log: none of the {counted(len(pods), 'live pod')} has a container that has started.",
            next_step=shell("kubectl -n {} get pods", namespace),
        )


def _lives(container: ContainerStatus, *, since: datetime) -> list[bool]:
    """Return which logs of a container must have been read: its own (False) and that before its last restart (True).

    None of a run that ended before the window. While a container waits for its next start only the previous one has a log.
    """
    lives, ended = [], container.terminated
    if container.state == "running" or (
        ended is not None and (ended.finished is None or ended.finished >= since)
    ):
        lives.append(False)
    last = container.last_termination
    if last is not None and (last.finished is None or last.finished >= since):
        lives.append(True)
    return lives


def too_early(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    share: float,
    start: datetime,
    now: datetime,
    limits: Limits,
    window: str,
) -> TooEarly:
    """Return the error of a window that is not covered: its share, when there will be enough, and the window that is covered.

    :param window: the name of the limit that is the window.
    """
    deployment, needed = workload.deployment, limits["log_coverage"]
    length = max(now - start, timedelta())
    logs = shell("kubectl -n {} get pods -o wide", deployment.namespace)
    if not length:
        return TooEarly(
            f"Deployment {deployment.name} was made only now: there is no log yet.", next_step=logs
        )
    message = (
        f"Logs reach back {span(length * share) or '0 s'} of {span(length)} ({_percent(share)}, {_percent(needed)} required); "
        "errors so far are within the limit. Older lines were rotated or went with their pods."
    )
    shorter = _narrower(surveys, workload, now=now, needed=needed)
    if shorter is None:
        return TooEarly(f"{message} A replica that writes no log must run first.", next_step=logs)
    until_enough = utc_after(now - shorter + timedelta(seconds=limits[window] * needed))
    narrow = f"--limit={window}={go_duration(shorter.total_seconds())}"
    return TooEarly(
        f"{message} Retry after {until_enough}, or use {narrow}.",
        next_step=narrow,
    )


def _narrower(
    surveys: Sequence[LogSurvey], workload: Workload, *, now: datetime, needed: float
) -> timedelta | None:
    """Return the longest window that the logs cover well enough, in whole minutes or hours; ``None`` where there is none."""
    for begin in sorted({survey.covered_from for survey in surveys}):
        window = now - begin
        unit = timedelta(hours=1) if window >= timedelta(hours=2) else LEAST_WINDOW
        window = window // unit * unit
        if (
            window >= LEAST_WINDOW
            and coverage(surveys, workload, start=now - window, now=now) >= needed
        ):
            return window
    return None


def go_duration(seconds: float) -> str:
    """Return a duration as kubectl's ``--since`` and ``--limit`` take it; Go knows no days."""
    whole = max(1, round(seconds))
    for unit, size in (("h", 3600), ("m", 60)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _percent(share: float) -> str:
    """Return a share in per cent, rounded down, so that too little never reads as enough."""
    return f"{int(share * 100 + 1e-9)} %"
