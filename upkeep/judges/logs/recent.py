"""Are the collector's logs clean, and is there enough of them to say so?

Source: the guide's "Check recent logs for errors"; controls.md, "Logs": bad lines in what is covered fail, a pass needs the window covered.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, Malformed, TooEarly
from upkeep.judges.wording import counted
from upkeep.judges.workload.pods import live
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, rfc3339, span
from upkeep.records.logs import LogPattern, LogSurvey
from upkeep.records.workload import ContainerStatus, Install, Pod, Workload

MOST_FINDINGS = 10
LEAST_WINDOW = timedelta(minutes=1)


def clean(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """recent-logs-clean: at most ``limits["log_error_lines"]`` bad lines in what is covered, and the window is covered.

    The window begins ``limits["log_window"]`` ago, or when the Deployment was made. A bad line is a finding whatever the coverage:
    it was seen. It may be older than the window where a log has few lines.

    :raises Absent: no container has started, or the log of one that has was not read.
    :raises Malformed: a log was read twice.
    :raises TooEarly: too little of the window is covered, and nothing is known to be wrong.
    """
    start = look(surveys, workload, now=now, window_seconds=limits["log_window"], install=install)

    limit, bad = int(limits["log_error_lines"]), sum(survey.bad_lines for survey in surveys)
    share = coverage(surveys, workload, start=start, now=now)
    logs, lines = counted(len(surveys), "log"), sum(survey.lines for survey in surveys)
    cut = sum(survey.cut_lines for survey in surveys)
    observed = f"{counted(bad, 'bad line')} among {lines} of {logs}"
    if cut:
        observed += f", {counted(cut, 'line')} too long to be read to the end"
    basis = covers(share, start=start, now=now)
    if bad > limit:
        findings = _findings(
            surveys, bad=bad, limit=limit, since=start, limits=limits, install=install
        )
        return Judgement(findings, observed, limit, "bad lines", basis)
    if share < limits["log_coverage"] or now <= start:
        raise too_early(
            surveys, workload, share=share, start=start, now=now, limits=limits, window="log_window"
        )
    return Judgement((), observed, limit, "bad lines", basis)


def look(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    window_seconds: float,
    install: Install,
) -> datetime:
    """The begin of the window, or of the Deployment's life, once every log that there must be was read.

    :raises Absent: no container has started, or the log of one that has was not read. :raises Malformed: a log was read twice.
    """
    start = max(now - timedelta(seconds=window_seconds), workload.deployment.created)
    _look_is_whole(surveys, live(workload), since=start, namespace=install.namespace)
    return start


def covers(share: float, *, start: datetime, now: datetime) -> str:
    """The basis of a judgement on logs: the window, and how much of it they cover."""
    return f"pod logs from {rfc3339(start)} to {rfc3339(now)}, {_percent(share)} covered"


def coverage(
    surveys: Sequence[LogSurvey], workload: Workload, *, start: datetime, now: datetime
) -> float:
    """The share of the window that the logs cover, 0–1.

    Covered is what the live pods' logs hold, of the container that is covered least in each pod. It is compared with what there was to
    cover: all of the window for each desired replica, or the lives of the running pods where these are more (a surge in a rollout).
    """
    if now <= start:
        return 0.0
    running = [pod for pod in live(workload) if pod.phase == "Running"]
    lives = sum(
        (now - max(pod.created, start)).total_seconds() for pod in running if pod.created < now
    )
    expected = max(workload.deployment.replicas * (now - start).total_seconds(), lives)
    return (
        min(
            1.0,
            sum(_covered_seconds(surveys, pod, start=start, now=now) for pod in running) / expected,
        )
        if expected
        else 0.0
    )


def _covered_seconds(
    surveys: Sequence[LogSurvey], pod: Pod, *, start: datetime, now: datetime
) -> float:
    """How much of the window each container of the pod has its log for. Init containers end before; they cover nothing."""
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
    """The seconds that lie in at least one of the intervals; one that ends before it begins holds none."""
    total, reached = 0.0, None
    for begin, end in sorted(intervals):
        begin = begin if reached is None else max(begin, reached)
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return total


def _look_is_whole(
    surveys: Sequence[LogSurvey], pods: Sequence[Pod], *, since: datetime, namespace: str
) -> None:
    read = [(survey.pod, survey.container, survey.previous) for survey in surveys]
    needed = [
        (pod.name, container.name, previous)
        for pod in pods
        for container in pod.containers
        for previous in _lives(container, since=since)
    ]
    for pod, container, previous in sorted(needed):
        if (pod, container, previous) not in read:
            which = " before its last restart" if previous else ""
            source = f"GET /api/v1/namespaces/{namespace}/pods/{pod}/log"
            command = f"kubectl -n {namespace} logs {pod} -c {container}" + (
                " --previous" if previous else ""
            )
            raise Absent(
                f"the log of container {container} of pod {pod}{which} was not read",
                source=source,
                next_step=command,
            )
    if not needed:
        message = f"there is no log: none of the {counted(len(pods), 'live pod')} has a container that has started"
        raise Absent(message, next_step=f"kubectl -n {namespace} get pods")
    twice = sorted(key for key in set(read) if read.count(key) > 1)
    if twice:
        raise Malformed(
            f"the log of container {twice[0][1]} of pod {twice[0][0]} was read twice: its lines would count twice"
        )


def _lives(container: ContainerStatus, *, since: datetime) -> list[bool]:
    """Which logs of a container must have been read: its own (False) and that before its last restart (True).

    None of a life that ended before the window. While a container waits for its next start only the previous one has a log.
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


