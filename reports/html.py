"""report.html, junit.xml and allure-results/ into the results' folder, and the control's columns in report.html.

A path that the user gave (``--html=``, ``--junitxml=``, ``--alluredir=``) wins.
"""

from html import escape
from typing import Any

import pytest

from upkeep import REPOSITORY
from upkeep.masking import mask
from upkeep.session import output, records

_COLUMNS = ("control", "cadence", "severity")
_DARKER = (
    "<style>#environment td, #results-table td, #results-table th, .logwrapper .log, button, .retried { color: #333 !important }"
    " a, a:visited { color: #1d4f91 !important } span.passed, #results-table .passed .col-result { color: #1d6b3c !important }"
    " span.skipped, span.xfailed, span.rerun, #results-table :is(.skipped, .xfailed, .rerun) .col-result { color: #7a4a00 !important }"
    " span.failed, span.error, span.xpassed, #results-table :is(.failed, .error, .xpassed) .col-result { color: #a3231b !important }</style>"
)


def pytest_configure(config: pytest.Config) -> None:
    """Runs before the plugins that read these options: pytest asks a conftest's plugins first, then installed ones, then its own."""
    if not records(config):
        return
    option, folder = config.option, output(config)
    for name, path in (
        ("htmlpath", "report.html"),
        ("xmlpath", "junit.xml"),
        ("allure_report_dir", "allure-results"),
    ):
        if hasattr(option, name) and not getattr(
            option, name
        ):  # a plugin that was switched off has no option
            setattr(option, name, str(folder / path))
    if hasattr(option, "self_contained_html"):
        option.self_contained_html = True


@pytest.hookimpl(optionalhook=True)
def pytest_metadata(metadata: dict[str, Any], config: pytest.Config) -> None:
    """Keeps what the run is made of, and what was asked for: pytest-metadata also copies variables of CI systems, credentials and all."""
    kept = {
        "Python",
        "Platform",
        "Packages",
        "Plugins",
        *(key for key, _ in config.getoption("metadata", [])),
    }
    for key in list(metadata):
        if key not in kept:
            del metadata[key]
        elif isinstance(metadata[key], str):
            metadata[key] = mask(metadata[key])


@pytest.hookimpl(optionalhook=True)
def pytest_html_report_title(report: Any) -> None:
    report.title = "Maintenance of cano-collector"


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_summary(prefix: list[str]) -> None:
    """Darkens the plugin's grey and orange, which on white nobody reads at arm's length (WCAG 2.2 asks for 4.5 to 1)."""
    prefix.append(_DARKER)


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_header(cells: list[str]) -> None:
    cells[1:1] = [
        f'<th class="sortable" data-column-type="{name}">{name.capitalize()}</th>'
        for name in _COLUMNS
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_row(report: Any, cells: list[str]) -> None:
    """Adds the columns, and escapes the id, which pytest-html puts into the page as it is (its issue 1024)."""
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
