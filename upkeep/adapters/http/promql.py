"""Read which metrics a PromQL expression names, and write the selector of a Deployment's pods.

Source: https://prometheus.io/docs/prometheus/latest/querying/basics/, "operators" and "functions".
"""

import re

# In the order in which they are tried: what is no name ends before a name is looked for.
_TOKEN = re.compile(
    r"""
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    | (?P<comment>\#[^\n]*)
    | (?P<span>\[[^\]]*\])
    | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9.]+(?:[eE][+-]?[0-9]+)?)[a-zA-Z0-9]*)
    | (?P<labels>\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\))
    | (?P<call>[a-zA-Z_:][\w:]*\s*(?=\())
    | (?P<name>[a-zA-Z_:][\w:]*)
    | (?P<brace>[{}])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WORDS = frozenset(
    (
        "and", "or", "unless", "atan2", "bool", "offset", "by", "without", "on", "ignoring",
        "group_left", "group_right", "inf", "nan", "sum", "min", "max", "avg", "group", "stddev",
        "stdvar", "count", "count_values", "bottomk", "topk", "quantile", "limitk", "limit_ratio",
    )
)  # fmt: skip

# A pod's name is its ReplicaSet's, cut at 58 characters, and five more (k8s.io/apiserver, names.SimpleNameGenerator).
_MOST_BASE, _RANDOM = 58, "[0-9a-z]{5}"
_LONGEST_HASH = 10


def pods_of(deployment: str) -> str:
    """Return a regular expression for the names of a Deployment's pods, of those that are gone too.

    Of a long name the generator cuts the ReplicaSet's hash, or the name itself.
    """
    base = f"{deployment}-"
    if len(base) + _LONGEST_HASH + 1 <= _MOST_BASE:
        return f"{base}[0-9a-z]+-{_RANDOM}"
    if len(base) >= _MOST_BASE:
        return f"{base[:_MOST_BASE]}{_RANDOM}"
    return f"{base}[0-9a-z]{{1,{_LONGEST_HASH}}}-?{_RANDOM}"


def metrics_named(expression: str) -> frozenset[str]:
    """Return the names of its metrics, also those in a selector ``{__name__="…"}``."""
    found: set[str] = set()
    depth, label = 0, ""
    for token in _TOKEN.finditer(expression):
        kind, text = token.lastgroup, token[0]
        if kind == "brace":
            depth, label = depth + (1 if text == "{" else -1), ""
        elif depth:
            # {"a.name", …} is Prometheus 3's form of a name; {label="text"} is a matcher.
            matcher = expression[token.end() :].lstrip()[:1] in ("=", "!")
            if kind in ("name", "call"):
                label = text.strip()
            elif kind == "text":
                if label == "__name__" or not (label or matcher):
                    found.add(text[1:-1])
                label = ""
        elif kind == "name" and text.lower() not in _WORDS:
            found.add(text)
    return frozenset(found)