def _findings(
    surveys: Sequence[LogSurvey],
    *,
    bad: int,
    limit: int,
    since: datetime,
    limits: Limits,
    install: Install,
) -> tuple[Finding, ...]:
    """One for each pattern of each log, most frequent first, and one that says what is left out."""
    entries = [(survey, pattern) for survey in surveys for pattern in survey.patterns]
    entries.sort(
        key=lambda entry: (
            -entry[1].count,
            entry[0].pod,
            entry[0].container,
            entry[0].previous,
            entry[1].pattern,
        )
    )
    told = entries[:MOST_FINDINGS]
    found = [
        _finding(survey, pattern, limit=limit, since=since, limits=limits, install=install)
        for survey, pattern in told
    ]
    left = bad - sum(pattern.count for _, pattern in told)
    if left > 0:
        where, more = f"Deployment/{install.deployment}", len(entries) - len(told)
        patterns = (
            f"of {counted(more, 'more pattern')}"
            if more
            else "of patterns that were not kept apart"
        )
        message = f"{counted(left, 'more bad line')} {patterns} {'is' if left == 1 else 'are'} not listed."
        found.append(Finding(where, "more-error-patterns", message, left, limit, "bad lines"))
    return tuple(found)


def _finding(
    survey: LogSurvey,
    pattern: LogPattern,
    *,
    limit: int,
    since: datetime,
    limits: Limits,
    install: Install,
) -> Finding:
    pod, container = survey.pod, survey.container
    which = f"container {container} of pod {pod}" + (
        ", before its last restart," if survey.previous else ""
    )
    times = f"at {rfc3339(pattern.first)}"
    if pattern.count > 1:
        times = f"from {rfc3339(pattern.first)} to {rfc3339(pattern.last)}"
    number = counted(pattern.count, f"{pattern.level} line")
    message = f"{which[0].upper()}{which[1:]} logged {number} {times}: {pattern.example}"
    # Lines from before the window are among the last ones of a log that has few.
    chosen = go_duration(limits["log_window"]) if pattern.last >= since else ""
    flag = f"--since={chosen}" if chosen else f"--tail={int(limits['log_lines'])}"
    command = f"kubectl -n {install.namespace} logs {pod} -c {container} {flag}" + (
        " --previous" if survey.previous else ""
    )
    where, code = f"Pod/{pod} container/{container}", f"{pattern.level}-logged"
    return Finding(where, code, message, pattern.count, limit, "bad lines", command)


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
    """Too little of the window is covered: how much is, when there will be enough, and the window that is.

    :param window: the name of the limit that is the window.
    """
    deployment, needed = workload.deployment, limits["log_coverage"]
    length = max(now - start, timedelta())
    logs = f"kubectl -n {deployment.namespace} get pods -o wide"
    if not length:
        return TooEarly(
            f"Deployment {deployment.name} was made only now: there is no log to judge yet",
            next_step=logs,
        )
    message = (
        f"no more bad lines than allowed are known, but the logs that there are cover {span(length * share) or '0 s'} of {span(length)} "
        f"({_percent(share)}, at least {_percent(needed)} is needed); older ones were rotated away or went with their pods"
    )
    shorter = _narrower(surveys, workload, now=now, needed=needed)
    if shorter is None:
        return TooEarly(
            f"{message}; a replica that writes no log now must be brought back first",
            next_step=logs,
        )
    until_enough = rfc3339(now - shorter + timedelta(seconds=limits[window] * needed))
    narrow = f"--limit={window}={go_duration(shorter.total_seconds())}"
    return TooEarly(
        f"{message}; enough by {until_enough} if no more is rotated away, or narrow it with {narrow}",
        next_step=narrow,
    )


def _narrower(
    surveys: Sequence[LogSurvey], workload: Workload, *, now: datetime, needed: float
) -> timedelta | None:
    """The longest window that the logs cover well enough, in whole minutes or hours; ``None`` when there is none."""
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
    """A duration as kubectl's ``--since`` and ``--limit`` take it; Go knows no days."""
    whole = max(1, round(seconds))
    for unit, size in (("h", 3600), ("m", 60)):
        if whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def _percent(share: float) -> str:
    """Rounded down, so that too little never reads as enough."""
    return f"{int(share * 100 + 1e-9)} %"
