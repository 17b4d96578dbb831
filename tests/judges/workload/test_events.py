"""warning-events: warnings of the window, the newest first, each kind once; what is older or no warning is none."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.judges.samples import NOW, install
from upkeep.judges.workload.events import none_warns
from upkeep.limits import Limits
from upkeep.records.events import KubernetesEvent

INSTALL = install()


def event(minutes: float = 5, **changes) -> KubernetesEvent:
    plain = {
        "kind": "Pod",
        "name": "a",
        "type": "Warning",
        "reason": "BackOff",
        "message": "back-off",
        "count": 1,
    }
    return KubernetesEvent(**{**plain, **changes}, last=NOW - timedelta(minutes=minutes))


def judge(*events: KubernetesEvent, **limits: float):
    return none_warns(events, now=NOW, limits=Limits(limits), install=INSTALL)


def test_what_is_no_warning_or_older_is_none():
    judgement = judge(event(type="Normal"), event(61), event(7 * 24 * 60))
    assert (judgement.findings, judgement.observed) == ((), "0 warnings in 3 stored events")


def test_an_event_of_a_further_type_or_of_none_is_a_warning():
    """core/v1 Event: Normal, Warning, "new types could be added in the future"."""
    assert len(judge(event(type=""), event(type="Error", reason="Failed")).findings) == 2


def test_the_window_is_a_limit_and_its_end_counts():
    assert len(judge(event(60)).findings) == 1
    assert judge(event(60), event_window=600).findings == ()


def test_alike_are_one_finding_with_their_sum_the_newest_first():
    first, second = judge(
        event(30, count=4),
        event(20, count=3, message="again"),
        event(2, reason="FailedMount", name="b"),
    ).findings
    assert (first.object, first.observed, second.observed) == ("Pod/b", 1, 7)
    assert second.message == "Pod/a: BackOff, 7 times, last 20 min ago: again"
    assert second.next == "kubectl -n monitoring get events --field-selector involvedObject.name=a"


def test_no_secret_of_a_message_is_shown():
    (finding,) = judge(event(message="Authorization: Bearer hunter2hunter2hunter2")).findings
    assert "hunter2" not in finding.message


@given(st.lists(st.floats(0, 59), min_size=1, max_size=8))
def test_a_further_warning_never_makes_it_pass(ages):
    assert judge(*(event(age) for age in ages)).findings


def test_the_name_in_an_event_is_any_text_and_no_command():
    """Nobody checks what an event is about, and whoever may create events chooses it."""
    (finding,) = judge(event(name="a; touch b")).findings
    assert (
        finding.next
        == "kubectl -n monitoring get events --field-selector involvedObject.name='a; touch b'"
    )
