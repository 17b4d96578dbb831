"""Judge the error rate: alert groups that ended in an error, and requests that were refused.

One POST of Alertmanager is one group of alerts, and the collector counts groups (seen on cano-collector 0.0.24).
"""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from upkeep.domain.counters import Counts
from upkeep.domain.metric_names import (
    ERRORS,
    RECEIVED,
    REQUESTS,
    WEBHOOK_PATH,
)
from upkeep.errors import Malformed, missing_of
from upkeep.judges.counting.counters import (
    ProcessWindow,
    basis,
    in_all,
    log_command,
    no_label,
    require_whole,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.counting.ratios import within
from upkeep.judges.wording import counted, percent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install
from upkeep.shell import Command

NOTHING_BAD = "none since then, so none in"
GROUPS = "alert groups"
# Reason phrases of Go that Python words differently, and Python's newer ones.
PHRASES = {phrase.casefold(): code for phrase, code in (
    ("Request URI Too Long", 414), ("Content Too Large", 413), ("URI Too Long", 414), ("Range Not Satisfiable", 416),
    ("Unprocessable Content", 422), ("Request Entity Too Large", 413), ("Requested Range Not Satisfiable", 416),
    ("Unprocessable Entity", 422), *((status.phrase, status.value) for status in HTTPStatus),
)}  # fmt: skip


@says_why_history_is_short
def error_rate_low(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """Judge error-rate-low: errors ÷ received is at most ``limits["alert_error_ratio"]`` in the window, and so is refused ÷ posted at the webhook.

    Below ``limits["small_sample"]`` events a ratio beyond the limit fails from the second bad event on.

    :raises TooEarly: there were bad events, perhaps before the window, and they decide.
    :raises Malformed: requests have no path or no HTTP status, or Prometheus gave a partial answer and no rate is known to be too high.
    """
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    (least, most), window = in_all(parts), limits.text("alert_window")
    ratio, small = limits["alert_error_ratio"], limits["small_sample"]
    refused_least, posted_least = _posts(least)
    refused_most, posted_most = _posts(most)
    errors = least.total(ERRORS), most.total(ERRORS)
    received = least.total(RECEIVED), most.total(RECEIVED)

    def exceeds(bad: int, every: int) -> bool:
        return bad > every or bad / every > ratio

    found: list[Finding] = []
    if errors[0] > received[1]:
        found.append(_contradiction(errors[0], received[1], install=install))
    uncertain: list[str] = []
    for name, bad, every, code in (
        ("alert groups ended in an error", errors, received, "error-rate-high"),
        (
            "requests were refused",
            (refused_least, refused_most),
            (posted_least, posted_most),
            "requests-refused",
        ),
    ):
        share = within(*bad, all_least=every[0], all_most=every[1])
        if found and code == "error-rate-high":
            continue
        if share.certainly_too_high(exceeds, small_sample=small):
            found.append(
                _rate(code, parts, bad=bad[0], every=every[1], limits=limits, install=install)
            )
        elif share.possibly_too_high(exceeds, small_sample=small):
            uncertain.append(f"{bad[1]} of {every[1]} {name}")
    unmeasured = missing_of(require_whole, history)
    if uncertain:
        unmeasured = too_early(parts, what=" and ".join(uncertain), limits=limits)
    observed = "no traffic"
    if received[1] or errors[1] or posted_most:
        observed = f"{errors[1]} of {counted(received[1], 'alert group')} ended in an error"
        observed += (
            f"; {refused_most} of {counted(posted_most, 'request')} at {WEBHOOK_PATH} refused"
        )
        if 0 < received[1] < small or 0 < posted_most < small:
            observed += f" (fewer than {small:g} events: one bad event is allowed)"
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    limit = round(ratio * 100, 6)
    return Judgement(tuple(found), observed, limit, f"% in {window}", why, unmeasured=unmeasured)


def _posts(counts: Counts) -> tuple[int, int]:
    """Return the POST requests at the webhook: refused with 4xx or 5xx, and all."""
    refused = posted = 0
    for (method, path, status), count in _requests(counts).items():
        if not path:
            raise no_label(REQUESTS.names[0], "path", "the number of refused requests")
        if path.rstrip("/") == WEBHOOK_PATH and method.upper() in ("POST", ""):
            posted += count
            refused += count if _code(status) >= 400 else 0
    return refused, posted


def _requests(counts: Counts) -> dict[tuple[str, str, str], int]:
    return {
        (key[1], key[2], key[3]): value
        for key, value in counts.values.items()
        if key[0] == REQUESTS.meaning and value
    }


def _code(status: str) -> int:
    """Return the number of an HTTP status, given as number or as reason phrase (cano-collector 0.0.24 writes ``status="OK"``).

    :raises Malformed: it is neither.
    """
    code = (
        int(status)
        if status.isdecimal() and len(status) == 3
        else PHRASES.get(status.casefold(), 0)
    )
    if not 100 <= code <= 599:
        raise Malformed(
            f"{REQUESTS.names[1]} has status {status[:40]!r}, which is no HTTP status. The request may have been refused.",
            source="/metrics",
        )
    return code


def _contradiction(errors: int, received: int, *, install: Install) -> Finding:
    message = (
        f"{counted(errors, 'alert group')} ended in an error, but only {received} were received. The counters contradict each other. "
        "See alerts-accounted-for."
    )
    fix = Command("upkeep run -m \"control(id='alerts-accounted-for')\"")
    return Finding(
        f"Deployment/{install.deployment}",
        "errors-exceed-received",
        message,
        errors,
        received,
        GROUPS,
        fix,
    )


def _rate(
    code: str,
    parts: Sequence[ProcessWindow],
    *,
    bad: int,
    every: int,
    limits: Limits,
    install: Install,
) -> Finding:
    """Return the finding of a rate that is too high; its command reads the log of the pod with most bad events."""
    window, limit = limits.text("alert_window"), limits["alert_error_ratio"]
    ratio, allowed = bad / every, limits.text("alert_error_ratio")
    least, _ = in_all(parts)
    if code == "error-rate-high":
        worst = max(parts, key=lambda one: one.least.total(ERRORS))
        kinds = [f"{name or 'unnamed'} {count}" for name, count in least.by_label(ERRORS).items()]
        message = f"{bad} of {every} alert groups ended in an error ({percent(ratio, limit=limit)}, limit {allowed}): {listed(kinds)}."
        pattern = '"level":"error"'
    else:
        worst = max(parts, key=lambda one: _posts(one.least)[0])
        kinds = [f"{status} {count}" for (method, path, status), count in sorted(_requests(least).items())
                 if path.rstrip("/") == WEBHOOK_PATH and method.upper() in ("POST", "") and _code(status) >= 400]  # fmt: skip
        message = f"{bad} of {every} requests at {WEBHOOK_PATH} were refused ({percent(ratio, limit=limit)}, limit {allowed}): {listed(kinds)}."
        pattern = f'"path":"{WEBHOOK_PATH}"'
    if every < limits["small_sample"]:
        message += f" Fewer than {limits['small_sample']:g} events: two bad ones are the limit."
    message += f" Most of them in pod {worst.pod}."
    fix = log_command(worst, parts, install=install, pattern=pattern)
    return Finding(
        f"Deployment/{install.deployment}",
        code,
        message,
        round(ratio * 100, 4),
        round(limit * 100, 6),
        f"% in {window}",
        fix,
    )
