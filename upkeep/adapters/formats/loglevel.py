"""Read the level of one log line, in the formats that loggers write.

The collector writes zap's JSON. A wrapper, a fork or another encoder writes ``severity``, numbers, logfmt, zap's console form or klog's. A line
without a known level is counted as such: a log in a foreign format is never taken for a clean one.

Source: https://pkg.go.dev/go.uber.org/zap/zapcore#Level; https://pkg.go.dev/log/slog#Level; https://getpino.io/#/docs/api?id=level;
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity; https://brandur.org/logfmt;
https://github.com/kubernetes/klog
"""

import re
from collections.abc import Mapping
from typing import Any

# The words of loggers, each with the one that is shown.
LEVELS: Mapping[str, str] = {
    "trace": "debug", "verbose": "debug", "fine": "debug", "debug": "debug", "default": "info", "info": "info", "information": "info",
    "notice": "info", "warn": "warn", "warning": "warn", "error": "error", "err": "error", "eror": "error", "severe": "error",
    "critical": "fatal", "crit": "fatal", "alert": "fatal", "emergency": "fatal", "emerg": "fatal", "fatal": "fatal", "fata": "fatal",
    "panic": "panic", "dpanic": "dpanic",
}  # fmt: skip
# Pino and bunyan. The numbers of syslog and of slog mean different things, so they are not read.
NUMBERS: Mapping[int, str] = {
    10: "debug", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal",
}  # fmt: skip
KEYS = (
    "level", "severity", "lvl", "loglevel", "log_level", "log.level", "levelname", "level_name", "severity_text", "severityText", "SeverityText",
    "@level", "@l", "L",
)  # fmt: skip
_KLOG = {"D": "debug", "I": "info", "W": "warn", "E": "error", "F": "fatal"}
_OFFSET = re.compile(r"[+-]\d+$")  # slog: ERROR+2
_WORDS = "|".join(sorted(LEVELS, key=len, reverse=True))
_PLAIN = re.compile(
    rf"""
    (?:\x1b\[[0-9;]*m)*
    (?:
      (?P<klog>[DIWEF])\d{{4}}\ \d\d:\d\d:\d\d\.\d+\s
    | (?:(?:[\w.@-]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)\s+){{0,8}})(?:level|lvl|severity)=["']?(?P<logfmt>{_WORDS})\b
    # A time, perhaps in brackets, or nothing; then the level, perhaps in brackets and coloured.
    | \[?\d[\dT:.,/+\-Z\ ]{{7,38}}\]?[\s|]*(?:\[\d+\][\s]*|\d+\s+)?(?:\x1b\[[0-9;]*m)*[\[(<|]?\s*(?P<timed>{_WORDS})\b(?![.=])
    | [\[(<](?P<bracketed>{_WORDS})[\])>]
    | (?P<leading>{_WORDS.upper()})(?:\[\d+\]|\s*[:|\t]|\s+\[)
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def level_of(entry: Mapping[str, Any]) -> str | None:
    """Return the level of a JSON line, or ``None`` where it has none that is read."""
    for key in KEYS:
        if key in entry:
            return _named(entry[key])
    nested = entry.get("log")  # the Elastic Common Schema
    return _named(nested.get("level")) if isinstance(nested, Mapping) else None


def _named(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return NUMBERS.get(value)
    if not isinstance(value, str):
        return None
    word = _OFFSET.sub("", value.strip().lower())
    return NUMBERS.get(int(word)) if word.isdecimal() and len(word) == 2 else LEVELS.get(word)


def plain_level(line: str) -> tuple[str, str] | None:
    """Return the level of a line that is not JSON with the rest of the line, or ``None`` where no level is read."""
    found = _PLAIN.match(line)
    if found is None:
        return None
    if found["klog"]:
        return _KLOG[found["klog"].upper()], line[found.end() :]
    if found["logfmt"]:
        return LEVELS[found["logfmt"].lower()], line[found.end() :].lstrip("\"' ")
    word = found["timed"] or found["bracketed"] or found["leading"]
    if found["leading"] and not word.isupper():  # a sentence may begin with the word
        return None
    return LEVELS[word.lower()], line[found.end() :].lstrip("\"'])>|: \t")
