"""Two runs compared, finding by finding: new, fixed, unchanged, not comparable.

The identity of a finding is control, target, code and owner: a rollout changes none of them.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from upkeep.records.ledger import KeptResult

# Outcomes that say what is wrong; after any other nothing is known of the control's findings.
_JUDGED = {"pass", "fail", "due", "waived"}


class FindingIdentity(Struct, frozen=True, order=True):
    """The identity of a finding over rollouts and runs."""

    target: str
    control: str
    code: str
    owner: str


class Incomparable(Struct, frozen=True):
    """A control on a target that cannot be compared, and why."""

    target: str
    control: str
    reason: str


class Comparison(Struct, frozen=True):
    """What changed from an earlier run to a later one."""

    new: tuple[FindingIdentity, ...]
    fixed: tuple[FindingIdentity, ...]
    unchanged: tuple[FindingIdentity, ...]
    incomparable: tuple[Incomparable, ...]


def identities(result: KeptResult) -> Counter[FindingIdentity]:
    """Return the identities of a result's findings, with their number."""
    return Counter(
        FindingIdentity(result.target, result.control, finding.code, finding.owner)
        for finding in result.findings
    )


def compare(
    earlier: Iterable[KeptResult], later: Iterable[KeptResult], *, alike: str = ""
) -> Comparison:
    """Return what changed between the results of two runs.

    :param alike: why the runs as a whole are not comparable (their limits or versions differ);
        empty where they are. Then a finding that comes or goes proves nothing, and is listed so.
    """
    before = {(one.target, one.control): one for one in earlier}
    after = {(one.target, one.control): one for one in later}
    new, fixed, unchanged, incomparable = [], [], [], []
    for key in dict.fromkeys([*before, *after]):
        target, control = key
        one, other = before.get(key), after.get(key)
        reason = _reason(one, other)
        if reason or one is None or other is None:
            incomparable.append(Incomparable(target, control, reason))
            continue
        old, now = identities(one), identities(other)
        if alike and old.keys() != now.keys():
            incomparable.append(Incomparable(target, control, alike))
        else:
            new += sorted(now.keys() - old.keys())
            fixed += sorted(old.keys() - now.keys())
        unchanged += sorted(old.keys() & now.keys())
    return Comparison(tuple(new), tuple(fixed), tuple(unchanged), tuple(incomparable))


def _reason(one: KeptResult | None, other: KeptResult | None) -> str:
    """Return why a control cannot be compared; empty where it can."""
    if one is None:
        return "not in the earlier run"
    if other is None:
        return "not in the later run"
    for which, result in (("earlier", one), ("later", other)):
        if result.outcome not in _JUDGED:
            why = f": {result.reason}" if result.reason else ""
            return f"{result.outcome} in the {which} run{why}"
    return ""


def first_seen(
    history: Iterable[tuple[datetime, Iterable[KeptResult]]], wanted: Iterable[FindingIdentity]
) -> dict[FindingIdentity, datetime]:
    """Return since when findings are there without a gap; one that no earlier run had is left out.

    A run that did not judge the control, or could not measure it, is no gap.

    :param history: start and results of earlier runs, the newest first.
    """
    open_, since = set(wanted), dict[FindingIdentity, datetime]()
    for started, results in history:
        if not open_:
            break
        controls = {(one.target, one.control) for one in open_}
        for result in results:
            if (result.target, result.control) not in controls or result.outcome not in _JUDGED:
                continue
            there = identities(result)
            for one in [
                each
                for each in open_
                if (each.target, each.control) == (result.target, result.control)
            ]:
                if one in there:
                    since[one] = started
                else:
                    open_.discard(one)
    return since
