"""apis-served: this Kubernetes minor and the next serve what the release is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import ago
from upkeep.errors import Absent
from upkeep.judges.releases.served_apis import apis_served
from upkeep.records.releases import HelmRelease, ReleasedObject, ServedApis

SERVED = ServedApis(
    "v1.36.3",
    1,
    36,
    ("v1", "apps/v1", "policy/v1"),
    (("v1", "Service"), ("apps/v1", "Deployment"), ("policy/v1", "PodDisruptionBudget")),
)


def release(*objects: tuple[str, str]) -> HelmRelease:
    made = tuple(
        ReleasedObject(version, kind, "", f"x-{number}")
        for number, (version, kind) in enumerate(objects)
    )
    return HelmRelease(
        "cano",
        "kubecano",
        3,
        "deployed",
        "cano-collector",
        "1.4.2",
        "1.4.2",
        ago(days=9),
        "Secret",
        made,
    )


def serving(minor: int, *more: tuple[str, str]) -> ServedApis:
    return replace(SERVED, version=f"v1.{minor}.0", minor=minor, kinds=(*SERVED.kinds, *more))


PDB = ("policy/v1beta1", "PodDisruptionBudget")


def test_what_is_served_and_stays_passes() -> None:
    judgement = apis_served(
        release(("v1", "Service"), ("v1", "Service"), ("apps/v1", "Deployment")), SERVED
    )
    assert (judgement.findings, judgement.observed) == ((), "2 kinds of 3 objects served")
    assert judgement.limit == "served by 1.36 and 1.37"
    assert (
        judgement.basis
        == "revision 3 of Helm release cano; discovery of v1.36.3; removals up to Kubernetes 1.37"
    )


def test_what_is_not_served_is_named_with_what_replaces_it() -> None:
    (finding,) = apis_served(release(("v1", "Service"), PDB, PDB), SERVED).findings
    assert (finding.object, finding.code, finding.observed, finding.limit) == (
        *("PodDisruptionBudget/x-1", "api-not-served", "not served"),
        "policy/v1beta1",
    )
    assert finding.message == (
        "PodDisruptionBudget x-1, x-2 of Helm release cano uses policy/v1beta1. API server v1.36.3 "
        "does not serve it: the next helm upgrade fails. Kubernetes 1.25 removed it. "
        "Use a chart with policy/v1."
    )
    assert finding.next == "kubectl api-resources --api-group=policy"


@pytest.mark.parametrize(
    "kind",
    [("monitoring.coreos.com/v1", "ServiceMonitor"), ("v1", "Nothing"), ("apps/v1", "Service")],
)
def test_a_kind_must_be_served_in_its_own_version(kind: tuple[str, str]) -> None:
    (finding,) = apis_served(release(kind), SERVED).findings
    assert (finding.code, finding.limit) == ("api-not-served", kind[0])
    assert "removed it" not in finding.message


@pytest.mark.parametrize(("minor", "code"), [(23, []), (24, ["api-goes"]), (25, ["api-goes"])])
def test_what_the_next_minor_takes_away_fails_one_minor_before(minor: int, code: list[str]) -> None:
    """One that is served although it should be gone goes with the next at the latest."""
    judgement = apis_served(release(PDB), serving(minor, PDB))
    assert [one.code for one in judgement.findings] == code
    assert [(one.observed, one.limit) for one in judgement.findings] == [
        ("gone in 1.25", f"served by 1.{minor + 1}")
    ] * len(code)


def test_an_alpha_version_of_kubernetes_may_go_at_any_time() -> None:
    alpha, own = ("apps/v1alpha1", "Deployment"), ("example.com/v1alpha1", "Thing")
    judgement = apis_served(release(alpha, own), serving(36, alpha, own))
    assert [(one.code, one.object) for one in judgement.findings] == [
        ("api-alpha", "Deployment/x-0")
    ]


def test_beyond_what_is_known_only_stable_versions_are_judged() -> None:
    beta, custom = ("scheduling.k8s.io/v1beta1", "Workload"), ("example.com/v1beta1", "Thing")
    assert apis_served(release(beta), serving(39, beta))
    with pytest.raises(Absent, match=r"Kubernetes 1\.41 may remove Workload") as caught:
        apis_served(release(beta), serving(40, beta))
    assert caught.value.next_step == "pip install --upgrade cano-upkeep"
    assert apis_served(release(("apps/v1", "Deployment"), custom), serving(40, custom))
    with pytest.raises(Absent):
        apis_served(release(beta), replace(serving(2, beta), major=2))
    # What is known to be wrong is said all the same.
    assert not apis_served(release(beta, PDB), serving(40, beta))


def test_a_release_without_an_object_proves_nothing() -> None:
    with pytest.raises(Absent, match="has no object"):
        apis_served(release(), SERVED)


KINDS = st.sampled_from(
    [
        ("v1", "Service"),
        ("apps/v1", "Deployment"),
        PDB,
        ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ]
)


@given(st.lists(KINDS, min_size=1, max_size=5), KINDS)
def test_a_further_object_never_turns_fail_into_pass(
    kinds: list[tuple[str, str]], more: tuple[str, str]
) -> None:
    before = apis_served(release(*kinds), SERVED)
    after = apis_served(release(*kinds, more), SERVED)
    assert bool(before) or not bool(after)


@given(st.lists(KINDS, min_size=1, max_size=5), st.integers(0, 2))
def test_what_is_served_less_never_makes_a_pass(kinds: list[tuple[str, str]], taken: int) -> None:
    less = replace(SERVED, kinds=SERVED.kinds[:taken] + SERVED.kinds[taken + 1 :])
    assert bool(apis_served(release(*kinds), SERVED)) or not bool(
        apis_served(release(*kinds), less)
    )
