"""What the checks say about themselves: each control's meta-data, validated at collection, and handed to JUnit and Allure.

A check without meta-data could not be reported, gated or found; so it is a usage error and not a default.
"""

import dataclasses
import inspect
import re
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from upkeep.limits import nearest
from upkeep.model import CADENCES, SEVERITIES, Control
from upkeep.session import CONTROL, settings, target_of

# Allure's own words for how bad it is.
_ALLURE_SEVERITY = {"critical": "blocker", "high": "critical", "medium": "normal", "low": "minor"}
_FIELDS = {"id", "severity", "guide"}


class BadControlError(Exception):
    """The meta-data of a check cannot be used; the message says what is wrong with it."""


def read(item: pytest.Item) -> Control:
    """The meta-data of a check, from its markers and its docstring.

    :raises BadControlError: something is missing, twice, or not a word that is known.
    """
    marks = list(item.iter_markers("control"))
    if len(marks) != 1:
        raise BadControlError(
            f"has {len(marks) or 'no'} control markers, not one: @pytest.mark.control(id=…, severity=…, guide=…)"
        )
    fields = marks[0].kwargs
    if (
        marks[0].args
        or set(fields) != _FIELDS
        or not all(isinstance(value, str) and value.strip() for value in fields.values())
    ):
        raise BadControlError(
            "its control marker must say id, severity and guide, each as a text, and nothing else"
        )
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["id"]):
        raise BadControlError(f"{fields['id']!r} is no id: lower-case words with hyphens between")
    if fields["severity"] not in SEVERITIES:
        near = nearest(fields["severity"], SEVERITIES)
        raise BadControlError(
            f"there is no severity {fields['severity']!r}{near}; there are {', '.join(SEVERITIES)}"
        )
    for mark in item.iter_markers():
        if mark.name in ("skip", "skipif", "xfail"):
            raise BadControlError(
                f"is marked {mark.name}: a check is never skipped or expected to fail; a waiver says that, with an end"
            )
    cadence = tuple(cadence for cadence in CADENCES if item.get_closest_marker(cadence))
    if not cadence:
        raise BadControlError(f"has no cadence: one marker at least of {', '.join(CADENCES)}")
    title, _, rest = inspect.cleandoc(
        getattr(getattr(item, "obj", None), "__doc__", None) or ""
    ).partition("\n")
    if not title.endswith("."):
        raise BadControlError(
            "the first line of its docstring must be the requirement, one sentence with its full stop"
        )
    runbook = f"docs/runbook.md#{fields['id']}"
    if f"Fix: {runbook}" not in (line.strip() for line in rest.splitlines()):
        raise BadControlError(f"its docstring must have the line 'Fix: {runbook}'")
    description = "\n".join(
        line for line in rest.splitlines() if not line.startswith("Fix: ")
    ).strip()
    gate = item.get_closest_marker("gate") is not None
    return Control(
        id=fields["id"],
        title=title,
        severity=fields["severity"],
        guide=fields["guide"],
        cadence=cadence,
        gate=gate,
        runbook=runbook,
        description=description,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before anything is deselected: every check that was collected must be in order, not just the chosen ones."""
    chosen, faults, seen = settings(config), [], set()
    for item in items:
        try:
            control = read(item)
        except BadControlError as error:
            faults.append(f"{item.nodeid}: {error}")
            continue
        if (target_of(item), control.id) in seen:
            faults.append(
                f"{item.nodeid}: control {control.id} is judged by another check too; an id is one check's"
            )
        seen.add((target_of(item), control.id))
        if control.id in chosen.gate_add:
            item.add_marker("gate")
        gated = (
            control.gate or control.id in chosen.gate_add
        ) and control.id not in chosen.gate_remove
        describe(item, dataclasses.replace(control, gate=gated))
    if faults:
        raise pytest.UsageError("\n".join(faults))


def describe(item: pytest.Item, control: Control) -> None:
    """Puts the meta-data where reports look for it: the stash, JUnit's properties, Allure's labels."""
    item.stash[CONTROL] = control
    item.user_properties += [
        ("control", control.id),
        ("cadence", " ".join(control.cadence)),
        ("severity", control.severity),
        ("target", target_of(item)),
    ]
    if getattr(item.config.option, "allure_report_dir", None):
        # Markers are all that allure-pytest reads; importing it here would cost every run its start-up time. Plain markers, the cadences
        # and gate, become tags of their own accord.
        for label, value in (
            ("severity", _ALLURE_SEVERITY[control.severity]),
            ("control", control.id),
            ("feature", control.guide),
        ):
            item.add_marker(pytest.mark.allure_label(value, label_type=label))
        text = [
            control.title,
            control.description,
            f"Guide: {control.guide}",
            f"Runbook: {control.runbook}",
        ]
        item.add_marker(pytest.mark.allure_description("\n\n".join(part for part in text if part)))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """A file of checks that skips itself would vanish from the checklist without a word: that is an error."""
    report: Any = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid} skipped itself: {report.longrepr[2]}; a check is never skipped"
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection_finish(session: pytest.Session) -> Iterator[None]:
    """``--collect-only -q`` prints the checklist: a line for each control, in place of pytest's node ids."""
    option = session.config.option
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if option.collectonly and option.verbose == -1 and reporter is not None:
        reporter._printcollecteditems = lambda items: [
            reporter.write_line(line) for line in checklist(items)
        ]
    return (yield)


def checklist(items: list[pytest.Item]) -> list[str]:
    """Id, severity, cadence and sentence of each control, in columns; one that is judged on several targets is one line."""
    controls = {item.stash[CONTROL].id: item.stash[CONTROL] for item in items}.values()
    rows = [
        (
            control.id,
            control.severity,
            " ".join(control.cadence),
            "gate" if control.gate else "",
            control.title,
        )
        for control in controls
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
