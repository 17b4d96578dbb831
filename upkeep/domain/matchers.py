"""Alertmanager's matchers, as it writes them.

Source: https://prometheus.io/docs/alerting/latest/configuration/, "Label matchers".
"""

import re

_EVERYTHING = re.compile(r'\s*\{?\s*"?[\w:.]+"?\s*=~\s*"?\.\*"?\s*\}?\s*')


def holds_of_all(matcher: str) -> bool:
    """Whether a matcher holds of every alert, also of one without the label."""
    return _EVERYTHING.fullmatch(matcher) is not None
