"""Judge whether every destination takes its messages, and whether every destination is used.

Destination counters count single alerts, not groups (seen on cano-collector 0.0.24).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from upkeep.domain.counters import Counts
from upkeep.domain.metric_names import SEND_ERRORS, SENT, SUCCESS
from upkeep.errors import Malformed, TooEarly, missing_of
from upkeep.judges.counting.counters import (
    LEEWAY,
    OPEN,
    ProcessWindow,
    basis,
    in_all,
    log_command,
    require_whole,
    says_why_history_is_short,
    too_early,
    windows,
)
from upkeep.judges.counting.ratios import beside
from upkeep.judges.wording import counted, percent
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc_after
from upkeep.records.configuration import ConfigurationDocument, ConfiguredName, Destination
from upkeep.records.counters import CounterHistory
from upkeep.records.workload import Install
from upkeep.shell import Command, arguments, shell

LIMIT = "destination_success_ratio"
NOTHING_BAD = "no failure since then, so none in"


@says_why_history_is_short
def succeed(
    history: CounterHistory,
    destinations: Sequence[Destination],
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge destinations-succeed: sent ÷ (sent + errors) of each is at least ``limits["destination_success_ratio"]`` in the window.

    Every configured destination is listed, also without traffic. One with counters that is not configured is judged, too. No destination
    at all is a finding. Below ``limits["small_sample"]`` messages a ratio beyond the limit fails from the second failure on.

    :raises TooEarly: messages failed, perhaps before the window, and they decide.
    :raises Malformed: messages are counted without the destination's name, or Prometheus gave a partial answer and no failure is known.
    """
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    least, most = in_all(parts)
    configured = [destination.name for destination in destinations]
    names = list(
        dict.fromkeys(
            [*sorted(configured), *sorted({*most.by_label(SENT), *most.by_label(SEND_ERRORS)})]
        )
    )
    if "" in names:
        raise Malformed(
            f"{SENT.names[0]} or {SEND_ERRORS.names[0]} has no label destination_name, so the failing destination is not known.",
            source="/metrics",
        )
    ratio, small = limits[LIMIT], limits["small_sample"]

    def exceeds(bad: int, every: int) -> bool:
        return (every - bad) / every < ratio

    found = [] if configured else [_none_configured(install)]
    uncertain: list[str] = []
    observed: list[str] = []
    for name in names:
        bad, good = (
            (_failed(least, name), _failed(most, name)),
            (_sent(least, name), _sent(most, name)),
        )
        share = beside(*bad, good_least=good[0], good_most=good[1])
        label = name if name in configured else f"{name} (not configured)"
        if share.certainly_too_high(exceeds, small_sample=small):
            found.append(
                _failing(
                    label,
                    name,
                    parts,
                    failed=bad[0],
                    every=share.all_most,
                    limits=limits,
                    install=install,
                )
            )
        elif share.possibly_too_high(exceeds, small_sample=small):
            uncertain.append(name)
        every = good[1] + bad[1]
        said = f"{good[1]} of {counted(every, 'message')} sent" if every else "no traffic"
        few = f" (fewer than {small:g}: one failure is allowed)" if bad[1] and every < small else ""
        observed.append(f"{label}: {said}{few}")
    unmeasured = missing_of(require_whole, history)
    if uncertain:
        failed = sum(_failed(most, name) for name in uncertain)
        unmeasured = too_early(
            parts,
            what=f"{counted(failed, 'message')} to {listed(uncertain)} failed",
            limits=limits,
        )
    why = basis(parts, history, now=now, limits=limits, proof=NOTHING_BAD)
    return Judgement(
        tuple(found),
        "; ".join(observed) or "no destination",
        _percent(ratio),
        f"% sent in {limits.text('alert_window')}",
        why,
        unmeasured=unmeasured,
    )


