"""What a bundle holds of a sweep, and what is derived again from it."""

import ast
import importlib
import inspect
import textwrap
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from tests.adapters.folders.test_bundle import TARGET, header
from upkeep.clock import Clock
from upkeep.errors import (
    Absent,
    BadInput,
    Forbidden,
    NotApplicable,
    TooEarly,
    Truncated,
    Unmeasured,
)
from upkeep.records.bundle import Bundle, BundledTarget
from upkeep.records.counters import Sample
from upkeep.records.serving import HealthAnswer, Unanswered
from upkeep.records.workload import ContainerSpec
from upkeep.replay import GIVEN, Replay, bundled, held
from upkeep.sweep import Measurement, Sweep, declared_in

SUBJECTS = (
    "access", "alerts", "attestations", "backups", "configuration", "logs", "monitoring",
    "rehearsals", "releases", "resources", "workload",
)  # fmt: skip
MEASUREMENTS = declared_in([importlib.import_module(f"fixtures.{one}") for one in SUBJECTS])
# The values of the run that _prepare provides and no bundle can give again.
LIVE = {
    "kube", "acting", "helm", "clock", "meter", "backups", "exports", "attestations",
    "backup_identity", "backup_identities", "emergency_config",
}  # fmt: skip


def test_every_need_of_a_measurement_is_given_measured_or_live() -> None:
    needs = {need for one in MEASUREMENTS.values() for need in one.needs}
    assert needs - set(MEASUREMENTS) == GIVEN | LIVE


def test_what_needs_the_cluster_is_held_and_everything_else_is_derived() -> None:
    found = held(MEASUREMENTS)
    assert {"deployments", "counter_history", "prometheus_counters", "routed"} <= set(found)
    derived = set(MEASUREMENTS) - set(found)
    assert {"collector", "install", "timing_history", "backup_jobs"} <= derived
    handles = {name for name, one in MEASUREMENTS.items() if one.handle}
    assert handles == {"collector_http", "prometheus", "alertmanager"}
    assert not {need for name in derived for need in MEASUREMENTS[name].needs} & handles


def test_what_derives_takes_of_the_settings_only_what_a_bundle_has() -> None:
    taken = set()
    for name in set(MEASUREMENTS) - set(held(MEASUREMENTS)):
        text = textwrap.dedent(inspect.getsource(MEASUREMENTS[name].take))
        taken |= {
            node.attr
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "target"
        }
    assert taken == {"deployment", "secret_readers"}
    assert taken <= set(BundledTarget.__struct_fields__)


def again(take: Any, record: Any = None, *, needs: tuple[str, ...] = ("kube",)) -> Sweep:
    """Return the replay of a sweep with one measurement, through the bytes of a bundle."""
    one = {"one": Measurement("one", take, needs, record=record)}
    live = Sweep(one, {"kube": None}, clock=Clock(), deadline_seconds=60)
    live.take(["one"])
    kept = [
        msgspec.json.decode(msgspec.json.encode(each), type=type(each))
        for each in bundled(live, target="default")
    ]
    whole = Bundle("b", "", header(), {(each.target, each.name): each for each in kept})
    replay = Replay(one, whole, TARGET, clock=Clock())
    replay.take(["one"])
    return replay


RECORDS = [
    ((Sample("a", {"le": "+Inf"}, float("inf")), Sample("b", {}, 0.1)), tuple[Sample, ...]),
    (
        (HealthAnswer("p", "/h", 200, True, 0.25), Unanswered("p", "/h", "Forbidden", "no")),
        tuple[HealthAnswer | Unanswered, ...],
    ),
    ({"a/b": ("x", "ü\n")}, dict[str, tuple[str, ...]]),
    ("allowed", str),
    (None, HealthAnswer | Unmeasured | None),
]


@pytest.mark.parametrize(("record", "kind"), RECORDS)
def test_a_record_comes_back_equal(record: Any, kind: Any) -> None:
    assert again(lambda kube: record, kind).of("one") == record


def test_a_number_that_is_none_comes_back() -> None:
    (sample,) = again(lambda kube: (Sample("a", {}, float("nan")),), tuple[Sample, ...]).of("one")
    assert sample.value != sample.value


def raising(error: Exception) -> Any:
    def take(kube: object) -> None:
        raise error

    return take


ERRORS = [
    Forbidden("may not list pods", source="GET /pods", next_step="upkeep rbac | kubectl apply -f -"),
    Truncated("cut"),
    TooEarly("in a day"),
    Unmeasured("some"),
    NotApplicable("no Prometheus"),
]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_comes_back_as_it_was(error: Exception) -> None:
    sweep = again(raising(error))
    with pytest.raises(type(error)) as caught:
        sweep.of("one")
    assert vars(caught.value) == vars(error)
    assert str(caught.value) == str(error)
    assert type(caught.value) is type(error)


def test_an_internal_error_keeps_the_name_of_its_class() -> None:
    sweep = again(raising(KeyError("x")))
    with pytest.raises(Exception, match="x") as caught:
        sweep.of("one")
    assert type(caught.value).__name__ == "KeyError"


def test_an_error_that_is_handed_on_is_a_record() -> None:
    found = again(lambda kube: Absent("none"), HealthAnswer | Unmeasured).of("one")
    assert (type(found), str(found)) == (Absent, "none")


def test_a_record_of_another_type_than_declared_is_told_and_not_lost() -> None:
    sweep = again(lambda kube: "text", tuple[Sample, ...])
    with pytest.raises(Exception, match="not as it is declared"):
        sweep.of("one")


def test_a_credential_in_a_command_is_not_kept() -> None:
    url = "https://hooks.example/services/T1/B2/aBcDeFgHiJkLmNoPqRsTuV12"
    spec = ContainerSpec("c", "i", command=("sh", "-c", f"curl {url} && mc alias set s {url}"))
    (kept,) = again(lambda kube: (spec,), tuple[ContainerSpec, ...]).of("one")
    assert "aBcDeF" not in kept.command[2]
    assert kept.command[:2] == ("sh", "-c")


def test_a_measurement_that_the_run_did_not_take_is_absent() -> None:
    one = {"one": Measurement("one", lambda kube: 1, ("kube",))}
    replay = Replay(one, Bundle("b", "", header(), {}), TARGET, clock=Clock())
    replay.take(["one"])
    with pytest.raises(Absent, match=r"does not hold one\. Its run was selected with: -m daily"):
        replay.of("one")


@dataclass(frozen=True)
class Newer:
    """A record with a field that bundles of an earlier version lack."""

    name: str
    privileged: bool = False


@dataclass(frozen=True)
class Older:
    name: str


def test_a_record_of_another_version_is_refused_where_a_field_would_be_defaulted() -> None:
    one = Measurement("one", lambda kube: Older("a"), ("kube",), record=Older)
    live = Sweep({"one": one}, {"kube": None}, clock=Clock(), deadline_seconds=60)
    live.take(["one"])
    (kept,) = bundled(live, target="default")
    whole = Bundle("b", "", header(), {("default", "one"): kept})
    changed = {"one": replace(one, record=Newer)}
    with pytest.raises(BadInput, match="one of target default was altered, or written by another"):
        Replay(changed, whole, TARGET, clock=Clock())
