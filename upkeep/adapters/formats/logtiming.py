"""Read from a log line for how long the collector worked.

Source: https://github.com/kubecano/cano-collector (ginzap's access lines; "Observed alert processing duration").
"""

import re

MOST_DIGITS = 40

# An access line of gin's, whose latency is in nanoseconds, and the line of level debug, whose duration is Go's.
_LATENCY = re.compile(rb'"latency"\s*+:\s*+(\d++)[,}]')
_WEBHOOK = re.compile(rb'"path"\s*+:\s*+"/api/alerts"')
_OBSERVED = re.compile(
    rb"Observed alert processing duration for alert: .{0,1000}?, duration: ((?:\d+(?:\.\d+)?(?:ns|us|\xc2\xb5s|ms|s|m|h))+)"
)
_GO_DURATION = re.compile(rb"(\d+(?:\.\d+)?)(ns|us|\xc2\xb5s|ms|s|m|h)")
_GO_UNITS = {
    b"ns": 1e-9,
    b"us": 1e-6,
    b"\xc2\xb5s": 1e-6,
    b"ms": 1e-3,
    b"s": 1.0,
    b"m": 60.0,
    b"h": 3600.0,
}


def worked(text: bytes) -> tuple[str, float] | None:
    """Return the seconds that the collector worked on a ``request`` of alerts or on an ``alert``; ``None`` for other lines."""
    if b"/api/alerts" in text:
        latency = _LATENCY.search(text)
        if latency is not None and _WEBHOOK.search(text) and len(latency[1]) <= MOST_DIGITS:
            return "request", int(latency[1]) / 1e9
    elif b"Observed alert processing" in text:
        observed = _OBSERVED.search(text)
        if observed is not None and len(observed[1]) <= MOST_DIGITS:
            return "alert", sum(
                float(number) * _GO_UNITS[unit]
                for number, unit in _GO_DURATION.findall(observed[1])
            )
    return None
