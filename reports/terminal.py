"""The terminal: results that did not pass in at most three lines, their effects in one line each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from reports.causes import Story, stories
from reports.findings import codes, flat
from reports.ledger.record import LEDGER
from reports.secrecy import FULL_TRACE
from upkeep.lines import wrapped
from upkeep.model import Outcome, Result, listed
from upkeep.results import counts
from upkeep.session import begin_run, output
from upkeep.shell import activation

# Errors of a server as a whole: one of them explains every control that asked it.
_OF_A_SERVER = {"unreachable", "unavailable", "unauthenticated", "timed-out"}

_WORDS = {
    Outcome.FAIL: "FAIL",
    Outcome.DUE: "DUE",
    Outcome.UNKNOWN: "COULD NOT MEASURE",
}
_COLOURS = {
    Outcome.PASS: "green",
    Outcome.FAIL: "red",
    Outcome.DUE: "red",
    Outcome.UNKNOWN: "red",
    Outcome.WAIVED: "yellow",
    Outcome.NOT_RUN: "yellow",
    Outcome.NOT_APPLICABLE: "cyan",
}


def pytest_configure(config: pytest.Config) -> None:
    # pytest's own summary would repeat every line; -r brings it back.
    if config.option.reportchars == "fE":
        config.option.reportchars = ""


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    ledger = config.stash.get(LEDGER, None)
    if ledger is None:
        return
    results = ledger.results
    stories = told(results)
    if stories:
        terminalreporter.section("controls that did not pass")
    terminal = terminalreporter.isatty
    for outcome, lines in stories:
        for part in wrapped(lines[0], terminal=terminal):
            terminalreporter.write_line(part, bold=True, **{_COLOURS[outcome]: True})
        for line in lines[1:]:
            for part in wrapped(f"    {line}", terminal=terminal):
                terminalreporter.write_line(part)
    if config.stash[FULL_TRACE] and stories:
        terminalreporter.write_line("(ERRORS and FAILURES above have the place of each)")
    requests = begin_run(config).requests
    for name, number in counts(results).items():
        if number:
            terminalreporter.write(f"{number} {name}  ", **{_COLOURS[Outcome(name)]: True})
    terminalreporter.write_line(
        f"({len(results)} control{'' if len(results) == 1 else 's'}, {requests} requests)"
    )
    if any(place.embedded for place in begin_run(config).places):
        terminalreporter.write_line(
            "embedded cluster (--demo): the printed commands are examples; they would reach your current context",
            yellow=True,
        )
    for place in begin_run(config).places:
        if place.warning:
            terminalreporter.write_line(
                f"warning: {place.target}, {place.server}: {place.warning}", yellow=True
            )
    first = activation(result.next for result in results)
    if first:
        terminalreporter.write_line(
            f"upkeep and pytest are not on the PATH: run `{first}` before a printed command"
        )
    page = output(config) / "compliance.html"
    if page.exists():  # On a full disk it is not, and an error says so.
        terminalreporter.write_line(f"compliance report: {page}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """Repeat the likely cause and its command below pytest's last line: at 24 rows it scrolled away."""
    finished = yield
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    ledger = session.config.stash.get(LEDGER, None)
    if reporter is not None and ledger is not None:
        for line in last_lines(ledger.results):
            for part in wrapped(line, terminal=reporter.isatty):
                reporter.write_line(part, bold=True)
    return finished


def last_lines(results: Sequence[Result]) -> list[str]:
    """Return the likely cause and its command; nothing where fewer than two results fell short."""
    found = stories(results)
    short = sum(1 + len(one.symptoms) for one in found)
    if short < 2:
        return []
    ranks = [Outcome.FAIL, Outcome.UNKNOWN, Outcome.DUE]
    first = min(found, key=lambda one: (-len(one.symptoms), ranks.index(one.cause.outcome)))
    others = len(first.symptoms)
    what = f"Likely cause of {others} more: " if others else f"First of {short}: "
    cause = f"{what}{first.cause.control.id} [{first.cause.target}]: {flat(first.cause.summary)}"
    step = first.cause.next.partition("\n")[0]
    return [cause, *([f"next: {step}"] if step else [])]


