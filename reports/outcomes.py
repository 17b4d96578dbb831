"""Outcomes: which outcome has a check, and which report of pytest shows it?

Only a recorded judgement passes or fails. Any other end (a failed measurement, an exception, an assertion
in a fixture, a skip) is *could not measure*: pytest ERROR. See README.md, "Results".
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime
from typing import Any

import msgspec.structs
import pytest
from _pytest.runner import runtestprotocol
from msgspec import Struct

from reports.decisions import waived_by, waived_until
from reports.findings import JUDGEMENT, flat, lines_of, plain, step_of
from reports.secrecy import FULL_TRACE, Broken, places, safe
from upkeep.addressing import Address
from upkeep.errors import NotApplicable, Unmeasured
from upkeep.masking import own
from upkeep.model import CADENCES, Judgement, Outcome, Result
from upkeep.session import ADDRESS, CONTROL, EVIDENCE, target_of
from upkeep.settings.tables import in_tables


class Fate(Struct, frozen=True):
    """The fate of a check.

    :ivar lines: the lines of the report; empty for a pass.
    :ivar source: the request of a check that could not measure.
    """

    outcome: Outcome
    summary: str
    reason: str = ""
    source: str = ""
    next: str = ""
    lines: tuple[str, ...] = ()


FATE = pytest.StashKey[Fate]()
RESULT = pytest.StashKey[Result]()
GRANT = "upkeep rbac"
# What pytest and its plugins call skipped, with the words before the reason.
_SKIPPED = {
    Outcome.WAIVED: "",
    Outcome.NOT_APPLICABLE: "not applicable: ",
    Outcome.NOT_RUN: "not run: ",
}


class CouldNotMeasure(Exception):
    """The exception of a check that could not measure, in reports that name exceptions."""


def pytest_configure(config: pytest.Config) -> None:
    # Keeps xfail from changing an outcome.
    config.option.runxfail = True
    if config.option.tbstyle not in ("no", "line"):
        # The report's text is decided here. Any other style makes pytest parse our source for each failure.
        config.option.tbstyle = "native"


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """Decide innermost: pytest and every reporting plugin see only this outcome."""
    fate = _decide(item, call)
    if fate is not None:
        item.stash.setdefault(FATE, fate)
        debugged = call.excinfo.tb if call.excinfo and item.config.option.usepdb else None
        call.excinfo = _told(fate, debugged)
    report: Any = yield
    report.sections = []  # captured output can contain secrets
    if fate is not None:
        _put(fate, report, item)
    return report


def _decide(item: pytest.Item, call: Any) -> Fate | None:
    """Return the fate that a phase decides; ``None`` where it decides none."""
    known = item.stash.get(FATE, None)
    if known is not None and known.outcome is Outcome.NOT_RUN:
        return known if call.when == "setup" else None
    error = call.excinfo.value if call.excinfo else None
    judgement = item.stash.get(JUDGEMENT, None)
    if call.when == "call" and judgement is not None:
        if isinstance(error, AssertionError) and not judgement:
            return _failed(item, judgement)
        if error is None and judgement:
            return Fate(Outcome.PASS, judgement.observed)
    if error is None:
        if call.when != "call":
            return None
        wrong = (
            "The check passed although its judgement has findings."
            if judgement is not None
            else "The check recorded no judgement."
        )
        return _unknown(item, Broken(wrong))
    if isinstance(error, NotApplicable) and call.when != "teardown":
        return Fate(Outcome.NOT_APPLICABLE, own(flat(str(error))))
    return _unknown(item, error, teardown=call.when == "teardown")


def _failed(item: pytest.Item, judgement: Judgement) -> Fate:
    waived = waived_by(item, judgement.findings)
    if waived and judgement.unmeasured is not None:
        rest = _unknown(item, judgement.unmeasured)
        told = f"Findings beside it: {own(waived)}"
        summary = f"{rest.summary.rstrip('.')}. {told}"
        return msgspec.structs.replace(rest, summary=summary, lines=(*rest.lines, told))
    first, more = judgement.findings[0], len(judgement.findings) - 1
    steps = dict.fromkeys(finding.next for finding in judgement.findings if finding.next)
    lines = [line for finding in judgement.findings for line in lines_of(finding)]
    summary = flat(first.message) + (f" (and {more} more)" if more else "")
    if waived:
        return Fate(Outcome.WAIVED, own(f"{waived}: {summary}"), lines=tuple(lines))
    outcome = Outcome.DUE if judgement.due else Outcome.FAIL
    return Fate(outcome, own(summary), next="\n".join(steps), lines=tuple(lines))


def _unknown(item: pytest.Item, error: BaseException, *, teardown: bool = False) -> Fate:
    harmless: Any = safe(error)
    frames = getattr(harmless, "frames", ()) or places(error.__traceback__)
    if isinstance(harmless, Unmeasured) and not teardown:
        address = item.stash.get(ADDRESS, Address())
        reason, source = harmless.reason, harmless.source
        message = in_tables(harmless.message, address.table)
        step: str = step_of(_granting(harmless.next_step, item), address)
    else:
        reason, message, source = "internal", str(harmless), ""
        step = (
            "" if item.config.stash[FULL_TRACE] else "repeat with --full-trace, and report this bug"
        )
    message = _ended(flat(message))
    lines = [f"could not measure ({reason}): {message}"]
    lines += [f"where: {flat(source)}"] if source else []
    lines += [f"next: {step.partition(chr(10))[0]}"] if step else []
    if item.config.stash[FULL_TRACE]:
        lines += [f"  {place}" for place in frames]
    return Fate(Outcome.UNKNOWN, message, reason, source, step, tuple(lines))


def _ended(text: str) -> str:
    """Return a reason with its full stop; what a library says has none."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _granting(step: str, item: pytest.Item) -> str:
    """Return the step with ``upkeep rbac`` for the cadences of this run; its default is daily."""
    if GRANT not in step:
        return step
    looked_at = [one.stash[CONTROL].cadence for one in item.session.items if CONTROL in one.stash]
    common = [cadence for cadence in CADENCES if all(cadence in each for each in looked_at)]
    wanted = common[:1] or [
        cadence for cadence in CADENCES if any(cadence == each[0] for each in looked_at)
    ]
    return (
        step
        if wanted == ["daily"]
        else step.replace(GRANT, " ".join([GRANT, *(f"--cadence={cadence}" for cadence in wanted)]))
    )


