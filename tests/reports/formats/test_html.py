"""report.html and where the reports go."""

import json
import re
from html import unescape

import pytest

from tests.reports.inner import Inner, check
from upkeep import REPOSITORY

pytest_plugins = ["pytester"]

EVIL = "<img src=x onerror=alert(1)>"


def rows(inner: Inner) -> str:
    """The data of report.html, as its script reads it."""
    page = (inner.out / "report.html").read_text(encoding="utf-8")
    return unescape(re.search(r'data-jsonblob="([^"]*)"', page).group(1))


def test_columns_of_the_control(pytester):
    inner = Inner(pytester, check("pods-ready", marks="daily emergency", severity="critical"))
    inner.run()
    page = (inner.out / "report.html").read_text(encoding="utf-8")
    headers = re.findall(r'<th class="sortable" data-column-type="(\w+)">', unescape(page))
    assert headers[:6] == ["result", "control", "outcome", "target", "cadence", "severity"]
    for cell in (
        (
            "col-control",
            f'<a href=\\"{REPOSITORY}/blob/main/docs/runbook.md#pods-ready\\">pods-ready</a>',
        ),
        ("col-cadence", "daily emergency"),
        ("col-severity", "critical"),
    ):
        assert f'<td class=\\"{cell[0]}\\">{cell[1]}</td>' in rows(inner)
    assert "#results-table td" in page.partition("</style>")[2], (
        "the plugin's pale grey is darkened"
    )
    assert "<title" in page
    assert "Maintenance of cano-collector" in page


def test_ids_are_escaped(pytester):
    hook = f"def pytest_generate_tests(metafunc): metafunc.parametrize('target_name', [{EVIL!r}], scope='session')"
    inner = Inner(
        pytester,
        check("pods-ready", "raise Forbidden('may not')", fixtures="judge, target_name"),
        conftest=hook,
    )
    inner.run()
    assert inner.lines()["pods-ready"]["target"] == EVIL
    (shown,) = next(iter(json.loads(rows(inner))["tests"].values()))
    assert EVIL not in json.dumps(shown)
    assert shown["resultsTableRow"][6].endswith(
        "::test_pods_ready[&lt;img src=x onerror=alert(1)&gt;]::setup</td>"
    )
    assert EVIL not in (inner.out / "compliance.html").read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;" in (inner.out / "compliance.html").read_text(
        encoding="utf-8"
    )


def test_a_file_that_cannot_be_collected_has_a_row(pytester):
    inner = Inner(pytester, check("good"))
    (pytester.path / "checks" / "test_broken.py").write_text("import nothing_of_that_name")
    inner.run("--continue-on-collection-errors")
    assert "checks/test_broken.py::collect</td>" in rows(inner)


def test_the_users_own_paths_win(pytester):
    inner = Inner(pytester, check("good"))
    inner.run("--html=mine.html", "--junitxml=mine.xml", "--alluredir=mine")
    assert (pytester.path / "mine.html").stat().st_size > 1000
    assert (pytester.path / "mine.xml").stat().st_size > 100
    assert len(list((pytester.path / "mine").glob("*-result.json"))) == 1
    assert not {"report.html", "junit.xml", "allure-results"} & {
        path.name for path in inner.out.iterdir()
    }


@pytest.mark.parametrize(
    ("plugin", "file"),
    [("html", "report.html"), ("allure_pytest", "allure-results"), ("junitxml", "junit.xml")],
)
def test_a_report_that_is_switched_off_is_left_out(pytester, plugin, file):
    inner = Inner(pytester, check("good"))
    assert inner.run("-p", f"no:{plugin}").ret == 0
    assert not (inner.out / file).exists()
