"""Report: the objects that were found, and the controls that cannot be measured yet."""

from __future__ import annotations

from collections import Counter
from shlex import quote
from typing import TYPE_CHECKING, Any

from upkeep.commands.suite import typed
from upkeep.model import Outcome, listed
from upkeep.shell import activation

if TYPE_CHECKING:
    from upkeep.commands.init.found import Found
    from upkeep.commands.init.place import Place

WORDS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.DUE: "due",
    Outcome.UNKNOWN: "could not measure",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.NOT_RUN: "not run",
}


def summary(place: Place, found: Found, *, cluster: str, user: str) -> str:
    """Return the facts, a line each."""
    collector = place.collector
    lines = [
        f"cluster         {cluster}, user {user}",
        f"collector       Deployment/{collector.name} in {collector.namespace}: {place.how}",
    ]
    for subject in ("pods", "prometheus", "alertmanager", "metrics-server", "helm"):
        lines.append(f"{subject:15} {found.facts[subject]}")
    lines.append(f"{'service account':15} {found.facts['rights']}")
    lines.append(f"{'backup jobs':15} {found.facts['backups']}")
    refused = f"missing: {listed(list(found.refused))}" if found.refused else "all are granted"
    lines.append(f"{'your rights':15} {refused}")
    return "\n".join(lines)


def remaining(found: Found, *, apply: str, settings: str, target: str) -> str:
    """Return each control that did not pass, the counts, and the next two commands: they end closest to the prompt.

    :param apply: the command that applies the Role.
    :param settings: the settings file, as the user types it.
    """
    counted = Counter(Outcome(one["outcome"]) for one in found.results)
    said = ", ".join(f"{counted[one]} {word}" for one, word in WORDS.items() if counted[one])
    lines: list[str] = []
    for outcome, word in ((Outcome.FAIL, "FAIL"), (Outcome.DUE, "DUE")):
        if fallen := [one["control"] for one in found.results if one["outcome"] == outcome]:
            lines.append(f"{word} {', '.join(fallen)}")
    causes: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for one in found.results:
        if one["outcome"] in (Outcome.UNKNOWN, Outcome.NOT_RUN):
            cause = one["reason"] or one["outcome"], one["next"] or one["summary"]
            causes.setdefault(cause, []).append(one)
    for (reason, _), controls in causes.items():
        names, step = ", ".join(one["control"] for one in controls), controls[0]["next"]
        lines.append(f"COULD NOT MEASURE {names} ({reason})")
        lines += [f"    {text}" for text in dict.fromkeys(one["summary"] for one in controls)]
        if step.startswith("--"):
            lines.append(f"    next: add this option, or its key to {settings}: {step}")
        elif step:
            lines.append(f"    next: {step}")
    daily = _daily(settings, target)
    lines += [
        f"{len(found.results)} controls: {said}",
        f"A measuring account of its own, if you want one:\n    next: {apply}",
    ]
    if first := activation([daily]):
        lines.append(f"upkeep and pytest are not on the PATH: run this first:\n    next: {first}")
    lines.append(f"The daily checklist:\n    next: {daily}")
    return "\n".join(lines)


def _daily(settings: str, target: str) -> str:
    options = [] if settings == "upkeep.toml" else [f"--settings={quote(settings)}"]
    options += [f"--target={quote(target)}"] if target else []
    return " ".join([typed(), "-m daily", *options])