@says_why_history_is_short
def used(
    history: CounterHistory,
    destinations: Sequence[Destination],
    documents: Sequence[ConfigurationDocument],
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge destinations-used: the first team names each destination, and each got a message in ``limits["alert_window"]``, sent or failed.

    cano-collector has no routing: every alert goes to the first team, so destinations of later teams get nothing. Without teams (the guide's
    layout) only the messages count. No destination at all is judged by destinations-succeed.

    :raises TooEarly: one got nothing so far, or perhaps nothing in the window, and there is no finding.
    :raises Malformed: a document of teams has a fault.
    """
    teams = _teams(documents)
    parts = windows(history, now=now, window_seconds=limits["alert_window"])
    least, most = in_all(parts)
    found: list[Finding] = []
    silent, uncertain, observed = [], [], []
    for destination in sorted(destinations, key=lambda one: one.name):
        name = destination.name
        messages = [_sent(counts, name) + _failed(counts, name) for counts in (least, most)]
        observed.append(f"{name}: {counted(messages[1], 'message')}")
        if teams is not None and name not in (teams[0].uses if teams else ()):
            found.append(_never_told(name, teams))
        elif not messages[1]:
            silent.append(name)
        elif not messages[0]:
            uncertain.append(name)
    begin = min(one.since for one in parts)
    unmeasured = None
    if uncertain:
        unmeasured = too_early(parts, what=f"{listed(uncertain)} got messages", limits=limits)
    if silent and now - begin < timedelta(seconds=limits["alert_window"] * (1 - LEEWAY)):
        when = utc_after(begin + timedelta(seconds=limits["alert_window"]))
        unmeasured = TooEarly(
            f"{listed(silent)} got no message in the {span(now - begin) or '0 s'} of known counters. Retry after {when}.",
            source="/metrics",
            next_step=shell("run again after {}, or --prometheus=URL", Command(when)),
        )
        silent = []
    found += [
        _silent(name, begin=begin, now=now, limits=limits, install=install) for name in silent
    ]
    why = basis(parts, history, now=now, limits=limits, proof="no message since then, so none in")
    return Judgement(
        tuple(found),
        "; ".join(observed) or "no destination",
        0,
        f"unused in {limits.text('alert_window')}",
        why,
        unmeasured=unmeasured,
    )


def _teams(documents: Sequence[ConfigurationDocument]) -> list[ConfiguredName] | None:
    """Return the teams in their order; ``None`` where there is no document of teams."""
    those = [document for document in documents if document.kind == "teams"]
    faults = [fault for document in those for fault in document.faults]
    if faults:
        raise Malformed(
            faults[0].message,
            source=faults[0].document,
            next_step="upkeep run -m \"control(id='config-valid')\"",
        )
    return [team for document in those for team in document.names] if those else None


def _never_told(name: str, teams: Sequence[ConfiguredName]) -> Finding:
    later = [team.name for team in teams[1:] if name in team.uses]
    first = f"the first team, {teams[0].name}" if teams else "the first team, and there is none"
    why = f"only {listed(later)}" if later else "no team"
    message = f"Destination {name} gets no alert: {why} names it, but every alert goes to {first}."
    fix = shell(
        "add {} to the destinations of {} in teams.yaml, or remove the destination",
        name,
        teams[0].name if teams else Command("a first team"),
    )
    return Finding(
        f"Destination/{name}",
        "destination-never-told",
        message,
        listed(later),
        "the first team",
        "team",
        fix,
    )


def _silent(
    name: str, *, begin: datetime, now: datetime, limits: Limits, install: Install
) -> Finding:
    message = f"Destination {name} got no message, sent or failed, in the {span(now - begin)} of known counters."
    fix = shell(
        "kubectl -n {} logs deployment/{} -c {} --tail=-1 | grep -F {}",
        install.namespace,
        install.deployment,
        install.container,
        name,
    )
    return Finding(
        f"Destination/{name}",
        "destination-unused",
        message,
        0,
        1,
        f"messages in {limits.text('alert_window')}",
        fix,
    )


def _percent(ratio: float) -> float:
    return round(ratio * 100, 4)


def _sent(counts: Counts, name: str) -> int:
    """Return the messages that the destination took. A status other than success (0.0.24 has none) was not sent."""
    return counts.total(SENT, name, SUCCESS) + counts.total(SENT, name, "")


def _failed(counts: Counts, name: str) -> int:
    return counts.total(SEND_ERRORS, name) + counts.total(SENT, name) - _sent(counts, name)


def _none_configured(install: Install) -> Finding:
    objects = [f"{kind.lower()}/{name}" for kind, name, _ in install.configuration]
    message = f"No destination is configured ({listed(objects) or 'no configuration is mounted'}). No alert can be sent."
    fix = shell(
        "kubectl -n {} get {}", install.namespace, arguments(objects or ["configmaps,secrets"])
    )
    return Finding(
        f"Deployment/{install.deployment}", "no-destinations", message, 0, 1, "destinations", fix
    )


def _failing(
    label: str,
    name: str,
    parts: Sequence[ProcessWindow],
    *,
    failed: int,
    every: int,
    limits: Limits,
    install: Install,
) -> Finding:
    """Return the finding; its command reads the log of the pod with most failures."""
    window, small = limits.text("alert_window"), limits["small_sample"]
    ratio = (every - failed) / every
    least, _ = in_all(parts)
    kinds = [
        f"{kind or 'unnamed'} {count}" for kind, count in least.by_label(SEND_ERRORS, name).items()
    ]
    kinds += [
        f"status {status} {count}"
        for status, count in least.by_label(SENT, name).items()
        if status not in (SUCCESS, "")
    ]
    worst = max(parts, key=lambda one: _failed(one.least, name))
    number = (
        f"At least {failed}"
        if any(one.start == OPEN and _failed(one.most, name) for one in parts)
        else f"{failed}"
    )
    message = f"{number} of {counted(every, 'message')} to destination {label} failed ({percent(ratio, limit=limits[LIMIT])} sent, {limits.text(LIMIT)} required): {listed(kinds)}."
    if every < small:
        message += f" Fewer than {small:g} messages: two failures are the limit."
    message += f" Most of them in pod {worst.pod}."
    fix = log_command(worst, parts, install=install, pattern="Failed to")
    return Finding(
        f"Destination/{name}",
        "destination-failing",
        message,
        _percent(ratio),
        _percent(limits[LIMIT]),
        f"% sent in {window}",
        fix,
    )
