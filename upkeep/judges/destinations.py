"""Whether messages reach the destinations (guide: "Check destination success rates")."""

from collections.abc import Sequence
from datetime import datetime

from upkeep.judges.counters import basis, in_all, log_command, too_early, windows
from upkeep.judges.ratios import beside
from upkeep.limits import Limits
from upkeep.metric_names import SEND_ERRORS, SENT
from upkeep.model import Finding, Judgement, listed
from upkeep.records import CounterHistory, Destination, Install

NOTHING_BAD = "nothing bad since then, so nothing in"


def succeed(history: CounterHistory, destinations: Sequence[Destination], *, now: datetime, limits: Limits, install: Install) -> Judgement:
    """destinations-succeed: of the messages to each destination, sent ÷ (sent + errors) is at least ``limits["destination_success_ratio"]``.

    Every configured destination is listed, also without traffic; one that is counted and not configured is judged too; none configured is a finding.

    :raises TooEarly: messages failed, perhaps before the window, and it decides.
    """
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    (least, most), window = in_all(parts), limits.text("alert_window")
    ratio, small = limits["destination_success_ratio"], limits["small_sample"]
    limit, unit = round(ratio * 100, 6), f"% in {window}"
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    configured = [destination.name for destination in destinations]
    if not configured:
        message = "No destination is configured: nobody can be told anything."
        fix = "add a destination to destinations.yaml and a team that names it"
        return Judgement(
            (Finding(f"Deployment/{install.deployment}", "no-destinations", message, 0, 1, "destinations", fix),), "none", limit, unit, why
        )
    counted = {name for family in (SENT, SEND_ERRORS) for name in most.by_label(family, "destination_name")}
    said, found, uncertain = [], [], []
    for name in dict.fromkeys([*configured, *sorted(counted)]):
        note = "" if name in configured else " (not in the configuration)"
        bad_least, bad_most = (counts.by_label(SEND_ERRORS, "destination_name").get(name, 0) for counts in (least, most))
        good_least, good_most = (counts.by_label(SENT, "destination_name").get(name, 0) for counts in (least, most))
        every = good_most + bad_most
        said.append(f"{name}{note}: {f'{good_most} of {every} taken' if every else 'no traffic'}")
        share = beside(bad_least, bad_most, good_least=good_least, good_most=good_most)

        def exceeds(bad: int, all_of: int) -> bool:
            return bad / all_of > 1 - ratio

        if share.certainly_too_high(exceeds, small_sample=small):
            worst = max(parts, key=lambda one: one.least.by_label(SEND_ERRORS, "destination_name").get(name, 0))
            percent = round((1 - bad_least / every) * 100, 4)
            message = (
                f"{bad_least} of {every} messages to {name}{note} failed: only {percent:g} % arrived. Most failures are in pod {worst.pod}."
            )
            if every < small:
                message += f" They are fewer than {small:g}, so the second bad one fails."
            fix = log_command(worst, parts, install=install, pattern="Failed to")
            found.append(Finding(f"Destination/{name}", "destination-failing", message, percent, limit, unit, fix))
        elif share.possibly_too_high(exceeds, small_sample=small):
            uncertain.append(f"{bad_most} messages to {name} failed")
    if uncertain and not found:
        opened = [one for one in parts if one.most.total(SEND_ERRORS)]
        raise too_early(opened, what=listed(uncertain), limits=limits)
    return Judgement(tuple(found), "; ".join(said), limit, unit, why)
