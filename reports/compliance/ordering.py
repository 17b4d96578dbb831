"""In which order and in which words do reports list the outcomes?"""

from collections.abc import Sequence

from msgspec import Struct

from upkeep.model import SEVERITIES, Outcome, Result
from upkeep.results import counts

# The most important outcome for an auditor first, with its words.
ORDER = {
    Outcome.FAIL: "failed",
    Outcome.DUE: "due",
    Outcome.UNKNOWN: "could not be measured",
    Outcome.NOT_RUN: "was not run",
    Outcome.WAIVED: "waived",
    Outcome.PASS: "passed",
    Outcome.NOT_APPLICABLE: "not applicable",
}
_GOOD = {Outcome.PASS, Outcome.WAIVED, Outcome.NOT_APPLICABLE}


class Group(Struct, frozen=True):
    """The controls with one outcome, the gravest first."""

    outcome: Outcome
    title: str
    results: tuple[Result, ...]


def verdict(results: Sequence[Result], *, stopped: Sequence[str] = ()) -> str:
    """Return the run in one sentence."""
    short = [result for result in results if result.outcome not in _GOOD]
    judged = len(results) - sum(result.outcome is Outcome.NOT_APPLICABLE for result in results)
    if not judged:
        sentence = "No control was judged."
    elif not short:
        sentence = f"All {judged} controls pass." if judged > 1 else "The control passes."
    else:
        numbers = counts(short)
        words = {
            Outcome.FAIL: "failed",
            Outcome.DUE: "due",
            Outcome.UNKNOWN: "could not be measured",
            Outcome.NOT_RUN: "not run",
        }
        parts = ", ".join(
            f"{numbers[outcome]} {word}" for outcome, word in words.items() if numbers[outcome]
        )
        sentence = f"{len(short)} of {judged} controls did not pass: {parts}."
    return " ".join([sentence, *(f"{text[0].upper()}{text[1:]}." for text in stopped)])


def groups(results: Sequence[Result]) -> list[Group]:
    """Return the results by outcome, the most important first."""
    found = []
    for outcome, title in ORDER.items():
        mine = [result for result in results if result.outcome is outcome]
        mine.sort(
            key=lambda result: (
                SEVERITIES.index(result.control.severity),
                result.control.id,
                result.target,
            )
        )
        if mine:
            found.append(Group(outcome, title, tuple(mine)))
    return found
