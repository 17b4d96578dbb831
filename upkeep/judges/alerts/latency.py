"""How long do alerts and messages take: now, against a limit, and against their own past?

Classic histograms are counters: what holds for those (``counters``) holds for each bucket. A quantile above its limit is the same as a share
of slow events above 5 %, and shares are judged as all others (``ratios``): certain, possible, or not at all.
Source: the guide's "Check for slow processing", "Processing latency trends", "Analyze destination performance"; collector.md, "Metrics".
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.domain.counters import Counts, plus, read
from upkeep.domain.metric_names import PROCESSED, PROCESSED_OUTCOME, PROCESSING, WEBHOOK_PATH
from upkeep.errors import Absent
from upkeep.judges.counting.counters import (
    OPEN,
    ProcessWindow,
    in_all,
    log_command,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.counting.counters import basis as counters_basis
from upkeep.judges.counting.quantiles import Histogram, histogram, seconds
from upkeep.judges.counting.ratios import Share, within
from upkeep.judges.logs.recent import go_duration
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, rfc3339
from upkeep.records.counters import CounterHistory
from upkeep.records.logs import LogSurvey
from upkeep.records.workload import Install

WINDOW = "timing_window"
QUANTILE = 0.95
NOTHING_SLOW = "nothing slower since then, so nothing in"


@says_why_history_is_short
def processing_fast(
    history: CounterHistory,
    surveys: Sequence[LogSurvey],
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """processing-fast: the p95 of processing time is within ``limits["processing_latency"]``, and few lines of the logs tell of slower work.

    The histogram holds successes and silent drops only; a request that failed slowly is in the access lines alone. The logs add what
    they hold; how much they cover is not what a pass rests on, for the histogram covers the window by itself.

    :raises TooEarly: some events were slow, perhaps before the window, and it decides. :raises Absent: there is no histogram of what was processed.
    """
    parts = windows(history, now=now, window_seconds=limits[WINDOW])
    least, most = in_all(parts)
    require_histogram(history)
    every = histogram(most, PROCESSING)
    limit = limits["processing_latency"]
    found = []
    share = _share(least, most, limit=limit)
    # Of what lies beyond the last bound it is not told how far.
    told = limit <= every.highest or not every.beyond(limit)
    if told and share.certainly_too_high(exceeds, small_sample=limits["small_sample"]):
        found.append(
            _slow_processing(
                parts, histogram(least, PROCESSING), every, limits=limits, install=install
            )
        )
    slow, timed = (
        sum(survey.slow_lines for survey in surveys),
        sum(survey.timed_lines for survey in surveys),
    )
    if slow > limits["slow_lines"]:
        found.append(_slow_lines(surveys, slow=slow, timed=timed, limits=limits, install=install))
    if not found and share.possibly_too_high(exceeds, small_sample=limits["small_sample"]):
        if not told:
            raise Absent(
                f"{counted(every.beyond(limit), 'alert')} took longer than {every.highest:g} s, where the buckets end: whether longer than "
                f"{limits.text('processing_latency')} cannot be told",
                source="/metrics",
                next_step=f"--limit=processing_latency={every.highest:g}s",
            )
        raise too_early(
            parts,
            what=f"{counted(every.beyond(limit), 'alert')} took longer than {limits.text('processing_latency')}",
            limits=limits,
            window=WINDOW,
        )
    why = counters_basis(parts, history, now=now, limits=limits, proof=NOTHING_SLOW, window=WINDOW)
    observed = f"{_said(every)}; {slow} of {counted(timed, 'line')} that tell a time are slower"
    return Judgement(tuple(found), observed, limit, "s at p95", why)


def _said(found: Histogram) -> str:
    if not found.events:
        return "no traffic"
    return f"p95 {seconds(found.quantile(QUANTILE), highest=found.highest)} of {counted(found.events, 'event')}"


def _share(least: Counts, most: Counts, *, limit: float) -> Share:
    """How many alerts were slow, of all of them: at least and at most."""
    low, high = histogram(least, PROCESSING), histogram(most, PROCESSING)
    return within(low.beyond(limit), high.beyond(limit), all_least=low.events, all_most=high.events)


def require_histogram(history: CounterHistory) -> None:
    """Processed alerts are in the histogram, too.

    :raises Absent: they are not.
    """
    latest = plus(read(snapshot) for snapshot in history.latest)
    processed = latest.total(PROCESSED, PROCESSED_OUTCOME)
    if processed and not histogram(latest, PROCESSING).events:
        name = PROCESSING.names[0].removesuffix("_bucket")
        raise Absent(
            f"{counted(processed, 'alert')} were processed, and {name} has no bucket of them",
            source="/metrics",
        )


def exceeds(bad: int, every: int) -> bool:
    """Whether so many slow events of all put p95 beyond the limit."""
    return bad > (1 - QUANTILE) * every


def _slow_processing(
    parts: Sequence[ProcessWindow],
    least: Histogram,
    most: Histogram,
    *,
    limits: Limits,
    install: Install,
) -> Finding:
    limit = limits["processing_latency"]
    p95 = most.quantile(QUANTILE)
    number = "At least " if any(one.start == OPEN for one in parts) else ""
    message = (
        f"{number}{least.beyond(limit)} of {counted(most.events, 'alert')} took longer than {limits.text('processing_latency')}: "
        f"p95 is {seconds(p95, highest=most.highest)}."
    )
    worst = max(parts, key=lambda one: histogram(one.least, PROCESSING).beyond(limit))
    message += f" Most of them in pod {worst.pod}."
    fix = log_command(worst, parts, install=install, pattern=f'"path":"{WEBHOOK_PATH}"')
    return Finding(
        f"Deployment/{install.deployment}",
        "processing-slow",
        message,
        round(p95, 3),
        limit,
        "s at p95",
        fix,
    )


def _slow_lines(
    surveys: Sequence[LogSurvey], *, slow: int, timed: int, limits: Limits, install: Install
) -> Finding:
    survey = max(surveys, key=lambda one: (one.slow_lines, one.pod))
    worst = survey.slowest[0]
    message = (
        f"{slow} of {counted(timed, 'log line')} that tell a time tell of more than {limits.text('processing_latency')}; the slowest of "
        f"pod {survey.pod} took {worst.seconds:.3g} s at {rfc3339(worst.at)}."
    )
    previous = " --previous" if survey.previous else ""
    since = go_duration(limits["log_history_window"])
    fix = f"kubectl -n {install.namespace} logs {survey.pod} -c {survey.container} --since={since}{previous} | grep -E '\"latency\":[0-9]{{10,}}'"
    return Finding(
        f"Pod/{survey.pod}", "slow-lines", message, slow, int(limits["slow_lines"]), "lines", fix
    )
