"""The gate's verdict over results: the table of README.md, "The gate", and two properties."""

import msgspec.structs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzzing import examples
from tests.reports.samples import CONTROL
from upkeep.model import Outcome, Result
from upkeep.verdict import verdict

OUTSIDE = msgspec.structs.replace(CONTROL, id="pods-stable", gate=False)
GOOD = Result(CONTROL, "default", Outcome.PASS, "fine")


def gated(*outcomes: str) -> list[Result]:
    return [
        Result(msgspec.structs.replace(CONTROL, id=f"g{i}"), "default", Outcome(word), word)
        for i, word in enumerate(outcomes)
    ]


def outside(*outcomes: str) -> list[Result]:
    return [Result(OUTSIDE, "default", Outcome(word), word) for word in outcomes]


@pytest.mark.parametrize(
    ("results", "strict", "code"),
    [
        (gated("pass"), False, 0),
        (gated("pass", "waived", "not-applicable"), False, 0),
        (gated("waived"), False, 0),
        (gated("pass", "fail"), False, 10),
        (gated("pass", "unknown"), False, 12),
        (gated("pass", "not-run"), False, 12),
        (gated("pass", "due"), False, 14),
        (gated("unknown", "due", "fail"), False, 10),
        (gated("unknown", "due"), False, 14),
        (gated("not-applicable"), False, 12),
        ([], False, 12),
        (outside("pass"), False, 12),
        (gated("pass") + outside("fail", "unknown"), False, 0),
        (gated("pass") + outside("fail"), True, 11),
        (gated("pass") + outside("unknown"), True, 11),
        (gated("pass") + outside("not-run"), True, 11),
        (gated("pass") + outside("pass", "not-applicable", "waived"), True, 0),
        (gated("unknown") + outside("fail"), True, 12),
        (gated("fail") + outside("fail"), True, 10),
    ],
)
def test_the_table(results, strict, code):
    assert verdict(results, strict=strict).code == code


def test_all_reasons_are_there_the_deciding_first():
    decided = verdict(
        gated("unknown", "fail", "pass", "not-run"), stopped=["the run was interrupted"]
    )
    assert [(int(reason.code), reason.control, reason.text) for reason in decided.reasons] == [
        (10, "g1", "fail"),
        (12, "", "the run was interrupted"),
        (12, "g0", "unknown"),
        (12, "g3", "not-run"),
    ]
    assert decided.judged == 2
    assert decided.sentence == "closed: a gated control failed"


def test_a_target_on_which_nothing_was_judged_keeps_it_shut():
    decided = verdict(
        [GOOD, msgspec.structs.replace(GOOD, target="prod-us", outcome=Outcome.NOT_APPLICABLE)]
    )
    assert [(int(reason.code), reason.target) for reason in decided.reasons] == [(12, "prod-us")]


def test_an_interrupted_run_never_opens():
    assert verdict([GOOD], stopped=["the run was interrupted"]).code == 12


RESULTS = st.lists(
    st.builds(
        lambda gate, outcome: Result(
            msgspec.structs.replace(CONTROL, gate=gate), "default", outcome, "x"
        ),
        st.booleans(),
        st.sampled_from(Outcome),
    )
)


@settings(max_examples=examples(200), deadline=None)
@given(
    RESULTS,
    st.integers(min_value=0),
    st.sampled_from([Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_RUN, Outcome.DUE]),
)
def test_making_one_gated_control_worse_never_opens(results, which, worse):
    marked = [index for index, result in enumerate(results) if result.control.gate]
    if marked:
        index = marked[which % len(marked)]
        results = [
            *results[:index],
            msgspec.structs.replace(results[index], outcome=worse),
            *results[index + 1 :],
        ]
        assert verdict(results).code != 0


@settings(max_examples=examples(200), deadline=None)
@given(RESULTS)
def test_open_means_that_something_gated_was_judged_and_nothing_gated_fell_short(results):
    good = {Outcome.PASS, Outcome.WAIVED, Outcome.NOT_APPLICABLE}
    mine = [result.outcome for result in results if result.control.gate]
    opens = all(outcome in good for outcome in mine) and any(
        outcome is not Outcome.NOT_APPLICABLE for outcome in mine
    )
    assert (verdict(results).code == 0) is opens