def _told(fate: Fate, trace: Any) -> pytest.ExceptionInfo[BaseException] | None:
    """Return the fate as the exception by which pytest and Allure tell outcomes."""
    text = "\n".join(fate.lines)
    told: dict[Outcome, BaseException] = {
        Outcome.FAIL: AssertionError(text),
        Outcome.DUE: AssertionError(text),
        Outcome.UNKNOWN: CouldNotMeasure(text),
        Outcome.NOT_APPLICABLE: pytest.skip.Exception(fate.summary),
        Outcome.WAIVED: pytest.skip.Exception(fate.summary),
        Outcome.NOT_RUN: pytest.skip.Exception(f"not run: {fate.summary}"),
    }
    if fate.outcome not in told:
        return None
    try:
        raise told[fate.outcome].with_traceback(trace)
    except (AssertionError, CouldNotMeasure, pytest.skip.Exception):
        return pytest.ExceptionInfo.from_current()


def _put(fate: Fate, report: Any, item: pytest.Item) -> None:
    """Put the fate into pytest's report. A failed report of another phase than ``call`` is an ERROR."""
    passed = fate.outcome is Outcome.PASS
    report.outcome = "passed" if passed else "skipped" if fate.outcome in _SKIPPED else "failed"
    report.longrepr = "\n".join(fate.lines) or None
    if fate.outcome in _SKIPPED:
        path, line, _ = item.location
        report.longrepr = (path, (line or 0) + 1, f"{_SKIPPED[fate.outcome]}{fate.summary}")
    if fate.outcome is Outcome.UNKNOWN and report.when == "call":
        report.when = "setup"
    if report.failed and not item.config.stash[FULL_TRACE]:
        report._pdbshown = (
            True  # pytest does not print it again: reports.terminal has it in three lines
        )


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run pytest's protocol, and send the reports once the outcome is final: all formats count the same."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    _settle(item, reports)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _settle(item: pytest.Item, reports: Sequence[Any]) -> None:
    """Settle one outcome: an error in the teardown replaces a pass, and nothing worse."""
    fate = item.stash.get(FATE, None)
    if fate is None:
        return  # --setup-only: no judgement; the ledger lists it as not run
    *before, teardown = reports
    if teardown.failed and fate.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.WAIVED):
        fate = Fate(
            Outcome.UNKNOWN,
            teardown.longrepr.split("\n")[0],
            "internal",
            lines=tuple(teardown.longrepr.split("\n")),
        )
        _put(fate, before[-1], item)
        before[-1].when = "setup"
    if teardown.failed:
        teardown.outcome, teardown.longrepr = "passed", None
    item.stash[RESULT] = _result(
        item, fate, duration_seconds=sum(report.duration for report in reports)
    )
    announce(item, reports, fate.outcome)


def announce(item: pytest.Item, reports: Sequence[Any], outcome: Outcome) -> None:
    """Put the outcome itself beside pytest's word for it: a property of JUnit, a label of Allure."""
    for report in reports:
        report.user_properties.append(("outcome", outcome.value))
    if getattr(item.config.option, "allure_report_dir", None):
        import allure  # imported late: runs without it start faster

        allure.dynamic.label("outcome", outcome.value)  # type: ignore[no-untyped-call]  # allure ships no types


def _valid_until(item: pytest.Item, fate: Fate, judged: Judgement | None) -> datetime | None:
    """Return when what the result rests on ends: a sign-off, or the first of its waivers."""
    if judged is None:
        return None
    if fate.outcome is Outcome.WAIVED:
        return waived_until(item, judged.findings)
    return judged.valid_until


def _result(item: pytest.Item, fate: Fate, *, duration_seconds: float) -> Result:
    judgement = item.stash.get(JUDGEMENT, None)
    evidence = tuple(
        msgspec.structs.replace(each, source=own(each.source))
        for each in item.stash.get(EVIDENCE, [])
    )
    judged = (
        judgement
        if judgement is not None
        and fate.outcome in (Outcome.PASS, Outcome.FAIL, Outcome.DUE, Outcome.WAIVED)
        else None
    )
    return Result(
        control=item.stash[CONTROL],
        target=target_of(item),
        outcome=fate.outcome,
        summary=own(fate.summary),
        reason=fate.reason,
        observed=plain(judged.observed) if judged is not None else None,
        limit=plain(judged.limit) if judged is not None else None,
        unit=judged.unit if judged is not None else "",
        basis=own(judged.basis) if judged is not None else fate.source,
        findings=tuple(
            msgspec.structs.replace(
                finding,
                message=own(finding.message),
                observed=plain(finding.observed),
                limit=plain(finding.limit),
            )
            for finding in (judged.findings if judged is not None else ())
        ),
        evidence=evidence,
        trends=judged.trends if judged is not None else (),
        next=fate.next,
        measured=min(
            (each.taken for each in evidence if each.digest), default=None
        ),  # without a digest nothing was read
        valid_until=_valid_until(item, fate, judged),
        duration_seconds=duration_seconds,
    )
