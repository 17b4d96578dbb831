"""Judge the collector's recent logs: bad lines, and whether the logs cover the window.

A bad line in what is covered fails. A pass needs the window covered.
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.errors import missing_of
from upkeep.judges.logs.coverage import basis, begin_of, go_duration, require_once, require_whole
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, utc
from upkeep.records.logs import LogPattern, LogSurvey
from upkeep.records.workload import Install, Workload
from upkeep.shell import Command, shell

MOST_FINDINGS = 10


def clean(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge recent-logs-clean: at most ``limits["log_error_lines"]`` bad lines, and the window is covered.

    The window begins ``limits["log_window"]`` ago, or when the Deployment was made. A bad line is a finding whatever the coverage.
    It may be older than the window where a log has few lines.

    :raises Malformed: a log was read twice, or the collector's is in a format that is not read.
    :raises Unmeasured: no bad line is known, and a log is missing, not whole, or too short for the window.
    """
    require_once(surveys)
    start = begin_of(workload, now=now, window_seconds=limits["log_window"])
    limit, bad = int(limits["log_error_lines"]), sum(survey.bad_lines for survey in surveys)
    unmeasured = missing_of(
        require_whole,
        surveys,
        workload,
        start=start,
        now=now,
        limits=limits,
        window="log_window",
        install=install,
    )
    logs, lines = counted(len(surveys), "log"), sum(survey.lines for survey in surveys)
    cut = sum(survey.cut_lines for survey in surveys)
    observed = f"{counted(bad, 'bad line')} in {counted(lines, 'line')} of {logs}"
    if cut:
        observed += f", {counted(cut, 'line')} longer than the reader's limit"
    found: tuple[Finding, ...] = ()
    if bad > limit:
        found = _findings(
            surveys, bad=bad, limit=limit, since=start, limits=limits, install=install
        )
    why = basis(surveys, workload, start=start, now=now, install=install)
    return Judgement(found, observed, limit, "bad lines", why, unmeasured=unmeasured)


def _findings(
    surveys: Sequence[LogSurvey],
    *,
    bad: int,
    limit: int,
    since: datetime,
    limits: Limits,
    install: Install,
) -> tuple[Finding, ...]:
    """Return one finding for each pattern of each log, most frequent first, and one for the patterns left out."""
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
        patterns = f"of {counted(more, 'more pattern')}" if more else "of further patterns"
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
    times = f"at {utc(pattern.first)}"
    if pattern.count > 1:
        times = f"from {utc(pattern.first)} to {utc(pattern.last)}"
    number = counted(pattern.count, f"{pattern.level} line")
    message = f"{which[0].upper()}{which[1:]} logged {number} {times}: {pattern.example}"
    # A log with few lines is read beyond the window.
    chosen = go_duration(limits["log_window"]) if pattern.last >= since else ""
    flag = f"--since={chosen}" if chosen else f"--tail={int(limits['log_lines'])}"
    previous = Command(" --previous" if survey.previous else "")
    command = shell(
        "kubectl -n {} logs {} -c {} {}{}", install.namespace, pod, container, flag, previous
    )
    where, code = f"Pod/{pod} container/{container}", f"{pattern.level}-logged"
    return Finding(where, code, message, pattern.count, limit, "bad lines", command)
