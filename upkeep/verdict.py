"""The gate's verdict: may this be deployed?

Closed unless every gated control was measured and found good. Source: contract.md, "The gate's exit code".
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
    Code.INVALID: "closed: a waiver or an attestation that a gated control depends on is invalid or expired",
    Code.UNMEASURED: "closed: a gated control could not be measured, or was not run",
    Code.OVERDUE: "closed: a cadence is overdue",
    Code.OUTSIDE: "closed by --gate-strict: only controls outside the gate fell short",
}

# What each outcome of a gated control says. Every outcome is here: one that is not known cannot open the gate.
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
    """One reason that keeps the gate shut. ``control`` is empty for a reason of the whole run or target."""

    code: Code
    text: str
    control: str = ""
    target: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict with all its reasons, the deciding ones first. ``judged`` counts the gated controls that were measured and judged."""

    code: Code
    reasons: tuple[Reason, ...]
    judged: int

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return SAYS[self.code]


def verdict(
    results: Sequence[Result], *, strict: bool = False, stopped: Sequence[str] = ()
) -> Verdict:
    """The verdict over the results of a run, those that were not run included.

    :param strict: controls outside the gate count too, after all others.
    :param stopped: what went wrong with the run as a whole (interrupted, an internal error): each keeps the gate shut.
    """
    reasons = [Reason(Code.UNMEASURED, text) for text in stopped]
    gated = [result for result in results if result.control.gate]
    for target in dict.fromkeys(result.target for result in results) or [""]:
        if not any(result.outcome in _JUDGED for result in gated if result.target == target):
            reasons.append(
                Reason(
                    Code.UNMEASURED,
                    "no gated control was judged, so nothing speaks for opening",
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
