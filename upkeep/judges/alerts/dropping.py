"""Judge whether alerts were dropped because no team or no destination was found for them."""

from collections.abc import Sequence
from datetime import datetime

from upkeep.domain.counters import Counts
from upkeep.domain.metric_names import (
    DROPPED_OUTCOMES,
    PROCESSED,
    PROCESSED_OUTCOME,
    RECEIVED,
)
from upkeep.errors import missing_of
from upkeep.judges.counting.counters import (
    OPEN,
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
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, utc
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install

NOTHING_BAD = "none since then, so none in"
GROUPS = "alert groups"


@says_why_history_is_short
def not_dropped(
    history: CounterHistory, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """Judge alerts-not-dropped: at most ``limits["alerts_dropped"]`` alert groups in ``limits["alert_window"]`` had no team or no destination.

    :raises TooEarly: more were dropped, perhaps before the window.
    :raises Malformed: the counters have no label ``source``, or Prometheus gave a partial answer and none is known to be dropped.
    """
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    least, most = in_all(parts)
    outcomes = most.by_label(PROCESSED)
    if "" in outcomes:
        raise no_label(PROCESSED.names[0], "source", "the number of dropped alerts")
    limit, window = int(limits["alerts_dropped"]), limits.text("alert_window")
    certain, perhaps = _dropped(least), _dropped(most)
    found: list[Finding] = []
    if certain > limit:
        found = [_drop(one, parts, outcome=outcome, limit=limit, window=window, install=install)
                 for one in parts for outcome in DROPPED_OUTCOMES if one.least.total(PROCESSED, outcome)]  # fmt: skip
    elif perhaps > limit:
        bad = [one for one in parts if _dropped(one.most)]
        raise too_early(
            bad,
            what=f"{counted(perhaps, 'alert group')} {'was' if perhaps == 1 else 'were'} dropped",
            limits=limits,
        )
    observed = (
        f"{certain if found else perhaps} of {counted(most.total(RECEIVED), 'alert group')} dropped"
    )
    if not most.total(RECEIVED) and not most.total(PROCESSED):
        observed = "no traffic"
    other = [
        f"{count} {name}"
        for name, count in outcomes.items()
        if name not in (PROCESSED_OUTCOME, *DROPPED_OUTCOMES)
    ]
    observed += f"; other outcomes: {listed(other)}" if other else ""
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    unit, unmeasured = f"dropped {GROUPS} in {window}", missing_of(require_whole, history)
    return Judgement(tuple(found), observed, limit, unit, why, unmeasured=unmeasured)


def _dropped(counts: Counts) -> int:
    return sum(counts.total(PROCESSED, outcome) for outcome in DROPPED_OUTCOMES)


def _drop(
    one: ProcessWindow,
    parts: Sequence[ProcessWindow],
    *,
    outcome: str,
    limit: int,
    window: str,
    install: Install,
) -> Finding:
    count = one.least.total(PROCESSED, outcome)
    missing = "no team" if outcome == "no_team_resolved" else "a team without a destination"
    message = (
        f"Pod {one.pod} dropped {counted(count, 'alert group')} {_since(one, window)}: {missing} ({outcome}). "
        "It answered 200 to Alertmanager and sent no message."
    )
    fix = log_command(one, parts, install=install, pattern="Alert received but")
    return Finding(
        f"Pod/{one.pod}", "alerts-dropped", message, count, limit, f"{GROUPS} in {window}", fix
    )


def _since(one: ProcessWindow, window: str) -> str:
    return f"at least, in the last {window}" if one.start == OPEN else f"since {utc(one.since)}"
