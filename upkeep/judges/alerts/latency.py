"""Judge the processing time of alerts against its limit.

Classic histograms are counters, so each bucket is counted as they are. A p95 above its limit is a share of slow events above 5 %, and such
shares are certain, possible, or impossible (``ratios``).
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.domain.counters import Counts, plus, read
from upkeep.domain.metric_names import PROCESSED, PROCESSED_OUTCOME, PROCESSING, WEBHOOK_PATH
from upkeep.errors import Absent, missing_of
from upkeep.judges.counting.counters import (
    OPEN,
    ProcessWindow,
    in_all,
    log_command,
    require_whole,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.counting.counters import basis as counters_basis
from upkeep.judges.counting.quantiles import Histogram, histogram, seconds
from upkeep.judges.counting.ratios import Share, within
from upkeep.judges.logs.coverage import go_duration
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, utc
from upkeep.records.counters import CounterHistory
from upkeep.records.logs import LogSurvey
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

WINDOW = "timing_window"
QUANTILE = 0.95
NOTHING_SLOW = "no slow alert since then, so none in"


@says_why_history_is_short
def processing_fast(
    history: CounterHistory,
    surveys: Sequence[LogSurvey],
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge processing-fast: the p95 of processing time is within ``limits["processing_latency"]``, and few log lines are of slower work.

    The histogram holds only successes and silent drops; a request that failed slowly is only in the access lines. A pass rests on the histogram,
    which covers the window by itself.

    :raises TooEarly: some alerts were slow, perhaps before the window, and they decide. :raises Absent: there is no histogram.
    :raises Malformed: no alert was slow, but Prometheus gave a partial answer.
    """
    parts = windows(history, now=now, window_seconds=limits[WINDOW])
    least, most = in_all(parts)
    require_histogram(history)
    every = histogram(most, PROCESSING)
    limit = limits["processing_latency"]
    found = []
    share = _share(least, most, limit=limit)
    # Beyond the last bound the histogram does not show how slow.
    told = limit <= every.highest or not every.beyond(limit)
    certain = told and share.certainly_too_high(exceeds, small_sample=limits["small_sample"])
    if certain:
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
    stopped = next((one.stopped for one in surveys if one.stopped is not None), None)
    unmeasured = missing_of(require_whole, history) or (stopped.error() if stopped else None)
    if not certain and share.possibly_too_high(exceeds, small_sample=limits["small_sample"]):
        what = f"{counted(every.beyond(limit), 'alert')} took longer than "
        if told:
            what += limits.text("processing_latency")
            unmeasured = too_early(parts, what=what, limits=limits, window=WINDOW)
        else:
            unmeasured = Absent(
                f"{what}{every.highest:g} s, the last bucket. "
                f"They may have taken longer than {limits.text('processing_latency')}.",
                source="/metrics",
                next_step=shell("--limit=processing_latency={}s", f"{every.highest:g}"),
            )
    why = counters_basis(parts, history, now=now, limits=limits, proof=NOTHING_SLOW, window=WINDOW)
    observed = f"{_said(every)}; {slow} of {counted(timed, 'log line')} with a time are slower"
    return Judgement(tuple(found), observed, limit, "s at p95", why, unmeasured=unmeasured)


def _said(found: Histogram) -> str:
    if not found.events:
        return "no traffic"
    return f"p95 {seconds(found.quantile(QUANTILE), highest=found.highest)} of {counted(found.events, 'event')}"


def _share(least: Counts, most: Counts, *, limit: float) -> Share:
    """Return the share of slow alerts: at least and at most."""
    low, high = histogram(least, PROCESSING), histogram(most, PROCESSING)
    return within(low.beyond(limit), high.beyond(limit), all_least=low.events, all_most=high.events)


def require_histogram(history: CounterHistory) -> None:
    """Require that processed alerts are in the histogram, too.

    :raises Absent: they are not.
    """
    latest = plus(read(snapshot) for snapshot in history.latest)
    processed = latest.total(PROCESSED, PROCESSED_OUTCOME)
    if processed and not histogram(latest, PROCESSING).events:
        name = PROCESSING.names[0].removesuffix("_bucket")
        raise Absent(
            f"{counted(processed, 'alert')} {'was' if processed == 1 else 'were'} processed, but {name} has no buckets.",
            source="/metrics",
        )


def exceeds(bad: int, every: int) -> bool:
    """Return whether so many slow events of all put p95 beyond the limit."""
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
        f"{slow} of {counted(timed, 'log line')} with a time took longer than {limits.text('processing_latency')}. "
        f"The slowest, in pod {survey.pod}, took {worst.seconds:.3g} s at {utc(worst.at)}."
    )
    previous = Command(" --previous" if survey.previous else "")
    since = go_duration(limits["log_history_window"])
    fix = shell(
        "kubectl -n {} logs {} -c {} --since={}{} | grep -E '\"latency\":[0-9]{{10,}}'",
        install.namespace,
        survey.pod,
        survey.container,
        since,
        previous,
    )
    return Finding(
        f"Pod/{survey.pod}", "slow-lines", message, slow, int(limits["slow_lines"]), "lines", fix
    )
