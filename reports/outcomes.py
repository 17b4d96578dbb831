"""What becomes of a check: its report for pytest, the same in every format, and its outcome.

Only a recorded judgement passes or fails. Whatever else happens (a measurement that was stopped, an exception, an assertion in a fixture,
a skip) is *could not measure*: pytest ERROR. Source: design.md, "Outcomes".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from reports.findings import JUDGEMENT, lines_of
from reports.secrecy import FULL_TRACE, Broken, places, safe
from reports.text import flat, plain
from upkeep.addressing import Address, addressed
from upkeep.errors import NotApplicable, Unmeasured
from upkeep.masking import own
from upkeep.model import CADENCES, Judgement, Outcome, Result
from upkeep.session import ADDRESS, CONTROL, EVIDENCE, target_of


@dataclasses.dataclass(frozen=True, slots=True)
class Fate:
    """What became of a check.

    :ivar lines: what the report says, a line each; empty for a pass.
    :ivar source: what was asked when it could not be measured.
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


class CouldNotMeasure(Exception):
    """How a check that could not measure reads in reports that name the exception."""


def pytest_configure(config: pytest.Config) -> None:
    # pytest's own word for "do not let xfail change what happened".
    config.option.runxfail = True
    if config.option.tbstyle not in ("no", "line"):
        # What a report says is decided here; in any other style pytest would parse our source for each that is not a pass.
        config.option.tbstyle = "native"


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, Any, Any]:
    """Innermost: pytest itself and every reporting plugin see only what is decided here."""
    fate = _decide(item, call)
    if fate is not None:
        item.stash.setdefault(FATE, fate)
        debugged = call.excinfo.tb if call.excinfo and item.config.option.usepdb else None
        call.excinfo = _told(fate, debugged)
    report: Any = yield
    report.sections = []  # what was printed or logged while measuring may hold anything
    if fate is not None:
        _put(fate, report, item)
    return report


def _decide(item: pytest.Item, call: Any) -> Fate | None:
    """What the phase means for the check; ``None`` where it decides nothing."""
    error = call.excinfo.value if call.excinfo else None
    judgement = item.stash.get(JUDGEMENT, None)
    if call.when == "call" and judgement is not None:
        if isinstance(error, AssertionError) and not judgement:
            return _failed(judgement)
        if error is None and judgement:
            return Fate(Outcome.PASS, judgement.observed)
    if error is None:
        if call.when != "call":
            return None
        wrong = (
            "the check passed although its judgement has findings"
            if judgement is not None
            else "the check recorded no judgement"
        )
        return _unknown(item, Broken(wrong))
    if isinstance(error, NotApplicable) and call.when != "teardown":
        return Fate(Outcome.NOT_APPLICABLE, own(flat(str(error))))
    return _unknown(item, error, teardown=call.when == "teardown")


def _failed(judgement: Judgement) -> Fate:
    first, more = judgement.findings[0], len(judgement.findings) - 1
    steps = dict.fromkeys(finding.next for finding in judgement.findings if finding.next)
    lines = [line for finding in judgement.findings for line in lines_of(finding)]
    summary = flat(first.message) + (f" (and {more} more)" if more else "")
    outcome = Outcome.DUE if judgement.due else Outcome.FAIL
    return Fate(outcome, own(summary), next="\n".join(steps), lines=tuple(lines))


def _unknown(item: pytest.Item, error: BaseException, *, teardown: bool = False) -> Fate:
    harmless: Any = safe(error)
    frames = getattr(harmless, "frames", ()) or places(error.__traceback__)
    if isinstance(harmless, Unmeasured) and not teardown:
        reason, message, source, step = (
            harmless.reason,
            harmless.message,
            harmless.source,
            _granting(harmless.next_step, item),
        )
        step = addressed(step, item.stash.get(ADDRESS, Address()))
    else:
        reason, message, source = "internal", str(harmless), ""
        step = (
            ""
            if item.config.stash[FULL_TRACE]
            else "the same command with --full-trace shows where; please report it"
        )
    lines = [f"could not measure ({reason}): {flat(message)}"]
    lines += [f"where: {flat(source)}"] if source else []
    lines += [f"next: {flat(step)}"] if step else []
    if item.config.stash[FULL_TRACE]:
        lines += [f"  {place}" for place in frames]
    return Fate(Outcome.UNKNOWN, flat(message), reason, source, step, tuple(lines))


def _granting(step: str, item: pytest.Item) -> str:
    """The step, whose ``upkeep rbac`` makes the Role for what this run looks at; by default that of the daily controls."""
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
    """The fate as the exception that pytest and Allure tell outcomes by."""
    text = "\n".join(fate.lines)
    told: dict[Outcome, BaseException] = {
        Outcome.FAIL: AssertionError(text),
        Outcome.DUE: AssertionError(text),
        Outcome.UNKNOWN: CouldNotMeasure(text),
        Outcome.NOT_APPLICABLE: pytest.skip.Exception(fate.summary),
    }
    if fate.outcome not in told:
        return None
    try:
        raise told[fate.outcome].with_traceback(trace)
    except (AssertionError, CouldNotMeasure, pytest.skip.Exception):
        return pytest.ExceptionInfo.from_current()


def _put(fate: Fate, report: Any, item: pytest.Item) -> None:
    """Makes pytest's report say the fate: an ERROR is what is not reported as ``call``."""
    report.outcome = {
        Outcome.PASS: "passed",
        Outcome.FAIL: "failed",
        Outcome.NOT_APPLICABLE: "skipped",
    }.get(fate.outcome, "failed")
    report.longrepr = "\n".join(fate.lines) or None
    if fate.outcome is Outcome.NOT_APPLICABLE:
        path, line, _ = item.location
        report.longrepr = (path, (line or 0) + 1, f"not applicable: {fate.summary}")
    if fate.outcome is Outcome.UNKNOWN and report.when == "call":
        report.when = "setup"
    if report.failed and not item.config.stash[FULL_TRACE]:
        report._pdbshown = True  # pytest's word for "has been told": reports.terminal lists it once, in three lines


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """pytest's protocol, but a check's reports go out when its outcome is settled, so that all formats count the same."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    _settle(item, reports)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _settle(item: pytest.Item, reports: Sequence[Any]) -> None:
    """One check, one outcome: what broke in its teardown takes away a pass, and leaves anything worse as it is."""
    fate = item.stash.get(FATE, None)
    if fate is None:
        return  # --setup-only: nothing was judged, and the ledger says so
    *before, teardown = reports
    if teardown.failed and fate.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
        fate = Fate(
            Outcome.UNKNOWN,
            teardown.longrepr.splitlines()[0],
            "internal",
            lines=tuple(teardown.longrepr.splitlines()),
        )
        _put(fate, before[-1], item)
        before[-1].when = "setup"
    if teardown.failed:
        teardown.outcome, teardown.longrepr = "passed", None
    item.stash[RESULT] = _result(
        item, fate, duration_seconds=sum(report.duration for report in reports)
    )


def _result(item: pytest.Item, fate: Fate, *, duration_seconds: float) -> Result:
    judgement = item.stash.get(JUDGEMENT, None)
    evidence = tuple(
        dataclasses.replace(each, source=own(each.source)) for each in item.stash.get(EVIDENCE, [])
    )
    judged = (
        judgement
        if judgement is not None and fate.outcome in (Outcome.PASS, Outcome.FAIL, Outcome.DUE)
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
            dataclasses.replace(
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
        valid_until=judged.valid_until if judged is not None else None,
        duration_seconds=duration_seconds,
    )
