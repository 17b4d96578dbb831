"""Judge a week of logs: errors that repeat, and failed sends by destination.

The guide's own commands ("Log Analysis") read the last ten lines of each pod, and count lines with different timestamps as different.
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.errors import missing_of
from upkeep.judges.logs.coverage import basis, begin_of, go_duration, require_once, require_whole
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, utc
from upkeep.records.logs import LogPattern, LogSurvey, SendFailures
from upkeep.records.workload import Install, Workload
from upkeep.shell import Command, shell

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
    """Judge repeated-errors: no pattern of bad lines occurs more than ``limits["repeated_error_lines"]`` times in the window, over all logs.

    Bad lines beyond the table of patterns count as one pattern.

    :raises Unmeasured: as ``recent.clean``.
    """
    require_once(surveys)
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
        message = f"{counted(rest, 'more bad line')} of further patterns {'is' if rest == 1 else 'are'} not listed."
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
        now=now,
        limits=limits,
        install=install,
    )


def all_sent(
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge no-send-failures: at most ``limits["send_failure_lines"]`` lines of failed sends in the window, for each destination.

    Lines of level warn and above with one of the collector's own messages. One failure may write several lines.

    :raises Unmeasured: as ``recent.clean``.
    """
    require_once(surveys)
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
    observed = f"{counted(sum(total for total, _ in totals), 'line')} of failed sends" + (
        f": {told}" if told else ""
    )
    return _judged(
        found,
        observed,
        limit,
        "lines for each destination",
        surveys,
        workload,
        now=now,
        limits=limits,
        install=install,
    )


def _judged(
    found: Sequence[Finding],
    observed: str,
    limit: int,
    unit: str,
    surveys: Sequence[LogSurvey],
    workload: Workload,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Return the judgement. Findings need no coverage; a pass needs the window covered."""
    start = begin_of(workload, now=now, window_seconds=limits[WINDOW])
    unmeasured = missing_of(
        require_whole,
        surveys,
        workload,
        start=start,
        now=now,
        limits=limits,
        window=WINDOW,
        install=install,
    )
    why = basis(surveys, workload, start=start, now=now, install=install)
    return Judgement(tuple(found), observed, limit, unit, why, unmeasured=unmeasured)


def _total(
    entries: Sequence[tuple[LogSurvey, LogPattern]] | Sequence[tuple[LogSurvey, SendFailures]],
) -> int:
    return sum(entry.count for _, entry in entries)


def _times(entries: Sequence[LogPattern] | Sequence[SendFailures]) -> str:
    first, last = min(entry.first for entry in entries), max(entry.last for entry in entries)
    return f"at {utc(first)}" if first == last else f"from {utc(first)} to {utc(last)}"


def _worst(surveys: Sequence[LogSurvey]) -> str:
    """Return ``Pod/x container/y`` of the log that comes first."""
    return f"Pod/{surveys[0].pod} container/{surveys[0].container}"


def _logs(survey: LogSurvey, *, limits: Limits, install: Install) -> Command:
    """Return the command that shows the log; Go knows no days."""
    previous = Command(" --previous" if survey.previous else "")
    return shell(
        "kubectl -n {} logs {} -c {} --since={}{}",
        install.namespace,
        survey.pod,
        survey.container,
        go_duration(limits[WINDOW]),
        previous,
    )


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
    message = f"{counted(total, f'{pattern.level} line')} of one pattern {_times([entry for _, entry in entries])} in {logs} (limit {limit}): {pattern.example}"
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
    whom = f"destination {name}" if name else "an unnamed destination"
    message = (
        f"{counted(total, 'log line')} of failed sends to {whom} {_times([entry for _, entry in entries])}: "
        f"{failures.example}"
    )
    where = f"Destination/{name}" if name else _worst([survey])
    command = shell(
        "{} | grep -iE 'failed to (send|get destination|dispatch)'",
        _logs(survey, limits=limits, install=install),
    )
    return Finding(where, "send-failed", message, total, limit, "lines", command)
