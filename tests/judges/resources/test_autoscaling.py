"""scaling-sound: autoscalers, and room to grow where there is none."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.judges.resources.test_headroom import those, used
from tests.judges.samples import NOW, install
from upkeep.errors import Absent, NotApplicable, TooEarly
from upkeep.judges.resources import autoscaling
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.usage import Autoscaler
from upkeep.records.workload import Condition


def autoscaler(current: int = 2, **said: str) -> Autoscaler:
    """One that is able, active and within its range, unless it says otherwise: ``ScalingActive="False"``."""
    states = {"AbleToScale": "True", "ScalingActive": "True", "ScalingLimited": "False"} | said
    reasons = {"ScalingLimited": "TooManyReplicas"}
    return Autoscaler(
        "cano",
        2,
        5,
        current,
        tuple(
            Condition(kind, word, reasons.get(kind, "x")) for kind, word in states.items() if word
        ),
    )


def scaling(*autoscalers: Autoscaler, usages: Any = (), **limits: float) -> Judgement:
    return autoscaling.scaling_sound(
        autoscalers, usages, those(), now=NOW, limits=Limits(limits), install=install()
    )


def test_an_autoscaler_with_room_passes_whatever_is_used():
    judgement = scaling(autoscaler(), usages=Absent("no metrics"))
    assert (judgement.findings, judgement.observed) == ((), "cano: 2 of 2 to 5 replicas")


@pytest.mark.parametrize(
    ("autoscalers", "codes"),
    [
        ((autoscaler(AbleToScale="False"),), ["cannot-scale"]),
        ((autoscaler(ScalingActive="False"),), ["scaling-inactive"]),
        ((autoscaler(ScalingActive="Unknown"),), ["scaling-inactive"]),
        ((autoscaler(ScalingLimited="True"),), ["pinned-at-maximum"]),
        ((autoscaler(5),), ["pinned-at-maximum"]),
        ((autoscaler(), autoscaler()), ["autoscalers-overlap"]),
    ],
)
def test_an_autoscaler_that_is_not_sound_is_named(autoscalers, codes):
    assert [finding.code for finding in scaling(*autoscalers).findings] == codes


def test_an_autoscaler_that_reads_some_of_its_metrics_is_not_sound():
    """kubernetes/kubernetes#74052: ScalingActive stays True while one metric can be read."""
    (finding,) = scaling(replace(autoscaler(), unread=("External queue_length",))).findings
    assert (finding.code, finding.observed) == ("metric-unread", 1)
    assert "cannot read 1 metric (External queue_length)" in finding.message


def test_an_autoscaler_that_says_nothing_is_not_judged():
    with pytest.raises(TooEarly, match="has not reported its conditions yet"):
        scaling(autoscaler(ScalingActive=""))
    pinned = scaling(autoscaler(5, ScalingActive=""))
    assert [finding.code for finding in pinned.findings] == ["pinned-at-maximum"]
    assert isinstance(pinned.unmeasured, TooEarly)


def test_without_an_autoscaler_the_use_must_be_known_and_leave_room():
    with pytest.raises(Absent, match="no metrics"):
        scaling(usages=Absent("no metrics"))
    with pytest.raises(NotApplicable, match="on purpose"):
        scaling(usages=NotApplicable("on purpose"))


@pytest.mark.parametrize(
    ("memory", "limit", "codes"),
    [(0.5, 0.6, []), (0.61, 0.6, ["no-room-to-grow"]), (0.61, 0.7, [])],
)
def test_without_an_autoscaler_growth_must_fit_into_what_is_there(
    memory: float, limit: float, codes: list[str]
):
    judgement = scaling(usages=(used("a", memory=memory), used("b")), scaling_usage=limit)
    assert ([finding.code for finding in judgement.findings], judgement.limit) == (codes, limit)
    assert judgement.observed.startswith(
        f"no autoscaler; highest: CPU 4 %, memory {memory * 100:.0f} %"
    )
