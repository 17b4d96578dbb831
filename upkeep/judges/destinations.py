"""Whether messages reach the destinations (guide: "Check destination success rates")."""

from collections.abc import Sequence
from datetime import datetime

from upkeep import metric_names
from upkeep.errors import Absent
from upkeep.judges.alerts import exceeds, few
from upkeep.judges.counters import basis, too_early, windows
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement
from upkeep.records import CounterHistory, Destination, Install

SEND_ERRORS = frozenset(metric_names.SEND_ERRORS.names)
SENT = frozenset(metric_names.SENT.names)
_LABEL = "destination_name"


def succeed(
    history: CounterHistory, destinations: Sequence[Destination], *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """Of the messages to each destination enough were taken. Every configured one is listed, also without traffic; none configured is a finding.

    :raises TooEarly: a destination failed since the start of a process that is older than the window, and nobody knows when.
    """
    if not history.latest:
        raise Absent("there is no pod whose counters could be read", next_step="see pods-ready")
    window, least, small = limits["alert_window"], limits["destination_success_ratio"], limits["small_sample"]
    found = windows(history, now=now, window_seconds=window)
    ground = basis(history, found, window_seconds=window)
    limit = limits.text("destination_success_ratio")
    if not destinations:
        message = "no destination is configured: nobody can be told anything"
        finding = Finding(f"Deployment/{install.deployment}", "no-destinations", message, 0, 1, "destinations", "add one to destinations.yaml")
        return Judgement((finding,), "no destination", limit, "", ground)
    configured = [destination.name for destination in destinations]
    counted = sorted({name for one in found for family in (SENT, SEND_ERRORS) for name in one.count(family, _LABEL)})
    said, findings = [], []
    for name in dict.fromkeys([*configured, *counted]):
        note = "" if name in configured else " (not in the configuration)"
        open_errors = sum(one.count(SEND_ERRORS, _LABEL).get(name, 0.0) for one in found if not one.closed)
        if open_errors:
            raise too_early(f"{open_errors:g} messages to {name} failed", now=now, window_seconds=window)
        errors = sum(one.count(SEND_ERRORS, _LABEL).get(name, 0.0) for one in found)
        total = errors + sum(one.count(SENT, _LABEL).get(name, 0.0) for one in found)
        said.append(f"{name}{note}: {f'{total - errors:g} of {total:g} taken' if total else 'no traffic'}")
        if exceeds(errors, total, most=1 - least, small=small):
            kinds = sorted({k for one in found for k, count in one.count(SEND_ERRORS, "error_type", destination_name=name).items() if count})
            message = f"{errors:g} of {total:g} messages to {name}{note} failed ({', '.join(kinds) or 'no type given'}){few(total, small)}"
            step = f"kubectl logs -n {install.namespace} deployment/{install.deployment} -c {install.container} --since=24h | grep -i 'failed to'"
            findings.append(Finding(f"Destination/{name}", "destination-failing", message, 1 - errors / total, least, "ratio", step))
    return Judgement(tuple(findings), "; ".join(said), limit, "", ground)
