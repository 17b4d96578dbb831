"""Controls: the meta-data of each check, validated at collection and passed to JUnit and Allure.

A check without meta-data could not be reported, gated or found. So it is a usage error, not a default.
"""

import inspect
import re
from collections.abc import Generator, Iterator
from typing import Any

import msgspec.structs
import pytest

from upkeep.limits import nearest
from upkeep.model import CADENCES, SEVERITIES, Control
from upkeep.session import CONTROL, chooses_cadence, settings, target_of

# Allure's own words for how bad it is.
_ALLURE_SEVERITY = {"critical": "blocker", "high": "critical", "medium": "normal", "low": "minor"}
MOST_FAULTS = 5
_FIELDS = {"id", "severity", "guide"}


class BadControlError(Exception):
    """Unusable meta-data of a check."""


def read(item: pytest.Item) -> Control:
    """Return the meta-data of a check, from its markers and its docstring.

    :raises BadControlError: a missing, repeated or unknown value.
    """
    marks = list(item.iter_markers("control"))
    if len(marks) != 1:
        raise BadControlError(
            f"has {len(marks) or 'no'} control markers. Expected one: @pytest.mark.control(id=…, severity=…, guide=…)"
        )
    fields = marks[0].kwargs
    if (
        marks[0].args
        or set(fields) != _FIELDS
        or not all(isinstance(value, str) and value.strip() for value in fields.values())
    ):
        raise BadControlError(
            "its control marker takes exactly id, severity and guide, each as a text"
        )
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["id"]):
        raise BadControlError(
            f"{fields['id']!r} is not an id. Expected lower-case words with hyphens."
        )
    if fields["severity"] not in SEVERITIES:
        near = nearest(fields["severity"], SEVERITIES)
        raise BadControlError(
            f"unknown severity {fields['severity']!r}{near}. Severities: {', '.join(SEVERITIES)}."
        )
    for mark in item.iter_markers():
        if mark.name in ("skip", "skipif", "xfail"):
            raise BadControlError(
                f"is marked {mark.name}. A check is never skipped or expected to fail; use a waiver."
            )
    cadence = tuple(cadence for cadence in CADENCES if item.get_closest_marker(cadence))
    if not cadence:
        raise BadControlError(f"has no cadence. Add a marker: {', '.join(CADENCES)}.")
    title, _, rest = inspect.cleandoc(
        getattr(getattr(item, "obj", None), "__doc__", None) or ""
    ).partition("\n")
    if not title.endswith("."):
        raise BadControlError(
            "the first line of its docstring must be the requirement, a sentence with a full stop"
        )
    runbook = f"docs/runbook.md#{fields['id']}"
    if f"Fix: {runbook}" not in (line.strip() for line in rest.splitlines()):
        raise BadControlError(f"its docstring needs the line 'Fix: {runbook}'")
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
    """Validate every collected check before any is deselected."""
    chosen, faults, seen = settings(config), [], set()
    for item in items:
        try:
            control = read(item)
        except BadControlError as error:
            faults.append(f"{item.nodeid}: {error}")
            continue
        if (target_of(item), control.id) in seen:
            faults.append(
                f"{item.nodeid}: another check has the control {control.id} too. Use one check per id."
            )
        seen.add((target_of(item), control.id))
        if control.id in chosen.gate_add:
            item.add_marker("gate")
        gated = (
            control.gate or control.id in chosen.gate_add
        ) and control.id not in chosen.gate_remove
        describe(item, msgspec.structs.replace(control, gate=gated))
    if len(faults) > MOST_FAULTS:  # another folder than checks/ was given
        more = (
            f"{len(faults) - MOST_FAULTS} more tests are no checks. Select those of checks/ alone."
        )
        faults[MOST_FAULTS:] = [more]
    if faults:
        raise pytest.UsageError("\n".join(faults))


def describe(item: pytest.Item, control: Control) -> None:
    """Store the meta-data for the reports: in the stash, JUnit's properties and Allure's labels. -k knows the id."""
    item.stash[CONTROL] = control
    item.extra_keyword_matches.add(control.id)
    item.user_properties += [
        ("control", control.id),
        ("cadence", " ".join(control.cadence)),
        ("group", group_of(item, control)),
        ("title", control.title),
        ("severity", control.severity),
        ("target", target_of(item)),
    ]
    if getattr(item.config.option, "allure_report_dir", None):
        # allure-pytest reads markers; importing it here would slow the start of every run. It turns plain
        # markers, such as the cadences and gate, into tags by itself.
        for label, value in (
            ("severity", _ALLURE_SEVERITY[control.severity]),
            ("control", control.id),
            ("feature", control.guide),
            ("parentSuite", group_of(item, control)),
            ("suite", target_of(item)),
        ):
            item.add_marker(pytest.mark.allure_label(value, label_type=label))
        text = [
            control.title,
            control.description,
            f"Guide: {control.guide}",
            f"Runbook: {control.runbook}",
        ]
        item.add_marker(pytest.mark.allure_description("\n\n".join(part for part in text if part)))
        # allure.title does the same to a function; the braces are those of its format.
        item.obj.__allure_display_name__ = control.title.replace("{", "{{").replace("}", "}}")  # type: ignore[attr-defined]  # allure-pytest reads it there


def group_of(item: pytest.Item, control: Control) -> str:
    """Return the cadence that a control is listed under: the first that this run chose."""
    chosen = [one for one in control.cadence if chooses_cadence(item.config, one)]
    return (chosen or control.cadence)[0]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Report a file of checks that skips itself as an error: it would vanish from the checklist."""
    report: Any = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid} skipped itself: {report.longrepr[2]}. A check is never skipped."
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_collection_finish(session: pytest.Session) -> Iterator[None]:
    """Print the checklist for ``--collect-only -q``: a line for each control instead of node ids."""
    option = session.config.option
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if option.collectonly and option.verbose == -1 and reporter is not None:
        reporter._printcollecteditems = lambda items: [
            reporter.write_line(line) for line in checklist(items)
        ]
    return (yield)


def checklist(items: list[pytest.Item]) -> list[str]:
    """Return id, severity, cadence and requirement of each control in columns, one line a control."""
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
