"""report.html, junit.xml and allure-results/: written to the folder of the results.

A path of the user (``--html=``, ``--junitxml=``, ``--alluredir=``) wins.
"""

from html import escape
from typing import Any

import pytest
from _pytest.junitxml import xml_key  # pytest's own record_xml_attribute is a fixture

from reports.ledger.record import LEDGER
from upkeep import REPOSITORY
from upkeep.results import counts
from upkeep.session import output, records

_COLUMNS = ("control", "outcome", "target", "cadence", "severity")
_DARKER = (
    "<style>#environment td, #results-table td, #results-table th, .logwrapper .log, button, .retried { color: #333 !important }"
    " a, a:visited { color: #1d4f91 !important } span.passed, #results-table .passed .col-result { color: #1d6b3c !important }"
    " span.skipped, span.xfailed, span.rerun, #results-table :is(.skipped, .xfailed, .rerun) .col-result { color: #7a4a00 !important }"
    " p.run-count { display: none }"  # it leaves out errors and skipped tests
    " span.failed, span.error, span.xpassed, #results-table :is(.failed, .error, .xpassed) .col-result { color: #a3231b !important }</style>"
)


class JUnitNames:
    """Names a JUnit test case by its requirement, and its class by cadence and target."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        xml, known = self.config.stash.get(xml_key, None), dict(report.user_properties)
        if xml is not None and "title" in known:
            case = xml.node_reporter(report)
            case.add_attribute("name", known["title"])
            case.add_attribute("classname", f"{known['group']}.{known['target']}")


def pytest_configure(config: pytest.Config) -> None:
    """Set the paths before the plugins read them: pytest calls a conftest's plugins first."""
    if not records(config):
        return
    config.pluginmanager.register(JUnitNames(config), "upkeep-junit-names")
    option, folder = config.option, output(config)
    for name, path in (
        ("htmlpath", "report.html"),
        ("xmlpath", "junit.xml"),
        ("allure_report_dir", "allure-results"),
    ):
        if hasattr(option, name) and not getattr(option, name):  # a disabled plugin has no option
            setattr(option, name, str(folder / path))
    if hasattr(option, "self_contained_html"):
        option.self_contained_html = True


@pytest.hookimpl(optionalhook=True)
def pytest_html_report_title(report: Any) -> None:
    report.title = "Maintenance of cano-collector"


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_summary(prefix: list[str], session: pytest.Session) -> None:
    """Count the outcomes as every report does, in place of the plugin's own headline.

    The plugin's grey and orange are darkened: their contrast on white is below WCAG 2.2's 4.5 to 1.
    """
    prefix.append(_DARKER)
    ledger = session.config.stash.get(LEDGER, None)
    if ledger is not None:
        found = [f"{number} {name}" for name, number in counts(ledger.results).items() if number]
        prefix.append(f"<p>{len(ledger.results)} controls: {', '.join(found) or 'none'}.</p>")


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_header(cells: list[str]) -> None:
    cells[1:1] = [
        f'<th class="sortable" data-column-type="{name}">{name.capitalize()}</th>'
        for name in _COLUMNS
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_row(report: Any, cells: list[str]) -> None:
    """Add the columns, and escape the id, which pytest-html does not (its issue 1024)."""
    known = dict(getattr(report, "user_properties", ()))
    when = "" if report.when == "call" else f"::{report.when}"
    cells[1] = f'<td class="col-testId">{escape(report.nodeid + when)}</td>'
    cells[1:1] = [
        f'<td class="col-{name}">{_shown(name, str(known.get(name, "")))}</td>' for name in _COLUMNS
    ]


def _shown(column: str, text: str) -> str:
    """Return a cell's HTML: a control is a link to its section of the runbook."""
    if column != "control" or not text:
        return escape(text)
    return f'<a href="{REPOSITORY}/blob/main/docs/runbook.md#{escape(text)}">{escape(text)}</a>'
