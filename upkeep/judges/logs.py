"""Whether logs are clean, and whether there is enough of them to say so (guide: "Check recent logs for errors")."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.errors import Absent, TooEarly
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, rfc3339, span
from upkeep.records import Install, LogPattern, LogSurvey, Workload

MOST_FINDINGS = 10


def clean(surveys: Sequence[LogSurvey], workload: Workload, *, now: datetime, limits: Limits, install: Install) -> Judgement:
    """No more bad lines than the limit in what is covered; a pass needs the window covered, too.

    A bad line is a finding whatever the coverage: it was seen.

    :raises TooEarly: no bad line, but too little of the window is covered.
    :raises Absent: no pod, or a started container whose log was not read.
    """
    pods = [pod for pod in workload.pods if pod.deleted is None]
    started = {(pod.name, container.name) for pod in pods for container in pod.containers if container.started and not container.init}
    read = {(survey.pod, survey.container) for survey in surveys if not survey.previous}
    if not started or started - read:
        missing = sorted(f"Pod/{pod} container/{container}" for pod, container in started - read)
        raise Absent(f"no log of {missing[0]} was read" if missing else "no container of the collector has started: there is no log")
    window = timedelta(seconds=limits["log_window"])
    begin = max(now - window, workload.deployment.created)
    bad, most = sum(survey.bad_lines for survey in surveys), limits["log_error_lines"]
    lines = sum(survey.lines for survey in surveys)
    covered = coverage(surveys, begin=begin, now=now, pods=max(len(pods), workload.deployment.replicas))
    basis = f"logs of {len(read)} containers since {rfc3339(begin)}, {covered:.0%} of the window covered"
    observed = f"{bad} bad lines of {lines}"
    if bad > most:
        return Judgement(tuple(_findings(surveys, bad, most, install)), observed, most, "lines", basis)
    if covered < limits["log_coverage"]:
        there = span((now - begin).total_seconds() * covered)
        raise TooEarly(
            f"the logs are clean, but they cover only {covered:.0%} of the window ({there} of {span(now - begin)}): "
            "what is older was rotated away or went with its pod",
            next_step=f"--limit=log_window={_shorter(surveys, now)}, or keep logs longer (kubelet containerLogMaxSize)",
        )
    return Judgement((), observed, most, "lines", basis)


def coverage(surveys: Sequence[LogSurvey], *, begin: datetime, now: datetime, pods: int) -> float:
    """The share of the window that the logs cover, 0–1, averaged over the pods that there are or should be."""
    seconds = (now - begin).total_seconds()
    if seconds <= 0:
        return 1.0
    total = 0.0
    for pod in {survey.pod for survey in surveys}:
        containers = {survey.container for survey in surveys if survey.pod == pod}
        # The container that is covered least decides for its pod.
        total += min(
            _length([(max(s.covered_from, begin), min(s.covered_until, now)) for s in surveys if (s.pod, s.container) == (pod, container)])
            for container in containers
        )
    return min(1.0, total / (seconds * max(pods, 1)))


def _length(intervals: Sequence[tuple[datetime, datetime]]) -> float:
    """The seconds that the intervals cover together."""
    total, reached = 0.0, None
    for start, end in sorted(intervals):
        start = max(start, reached) if reached else start
        if end > start:
            total += (end - start).total_seconds()
            reached = end
    return total


def _shorter(surveys: Sequence[LogSurvey], now: datetime) -> str:
    latest = max(survey.covered_from for survey in surveys if not survey.previous)
    minutes = max(1, int((now - latest).total_seconds() // 60))
    return f"{minutes // 60}h" if minutes >= 60 else f"{minutes}m"


def _findings(surveys: Sequence[LogSurvey], bad: int, most: float, install: Install) -> list[Finding]:
    entries = [(survey, pattern) for survey in surveys for pattern in survey.patterns]
    entries.sort(key=lambda entry: (-entry[1].count, entry[0].pod, entry[1].pattern))
    findings = [_finding(survey, pattern, most, install) for survey, pattern in entries[:MOST_FINDINGS]]
    left = bad - sum(pattern.count for _, pattern in entries[:MOST_FINDINGS])
    if left:
        message = f"{left} more bad lines of other patterns"
        findings.append(Finding(f"Deployment/{install.deployment}", "more-error-lines", message, left, most, "lines"))
    return findings


def _finding(survey: LogSurvey, pattern: LogPattern, most: float, install: Install) -> Finding:
    times = f"{pattern.count} × {pattern.level}" + (" (before the last restart)" if survey.previous else "")
    when = f"first {rfc3339(pattern.first)}, last {rfc3339(pattern.last)}"
    message = f"{times}: {pattern.example} ({when})"
    command = f"kubectl logs -n {install.namespace} {survey.pod} -c {survey.container} --since=24h" + (
        " --previous" if survey.previous else ""
    )
    return Finding(f"Pod/{survey.pod} container/{survey.container}", "error-lines", message, pattern.count, most, "lines", command)