def told(results: Sequence[Result]) -> list[tuple[Outcome, list[str]]]:
    """Return the results that did not pass, each in at most three lines.

    Failures come first, a likely cause before all others with its effects under it. Unknown results
    follow, then those that were not run.
    """
    found = stories(results)
    told_so_far = []
    for outcome in (Outcome.FAIL, Outcome.DUE):
        same: dict[tuple[str, str, str], list[Story]] = defaultdict(list)
        for one in found:
            if one.cause.outcome is outcome:
                same[(one.cause.target, one.cause.summary, one.cause.next)].append(one)
        told_so_far += [(outcome, _stories(together)) for together in same.values()]
    for together in alike([one.cause for one in found if one.cause.outcome is Outcome.UNKNOWN]):
        told_so_far.append(
            (Outcome.UNKNOWN, _lines(together[0]) if len(together) == 1 else _together(together))
        )
    unrun: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        if result.outcome is Outcome.NOT_RUN:
            unrun[result.summary].append(result)
    return told_so_far + [
        (Outcome.NOT_RUN, [f"NOT RUN {_names(together)}: {why}"]) for why, together in unrun.items()
    ]


def alike(unknown: Sequence[Result]) -> list[list[Result]]:
    """Return the unknown results grouped by their cause: the same server, or the same sentence."""
    found: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    for result in unknown:
        if result.reason in _OF_A_SERVER and server(result):
            found[(result.target, result.reason, server(result))].append(result)
        else:
            found[(result.target, result.reason, result.summary, result.next)].append(result)
    return list(found.values())


def server(result: Result) -> str:
    """Return the server of the URL in source or sentence; empty without a URL."""
    match = re.search(r"https?://[^/\s,;)]+", f"{result.basis} {result.summary}")
    return match.group() if match else ""


def _stories(together: Sequence[Story]) -> list[str]:
    """Return the lines of results with the same finding: the first in full, the others by id."""
    also = ", ".join(f"{story.cause.control.id} ({_grave(story.cause)})" for story in together[1:])
    lines = [
        line
        for number, story in enumerate(together)
        for line in (_story(story) if number == 0 else _follows(story))
    ]
    return [*lines, f"same finding: {also}"] if also else lines


def _story(story: Story) -> list[str]:
    """Return the lines of a result with its likely effects."""
    others = len(story.symptoms)
    return [
        *_lines(story.cause, f", the likely cause of {others} more" if others else ""),
        *_follows(story),
    ]


def _follows(story: Story) -> list[str]:
    """Return the likely effects, a line each."""
    lines = []
    unknown = [one for one in story.symptoms if one.outcome is Outcome.UNKNOWN]
    for one in story.symptoms:
        if one.outcome is not Outcome.UNKNOWN:
            lines.append(
                f"effect: {_WORDS[one.outcome]} {one.control.id} ({_grave(one)}) [{codes(one.findings)}]: {flat(one.summary)}"
            )
    for together in alike(unknown):
        lines.append(
            f"effect: {_WORDS[Outcome.UNKNOWN]} {_names(together)} ({together[0].reason}): {flat(together[0].summary)}"
        )
    return lines


def _grave(result: Result) -> str:
    return result.control.severity + (", gate" if result.control.gate else "")


def _lines(result: Result, more: str = "") -> list[str]:
    summary = f"{_WORDS[result.outcome]} {result.control.id} [{result.target}] ({_grave(result)}){more}: {flat(result.summary)}"
    places = [f"{finding.object} [{finding.code}]" for finding in result.findings]
    where = listed(list(dict.fromkeys(places)), most=4)
    if result.observed not in (None, ""):
        where += f" ({result.observed})"
    lines = [
        summary,
        f"where: {flat(where or result.basis)}",
        f"next: {result.next.partition(chr(10))[0]}",
    ]
    return [line for line in lines if not line.endswith(": ")]


def _together(together: Sequence[Result]) -> list[str]:
    """Return the lines of one cause with its controls and the next step."""
    first = together[0]
    what = f"COULD NOT MEASURE {len(together)} controls [{first.target}] ({first.reason}): {flat(first.summary)}"
    return [
        what,
        f"where: {_names(together)}",
        *([f"next: {first.next.partition(chr(10))[0]}"] if first.next else []),
    ]


def _names(together: Sequence[Result]) -> str:
    return listed(list(dict.fromkeys(result.control.id for result in together)), most=5)
