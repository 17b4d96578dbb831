"""The gate's verdict: may this be deployed?

Closed unless every gated control was measured and found good. Source: docs/controls.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from msgspec import Struct, field

from upkeep.domain.decisions.overdue import CadenceStanding, Standing
from upkeep.domain.decisions.waiving import standing_override
from upkeep.model import Outcome, Result
from upkeep.records.decisions import Override
from upkeep.shell import Command, arguments, shell


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
    Code.INVALID: "closed: a sign-off, waiver, override or ledger is invalid or expired",
    Code.UNMEASURED: "closed: a gated control could not be measured or was not run",
    Code.OVERDUE: "closed: a cadence is overdue",
    Code.OUTSIDE: "closed by --gate-strict: a control outside the gate fell short",
}
BY_OVERRIDE = "OPEN BY OVERRIDE"

# What each outcome of a gated control says. An outcome that is not here cannot open the gate.
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


class Reason(Struct, frozen=True):
    """One reason that keeps the gate shut.

    ``control`` is empty for a reason of a whole target, ``target`` too for one of the whole run.
    """

    code: Code
    text: str
    control: str = ""
    target: str = ""
    outcome: str = ""


class Verdict(Struct, frozen=True):
    """The verdict with all its reasons, the deciding ones first.

    :ivar judged: how many gated controls were measured and judged.
    :ivar targets: target -> the code of its own reasons and those of the whole run.
    :ivar overridden: target -> the override that opened its gate.
    """

    code: Code
    reasons: tuple[Reason, ...]
    judged: int
    targets: Mapping[str, Code] = field(default_factory=dict)
    overridden: Mapping[str, Override] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        if self.code is Code.OPEN and self.overridden:
            return BY_OVERRIDE
        return SAYS[self.code]


class Memory(Struct, frozen=True):
    """What a verdict takes from ledger and decisions beside the results.

    :ivar now: the instant at which overrides are held against their time.
    :ivar standings: where each cadence stands on each target; none without a ledger.
    :ivar invalid: sentences about waivers, overrides or a ledger that cannot be relied on.
    :ivar overrides: the overrides of the file.
    """

    now: datetime
    standings: Sequence[CadenceStanding] = ()
    invalid: Sequence[str] = ()
    overrides: Sequence[Override] = ()


def verdict(
    results: Sequence[Result],
    *,
    strict: bool = False,
    stopped: Sequence[str] = (),
    memory: Memory | None = None,
) -> Verdict:
    """Return the verdict over the results of a run, those that were not run included.

    :param strict: controls outside the gate count too, after all others.
    :param stopped: what went wrong with the run as a whole: each keeps the gate shut.
    """
    reasons = [Reason(Code.UNMEASURED, text) for text in stopped]
    reasons += _of_results(results, strict=strict)
    if memory is not None:
        reasons += [Reason(Code.INVALID, text) for text in memory.invalid]
        reasons += [
            Reason(Code.OVERDUE, overdue_text(one), target=one.target)
            for one in memory.standings
            if one.standing is Standing.OVERDUE
        ]
    reasons.sort(key=lambda reason: ORDER.index(reason.code))
    targets = list(
        dict.fromkeys(
            [result.target for result in results] + [r.target for r in reasons if r.target]
        )
    )
    codes = {target: _code(r for r in reasons if r.target in ("", target)) for target in targets}
    overridden = {}
    for target in targets:
        if memory is None or codes[target] is Code.OPEN:
            continue
        found = standing_override(memory.overrides, target=target, now=memory.now)
        if found is not None:
            overridden[target], codes[target] = found, Code.OPEN
    left = [reason for reason in reasons if reason.target not in overridden]
    if targets and all(target in overridden for target in targets):
        left = []  # a reason of the whole run is overridden where every target is
    judged = sum(result.outcome in _JUDGED for result in results if result.control.gate)
    return Verdict(_code(left), tuple(reasons), judged, codes, overridden)


def overdue_text(one: CadenceStanding) -> str:
    """Return the sentence about an overdue cadence."""
    if one.last is None:
        return f"{one.cadence} is overdue: the ledger has no complete {one.cadence} run"
    return f"{one.cadence} is overdue: its last complete run began {one.last:%Y-%m-%d %H:%M} UTC"


def due_command(targets: Iterable[str], *, ledger: Path, settings: Path | None) -> Command:
    """Return the command that runs what is due on these targets.

    :param settings: the settings file, where it is not the one of the present folder.
    """
    names = list(dict.fromkeys(targets))
    options = [f"--ledger={ledger}"] + ([f"--settings={settings}"] if settings else [])
    # A run without --target has one target of this name.
    options += [f"--target={name}" for name in names] if names != ["default"] else []
    return shell("upkeep run --due {}", arguments(options))


def _code(reasons: Iterable[Reason]) -> Code:
    found = [reason.code for reason in reasons]
    return min(found, key=ORDER.index, default=Code.OPEN)


def _of_results(results: Sequence[Result], *, strict: bool) -> list[Reason]:
    reasons = []
    gated = [result for result in results if result.control.gate]
    for target in dict.fromkeys(result.target for result in results) or [""]:
        if not any(result.outcome in _JUDGED for result in gated if result.target == target):
            text = "no gated control was measured"
            reasons.append(Reason(Code.UNMEASURED, text, target=target))
    reasons += [
        _reason(result, _OF[result.outcome])
        for result in gated
        if _OF[result.outcome] is not Code.OPEN
    ]
    if strict:
        reasons += [
            _reason(result, Code.OUTSIDE)
            for result in results
            if not result.control.gate and _OF[result.outcome] is not Code.OPEN
        ]
    return reasons


def _reason(result: Result, code: Code) -> Reason:
    return Reason(
        code,
        result.summary,
        control=result.control.id,
        target=result.target,
        outcome=result.outcome.value,
    )
