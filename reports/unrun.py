"""Controls that were not run: how do JUnit, Allure and pytest-html come to list them?

They get pytest's own reports of a skipped test, with the reason, so that every format counts the
same. pytest's terminal does not: it counts what it ran.
"""

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, Literal

import pytest

from reports.outcomes import FATE, RESULT, Fate, announce
from reports.writing import failures_of
from upkeep.model import Outcome
from upkeep.session import INTERRUPTED


def why(session: pytest.Session, item: pytest.Item) -> str:
    """Return why a collected check was not run."""
    if session.config.stash.get(INTERRUPTED, False):
        return "the run was interrupted before it was measured"
    if not any(item is kept for kept in session.items):
        return "Left out by -k or --deselect."
    return "The run ended before this control."


def tell(items: Sequence[pytest.Item], session: pytest.Session) -> None:
    """Report the checks that were not run to the formats; those told before are left out."""
    for item in items:
        if item.stash.get(FATE, None) is not None:
            continue
        item.stash[FATE] = Fate(Outcome.NOT_RUN, why(session, item))
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        except Exception as error:  # noqa: BLE001 - the plugin that broke the run breaks its end too
            failures_of(session.config).sentences.append(
                f"the controls that were not run could not be reported: {type(error).__name__}"
            )
            return


@pytest.hookimpl(specname="pytest_runtest_protocol", tryfirst=True)
def pytest_report_unrun(item: pytest.Item) -> bool | None:
    """Report a check that was not run, in place of pytest's protocol. Allure's wrapper is around it."""
    fate = item.stash.get(FATE, None)
    if fate is None or fate.outcome is not Outcome.NOT_RUN:
        return None
    _report(item)
    return True


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Report the check during which the run was interrupted."""
    try:
        return (yield)
    except (KeyboardInterrupt, pytest.exit.Exception):
        if RESULT not in item.stash:
            item.stash[FATE] = Fate(Outcome.NOT_RUN, why(item.session, item))
            _report(item)
        raise


def _end(when: str, reason: str) -> None:
    if when == "setup":
        pytest.skip(reason)


def _report(item: Any) -> None:
    manager = item.config.pluginmanager
    if not item._request:  # pytest takes it away when a check ends, and Allure reads it
        item._initrequest()
    # Allure learns name and labels of a test in hooks that would run its fixtures.
    allure = manager.get_plugin("allure_listener")
    others = [plugin for plugin in manager.get_plugins() if plugin is not allure]
    reason = item.stash[FATE].summary
    reports = []
    phases: tuple[Literal["setup", "teardown"], ...] = ("setup", "teardown")
    for when in phases:
        if allure is not None:
            manager.subset_hook_caller(f"pytest_runtest_{when}", others)(item=item, nextitem=None)
        call = pytest.CallInfo.from_call(partial(_end, when, reason), when=when)
        reports.append(item.ihook.pytest_runtest_makereport(item=item, call=call))
    announce(item, reports, Outcome.NOT_RUN)
    terminal = manager.get_plugin("terminalreporter")
    told = manager.subset_hook_caller("pytest_runtest_logreport", [terminal] if terminal else [])
    for report in reports:
        told(report=report)
