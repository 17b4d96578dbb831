"""The gate's verdict: is a deployment allowed?

The gate is closed unless every gated control passed. The codes are listed in README.md, "The gate".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from upkeep.model import Outcome, Result


class Code(IntEnum):
    """The exit codes."""

    OPEN = 0
    FAILED = 10
    OUTSIDE = 11
    UNMEASURED = 12
    OVERDUE = 13
    INVALID = 14


# Where several apply, the first of these is the verdict.
ORDER = (Code.FAILED, Code.INVALID, Code.UNMEASURED, Code.OVERDUE, Code.OUTSIDE)

SAYS: Mapping[Code, str] = {
    Code.OPEN: "open",
    Code.FAILED: "closed: a gated control failed",
    Code.INVALID: "closed: the sign-off or waiver of a gated control is invalid or expired",
    Code.UNMEASURED: "closed: a gated control could not be measured or was not run",
    Code.OVERDUE: "closed: a cadence is overdue",
    Code.OUTSIDE: "closed by --gate-strict: a control outside the gate fell short",
}

# The code of each outcome of a gated control. Every outcome is listed, so a new one cannot open the gate.
_OF: Mapping[Outcome, Code] = {
    Outcome.PASS: Code.OPEN,
    Outcome.WAIVED: Code.OPEN,
    Outcome.NOT_APPLICABLE: Code.OPEN,
    Outcome.FAIL: Code.FAILED,
    Outcome.DUE: Code.INVALID,
    Outcome.UNKNOWN: Code.UNMEASURED,
    Outcome.NOT_RUN: Code.UNMEASURED,
}
_JUDGED = frozenset({Outcome.PASS, Outcome.WAIVED, Outcome.FAIL})


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a closed gate. ``control`` is empty for a reason of the whole run or target."""

    code: Code
    text: str
    control: str = ""
    target: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict with all reasons, the deciding ones first. ``judged`` counts the judged gated controls."""

    code: Code
    reasons: tuple[Reason, ...]
    judged: int

    @property
    def sentence(self) -> str:
        """Return the verdict in words."""
        return SAYS[self.code]


def verdict(
    results: Sequence[Result], *, strict: bool = False, stopped: Sequence[str] = ()
) -> Verdict:
    """Return the verdict over the results of a run, including the controls that were not run.

    :param strict: count controls outside the gate too, after all others.
    :param stopped: errors of the whole run (an interrupt, an internal error); each closes the gate.
    """
    reasons = [Reason(Code.UNMEASURED, text) for text in stopped]
    gated = [result for result in results if result.control.gate]
    for target in dict.fromkeys(result.target for result in results) or [""]:
        if not any(result.outcome in _JUDGED for result in gated if result.target == target):
            reasons.append(
                Reason(
                    Code.UNMEASURED,
                    "no gated control was measured on this target",
                    target=target,
                )
            )
    reasons += [
        _reason(result, _OF[result.outcome])
        for result in gated
        if _OF[result.outcome] is not Code.OPEN
    ]
    if strict:
        outside = [
            result
            for result in results
            if not result.control.gate and _OF[result.outcome] is not Code.OPEN
        ]
        reasons += [_reason(result, Code.OUTSIDE) for result in outside]
    reasons.sort(key=lambda reason: ORDER.index(reason.code))
    judged = sum(result.outcome in _JUDGED for result in gated)
    return Verdict(reasons[0].code if reasons else Code.OPEN, tuple(reasons), judged)


def _reason(result: Result, code: Code) -> Reason:
    return Reason(
        code,
        result.summary,
        control=result.control.id,
        target=result.target,
        outcome=result.outcome.value,
    )
