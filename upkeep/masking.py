"""Takes secrets out of free text before anybody sees it: log lines, error messages, bodies."""

import re

MASK = "‹masked›"

# Each pattern is linear: no nested repetition. What follows a secret's name, or what has a secret's shape, goes.
_PATTERNS = (
    # Header values, in plain text and inside a JSON string, to the end of the line.
    (re.compile(r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(\"?\s{0,4}[:=]\s{0,4}\"?)[^\r\n\"\\]{1,4096}"), rf"\1\2{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)(\s{1,4})[A-Za-z0-9._~+/=-]{4,4096}"), rf"\1\2{MASK}"),
    # URLs: scheme and host stay, what may hold a token goes; also as JSON escapes them.
    (
        re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,15}:(?:\\?/){2})(?:[^\s/\\\"'@]{0,512}@)?([a-z0-9.\[\]:_-]{1,255})(?:(?:\\?/|\?|#)[^\s\"'<>]{0,4096})?"),
        r"\1\2/…",
    ),
    (re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{4,512}|\bxapp-[A-Za-z0-9-]{4,512}"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,4096}\.[A-Za-z0-9_-]{1,4096}(?:\.[A-Za-z0-9_-]{0,4096})?"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,20}\b"), MASK),
    (
        re.compile(
            r"(?i)([\w.-]{0,64}(?:token|secret|passw(?:or)?d|api[_-]?key|webhook|dsn|credential)[\w.-]{0,64}\\?\"?\s{0,4}[:=]\s{0,4})"
            r"(\\?\"[^\"\\]{1,4096}\\?\"?|'[^']{1,4096}'?|[^\s\"',;}]{1,4096})"
        ),
        rf"\1{MASK}",
    ),
    # What has no spaces, is long and mixes letters with digits is a key until shown otherwise; names of pods have hyphens and stay.
    (re.compile(r"(?<![\w+/=])(?=[A-Za-z+/=_]{0,64}[0-9])(?=[0-9+/=_]{0,64}[A-Za-z])[A-Za-z0-9+/=_]{24,4096}(?![\w+/=])"), MASK),
)


def mask(text: str) -> str:
    """The text without what may be a secret. Masking twice changes nothing more."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
