"""Does every destination take the messages that are sent to it?

Destination counters count single alerts, not groups (collector.md, "Metrics").
Source: the guide's "Check destination success rates"; controls.md, "Rates and counters".
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.counts import Counts
from upkeep.errors import Malformed
from upkeep.judges import counted
from upkeep.judges.counters import OPEN, ProcessWindow, basis, in_all, log_command, too_early, windows
from upkeep.judges.ratios import beside
from upkeep.limits import Limits
from upkeep.metric_names import SEND_ERRORS, SENT, SUCCESS
from upkeep.model import Finding, Judgement, listed
from upkeep.records import CounterHistory, Destination, Install

NOTHING_BAD = "nothing bad since then, so nothing in"


def succeed(history: CounterHistory, destinations: Sequence[Destination], *, now: datetime, limits: Limits, install: Install) -> Judgement:
    """destinations-succeed: sent ÷ (sent + errors) of each is at least ``limits["destination_success_ratio"]`` in the window.

    Every configured destination is listed, also without traffic. One that has counters and is not configured is judged, too: its
    messages failed all the same. No destination at all is a finding. Below ``limits["small_sample"]`` messages a share beyond the
    limit fails from the second failure on.

    :raises TooEarly: messages failed, perhaps before the window, and it decides.
    :raises Malformed: messages are counted without the destination's name.
    """
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    least, most = in_all(parts)
    configured = [destination.name for destination in destinations]
    names = list(dict.fromkeys([*sorted(configured), *sorted({*most.by_label(SENT), *most.by_label(SEND_ERRORS)})]))
    if "" in names:
        raise Malformed(
            f"{SENT.names[0]} or {SEND_ERRORS.names[0]} is exposed without a destination_name: whose messages failed cannot be told",
            source="/metrics",
        )
    ratio, small = limits["destination_success_ratio"], limits["small_sample"]

    def exceeds(bad: int, every: int) -> bool:
        return (every - bad) / every < ratio

    found = [] if configured else [_none_configured(install)]
    uncertain: list[str] = []
    observed: list[str] = []
    for name in names:
        bad, good = (_failed(least, name), _failed(most, name)), (_sent(least, name), _sent(most, name))
        share = beside(*bad, good_least=good[0], good_most=good[1])
        label = name if name in configured else f"{name} (not configured)"
        if share.certainly_too_high(exceeds, small_sample=small):
            found.append(_failing(label, name, parts, failed=bad[0], every=share.all_most, limits=limits, install=install))
        elif share.possibly_too_high(exceeds, small_sample=small):
            uncertain.append(name)
        every = good[1] + bad[1]
        said = f"{good[1]} of {counted(every, 'message')} sent" if every else "no traffic"
        few = f" (fewer than {small:g}: one failure is said, and does not fail)" if bad[1] and every < small else ""
        observed.append(f"{label}: {said}{few}")
    if uncertain and not found:
        failed = sum(_failed(most, name) for name in uncertain)
        raise too_early(parts, what=f"{counted(failed, 'message')} to {listed(uncertain)} failed", limits=limits)
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    unit = f"% sent in {limits.text('alert_window')}"
    return Judgement(tuple(found), "; ".join(observed) or "no destination", _percent(ratio), unit, why)


def _percent(ratio: float) -> float:
    return round(ratio * 100, 4)


def _sent(counts: Counts, name: str) -> int:
    """Messages that the destination took. A status that is not success (0.0.24 has no other) was not sent."""
    return counts.total(SENT, name, SUCCESS) + counts.total(SENT, name, "")


def _failed(counts: Counts, name: str) -> int:
    return counts.total(SEND_ERRORS, name) + counts.total(SENT, name) - _sent(counts, name)


def _none_configured(install: Install) -> Finding:
    objects = [f"{kind.lower()}/{name}" for kind, name, _ in install.configuration]
    message = f"No destination is configured ({listed(objects) or 'no configuration is mounted'}): nobody can be told anything."
    fix = f"kubectl -n {install.namespace} get {' '.join(objects) or 'configmaps,secrets'}"
    return Finding(f"Deployment/{install.deployment}", "no-destinations", message, 0, 1, "destinations", fix)


def _failing(
    label: str, name: str, parts: Sequence[ProcessWindow], *, failed: int, every: int, limits: Limits, install: Install
) -> Finding:
    """The command looks into the pod with most of the failures."""
    window, small = limits.text("alert_window"), limits["small_sample"]
    percent = round((every - failed) / every * 100, 4)
    least, _ = in_all(parts)
    kinds = [f"{kind or 'unnamed'} {count}" for kind, count in least.by_label(SEND_ERRORS, name).items()]
    kinds += [f"status {status} {count}" for status, count in least.by_label(SENT, name).items() if status not in (SUCCESS, "")]
    worst = max(parts, key=lambda one: _failed(one.least, name))
    number = f"At least {failed}" if any(one.start == OPEN and _failed(one.most, name) for one in parts) else f"{failed}"
    message = f"{number} of {counted(every, 'message')} to destination {label} failed, {percent:g} % were sent: {listed(kinds)}."
    if every < small:
        message += f" They are fewer than {small:g}, so the second failure fails."
    message += f" Most of them in pod {worst.pod}."
    fix = log_command(worst, parts, install=install, pattern="Failed to")
    limit = _percent(limits["destination_success_ratio"])
    return Finding(f"Destination/{name}", "destination-failing", message, percent, limit, f"% sent in {window}", fix)
