"""What do a week's logs say: which errors come again and again, and to whom could nothing be sent?

Source: the guide's "Log Analysis" ("Check for repeated errors", "Check for destination failures"); controls.md, "Logs". The guide's own
commands read the last ten lines of each pod, and count lines that differ in their timestamp as different ones.
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.judges.logs.recent import coverage, covers, go_duration, look, too_early
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, rfc3339
from upkeep.records.logs import LogPattern, LogSurvey, SendFailures
from upkeep.records.workload import Install, Workload

WINDOW = "log_history_window"
MOST_FINDINGS = 10
MOST_SAID = 3


def repeated(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """repeated-errors: no pattern of bad lines is there more than ``limits["repeated_error_lines"]`` times in the window, in all logs together.

    Bad lines that are not kept apart, because there were too many patterns, are held against the limit as if they were one.

    :raises Absent: no container has started, or the log of one that has was not read. :raises Malformed: a log was read twice.
    :raises TooEarly: too little of the window is covered, and nothing is known to be wrong.
    """
    start = look(surveys, workload, now=now, window_seconds=limits[WINDOW], install=install)
    limit = int(limits["repeated_error_lines"])
    where: dict[str, list[tuple[LogSurvey, LogPattern]]] = {}
    for survey in surveys:
        for pattern in survey.patterns:
            where.setdefault(pattern.pattern, []).append((survey, pattern))
    totals = sorted(
        ((_total(entries), text) for text, entries in where.items()),
        key=lambda entry: (-entry[0], entry[1]),
    )
    beyond = [(total, text) for total, text in totals if total > limit]
    found = [
        _repeated(where[text], total=total, limit=limit, limits=limits, install=install)
        for total, text in beyond[:MOST_FINDINGS]
    ]
    left = sum(survey.bad_lines for survey in surveys) - sum(total for total, _ in totals)
    rest = sum(total for total, _ in beyond[MOST_FINDINGS:]) + (left if left > limit else 0)
    if rest:
        message = f"{counted(rest, 'more bad line')} of further patterns, or of too many to be kept apart, are not listed."
        found.append(
            Finding(
                f"Deployment/{install.deployment}",
                "more-repeated-errors",
                message,
                rest,
                limit,
                "lines",
            )
        )
    told = "; ".join(f"{total} × {text}" for total, text in totals[:MOST_SAID])
    observed = f"{counted(len(totals), 'error pattern')} in {counted(sum(survey.lines for survey in surveys), 'line')}"
    if told:
        observed += f": {told}"
    return _judged(
        found,
        observed,
        limit,
        "lines of one pattern",
        surveys,
        workload,
        start=start,
        now=now,
        limits=limits,
    )


def all_sent(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """no-send-failures: at most ``limits["send_failure_lines"]`` lines of the window say that a message could not be sent, for each destination.

    Lines of level warn and above whose message is one of the collector's own for it. One failure may be told by several lines.

    :raises Absent: no container has started, or the log of one that has was not read. :raises Malformed: a log was read twice.
    :raises TooEarly: too little of the window is covered, and nothing is known to be wrong.
    """
    start = look(surveys, workload, now=now, window_seconds=limits[WINDOW], install=install)
    limit = int(limits["send_failure_lines"])
    where: dict[str, list[tuple[LogSurvey, SendFailures]]] = {}
    for survey in surveys:
        for failures in survey.send_failures:
            where.setdefault(failures.destination, []).append((survey, failures))
    totals = sorted(
        ((_total(entries), name) for name, entries in where.items()),
        key=lambda entry: (-entry[0], entry[1]),
    )
    found = [
        _unsent(where[name], name, total=total, limit=limit, limits=limits, install=install)
        for total, name in totals
        if total > limit
    ]
    told = ", ".join(f"{name or '(no destination named)'} {total}" for total, name in totals)
    observed = f"{counted(sum(total for total, _ in totals), 'line')} of failed sending" + (
        f": {told}" if told else ""
    )
    return _judged(
        found,
        observed,
        limit,
        "lines for each destination",
        surveys,
        workload,
        start=start,
        now=now,
        limits=limits,
    )


def _judged(
    found: Sequence[Finding],
    observed: str,
    limit: int,
    unit: str,
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    start: datetime,
    now: datetime,
    limits: Limits,
) -> Judgement:
    """A finding whatever the coverage: it was seen. A pass needs the window covered."""
    share = coverage(surveys, workload, start=start, now=now)
    if not found and (share < limits["log_coverage"] or now <= start):
        raise too_early(
            surveys, workload, share=share, start=start, now=now, limits=limits, window=WINDOW
        )
    return Judgement(tuple(found), observed, limit, unit, covers(share, start=start, now=now))


def _total(
    entries: Sequence[tuple[LogSurvey, LogPattern]] | Sequence[tuple[LogSurvey, SendFailures]],
) -> int:
    return sum(entry.count for _, entry in entries)


def _times(entries: Sequence[LogPattern] | Sequence[SendFailures]) -> str:
    first, last = min(entry.first for entry in entries), max(entry.last for entry in entries)
    return f"at {rfc3339(first)}" if first == last else f"from {rfc3339(first)} to {rfc3339(last)}"


def _worst(surveys: Sequence[LogSurvey]) -> str:
    """``Pod/x container/y`` of the log that comes first."""
    return f"Pod/{surveys[0].pod} container/{surveys[0].container}"


def _logs(survey: LogSurvey, *, limits: Limits, install: Install) -> str:
    """The command that shows the log; Go knows no days."""
    previous = " --previous" if survey.previous else ""
    return f"kubectl -n {install.namespace} logs {survey.pod} -c {survey.container} --since={go_duration(limits[WINDOW])}{previous}"


def _repeated(
    entries: Sequence[tuple[LogSurvey, LogPattern]],
    *,
    total: int,
    limit: int,
    limits: Limits,
    install: Install,
) -> Finding:
    entries = sorted(
        entries,
        key=lambda entry: (-entry[1].count, entry[0].pod, entry[0].container, entry[0].previous),
    )
    survey, pattern = entries[0]
    logs = counted(len(entries), "log")
    message = f"{counted(total, f'{pattern.level} line')} of one pattern {_times([entry for _, entry in entries])} in {logs}: {pattern.example}"
    return Finding(
        _worst([survey]),
        "error-repeated",
        message,
        total,
        limit,
        "lines of one pattern",
        _logs(survey, limits=limits, install=install),
    )


def _unsent(
    entries: Sequence[tuple[LogSurvey, SendFailures]],
    name: str,
    *,
    total: int,
    limit: int,
    limits: Limits,
    install: Install,
) -> Finding:
    entries = sorted(
        entries,
        key=lambda entry: (-entry[1].count, entry[0].pod, entry[0].container, entry[0].previous),
    )
    survey, failures = entries[0]
    whom = f"destination {name}" if name else "a destination that they do not name"
    message = (
        f"{counted(total, 'line')} {_times([entry for _, entry in entries])} {'says' if total == 1 else 'say'} that a message to {whom} "
        f"could not be sent: {failures.example}"
    )
    where = f"Destination/{name}" if name else _worst([survey])
    command = (
        _logs(survey, limits=limits, install=install)
        + " | grep -iE 'failed to (send|get destination|dispatch)'"
    )
    return Finding(where, "send-failed", message, total, limit, "lines", command)
