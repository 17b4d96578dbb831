"""What does a judge say when the source of earlier counters is there and cannot be read?"""

import importlib
import inspect
import pkgutil

import pytest
from msgspec.structs import replace

import upkeep.judges
from tests.judges.counting.counter_samples import INSTALL, LIMITS, history, snapshot
from tests.judges.samples import NOW, ago
from upkeep.errors import Forbidden, TooEarly, Unmeasured, of_reason
from upkeep.judges.alerts import delivery
from upkeep.model import Judgement
from upkeep.records.configuration import Destination
from upkeep.records.counters import CounterHistory
from upkeep.records.stopped import Stopped

REFUSED = Stopped(
    "forbidden",
    "GET …/query_range answered 403.",
    "query_range",
    "upkeep rbac | kubectl apply -f -",
)
# Lost alerts are told from those in flight by reading again, not by an older sample.
NO_HISTORY_NEEDED = {"upkeep.judges.alerts.accounting.accounted_for"}


def used(those: CounterHistory) -> Judgement:
    ops = (Destination("ops", "slack"),)
    return delivery.used(those, ops, (), now=NOW, limits=LIMITS, install=INSTALL)


def open_history() -> CounterHistory:
    """A process of three days of which no earlier sample is known."""
    return history(snapshot(sent={"ops": 4}))


def test_a_source_that_refused_is_the_reason_and_gives_the_next_step() -> None:
    with pytest.raises(
        Forbidden,
        match=r"^GET …/query_range answered 403\. Without it the history of the metrics is too short\.$",
    ) as caught:
        used(replace(open_history(), stopped=REFUSED))
    assert (caught.value.source, caught.value.next_step) == (REFUSED.source, REFUSED.next_step)


def test_without_such_a_source_it_is_too_early() -> None:
    with pytest.raises(TooEarly):
        used(open_history())


def test_a_source_that_was_not_needed_changes_nothing() -> None:
    known = history(snapshot(sent={"ops": 4}, started=ago(hours=12)))
    assert used(replace(known, stopped=REFUSED)).observed == used(known).observed


def test_every_reason_has_its_kind_and_no_other_word_has() -> None:
    kinds = [Unmeasured]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {of_reason(kind.reason) for kind in kinds} == set(kinds)
    with pytest.raises(LookupError, match="forbiden"):
        of_reason("forbiden")


def test_every_judge_of_counters_says_so() -> None:
    """A judge that was forgotten would send the reader away until tomorrow, and a day later again."""
    found = {}
    for module in pkgutil.walk_packages(upkeep.judges.__path__, "upkeep.judges."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if inspect.isfunction(value) and value.__module__ == module.name:
                types = inspect.get_annotations(value)
                if types.get("return") is Judgement and CounterHistory in types.values():
                    found[f"{module.name}.{name}"] = hasattr(value, "__wrapped__")
    assert {name for name, told in found.items() if not told} == NO_HISTORY_NEEDED
    assert len(found) > 8
