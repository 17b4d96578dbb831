"""Lies of the collector itself: its logs, health and metrics, as a proxy or another program gives them."""

import json
import re

from tests.liars.changes import nothing
from tests.liars.playing import Change, Liar, Lie, Told

STAMP = re.compile(rb"^(\S+) ", re.MULTILINE)


def before(instant: bytes) -> Change:
    """Return the change that ends a log at an instant."""

    def change(told: Told) -> bytes:
        lines = told.body.splitlines(keepends=True)
        return b"".join(line for line in lines if line[:20] < instant)

    return change


def after(instant: bytes) -> Change:
    """Return the change that begins a log at an instant."""

    def change(told: Told) -> bytes:
        lines = told.body.splitlines(keepends=True)
        return b"".join(line for line in lines if line[:20] >= instant)

    return change


def clean(told: Told) -> bytes:
    """Leave out every line that says error."""
    lines = told.body.splitlines(keepends=True)
    return b"".join(line for line in lines if b'"error"' not in line)


def half(told: Told) -> bytes:
    """Return the first half of a body, cut at the end of a line."""
    lines = told.body.splitlines(keepends=True)
    return b"".join(lines[: len(lines) // 2])


def relevelled(told: Told) -> bytes:
    """Write the level under another name."""
    return told.body.replace(b'"level":', b'"severity_text":')


def console(told: Told) -> bytes:
    """Write each line as another logger does: no JSON, its level a word in the middle."""
    return re.sub(rb"(?m)^(\S+) .*$", rb"\1 main - request handled in 3 ms", told.body)


def numbered(told: Told) -> bytes:
    """Write the levels as numbers."""
    body = told.body.replace(b'"level":"error"', b'"level":50')
    return body.replace(b'"level":"info"', b'"level":30')


def unstamped(told: Told) -> bytes:
    """Leave out the times."""
    return STAMP.sub(b"", told.body)


def frozen(told: Told) -> bytes:
    """Give every line the time of the first."""
    first = STAMP.search(told.body)
    return STAMP.sub((first[1] if first else b"") + b" ", told.body)


def a_year_before(told: Told) -> bytes:
    """Give every line a time of the year before."""
    return re.sub(rb"(?m)^202[56]", b"2024", told.body)


LOGS = (
    Lie("empty", "no line", nothing),
    Lie("early end", "the log ends three hours ago", before(b"2026-01-02T09:00:00")),
    Lie("early end", "the log ends in its middle, without an error", half),
    Lie("stale", "every line is of the year before", a_year_before),
    Lie("stale", "every line has the time of the first", frozen),
    Lie("foreign", "the log of another program", console),
    Lie("foreign", "levels under another key", relevelled),
    Lie("foreign", "levels as numbers", numbered),
    Lie("partial", "lines without a time", unstamped),
    Lie("partial", "the log begins an hour ago", after(b"2026-01-02T11:55:00")),
)  # fmt: skip


def families(pattern: bytes) -> Change:
    """Return the change that keeps the families of a pattern alone."""

    def change(told: Told) -> bytes:
        lines = told.body.splitlines(keepends=True)
        return b"".join(line for line in lines if re.match(rb"(# \w+ )?(%s)" % pattern, line))

    return change


def started(seconds: float) -> Change:
    """Return the change that sets the start of the process."""
    value = b"process_start_time_seconds %.2f" % seconds

    def change(told: Told) -> bytes:
        return re.sub(rb"(?m)^process_start_time_seconds .*$", value, told.body)

    return change


def zeroed(told: Told) -> bytes:
    """Let every counter of the collector be 0: a process that started a moment ago."""
    return re.sub(rb"(?m)^(cano_\S+) \S+$", rb"\1 0", told.body)


def errorless(told: Told) -> bytes:
    """Leave out the family of errors."""
    lines = told.body.splitlines(keepends=True)
    return b"".join(line for line in lines if b"errors_total" not in line)


def twice(told: Told) -> bytes:
    """Give every sample twice."""
    return told.body + told.body


def timed(told: Told) -> bytes:
    """Give every sample a time of a year before: a push gateway, or a federation."""
    return re.sub(rb"(?m)^([a-z]\S* \S+)$", rb"\1 1735819200000", told.body)


METRICS = (
    Lie("empty", "an empty body", nothing),
    Lie("early end", "the body ends at the end of a line in its middle", half),
    Lie("early end", "the body ends in a sample", lambda told: told.body[: len(told.body) // 3]),
    Lie("foreign", "another program: `process_*` and `go_*` alone", families(b"process_|go_")),
    Lie("foreign", "a page of HTML", lambda told: b"<html><body>Sign in</body></html>"),
    Lie("stale", "a process that started years before its pod", started(1500000000)),
    Lie("stale", "samples with a time of a year before", timed),
    Lie("partial", "no `process_start_time_seconds`", families(b"cano_|http_|go_")),
    Lie("partial", "the family of errors is missing", errorless),
    Lie("foreign", "every sample twice", twice),
    Lie("stale", "counters of 0 in a process of eight days", zeroed),
)  # fmt: skip
# The families that a control without errors reads.
COUNTED = tuple(one for one in METRICS if one.change is not errorless)


def body(value: object) -> Change:
    """Return the change that answers with a JSON document."""
    return lambda told: json.dumps(value).encode()


HEALTH = (
    Lie("empty", "an empty body", nothing),
    Lie("empty", "an empty object", body({})),
    Lie("foreign", "a page of HTML", lambda told: b"<html><body>Sign in</body></html>"),
    Lie("foreign", "`ok` of another program", lambda told: b"ok\n"),
    Lie("foreign", "a Status of the API server", body({"kind": "Status", "status": "Success"})),
    Lie("early end", "the body ends in its middle", lambda told: told.body[: len(told.body) // 2]),
    Lie("partial", "a list in place of an object", body([])),
    Lie("partial", "no status", body({"failures": {}})),
)  # fmt: skip

TELEMETRY = (
    Liar("Logs", "logs", "errors-in-logs", "recent-logs-clean", LOGS),
    Liar("Logs", "logs", "errors-before-window", "no-send-failures", LOGS),
    Liar("Logs", "logs", "errors-repeated", "repeated-errors", LOGS),
    Liar("Metrics", "metrics", "alert-errors", "error-rate-low", METRICS),
    Liar("Metrics", "metrics", "alerts-lost", "alerts-accounted-for", COUNTED),
    Liar("Metrics", "metrics", "destination-failing", "destinations-succeed", METRICS),
    Liar("Metrics", "metrics", "processing-slow", "processing-fast", COUNTED),
    Liar("Health", "health", "health-wrong-body", "health-ok", HEALTH),
)
