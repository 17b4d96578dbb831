"""version-known: every source of every pod names one version."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.judges.samples import ago, deployment, install, no_pods, pod, template, workload
from upkeep.errors import Absent
from upkeep.judges.releases.version_known import version_known
from upkeep.model import Judgement
from upkeep.records.releases import ProgramVersions
from upkeep.records.workload import ContainerSpec, Pod, Workload

INSTALL = install()
NO_SHELL = ProgramVersions(not_asked="the image has no shell")
LABEL = "app.kubernetes.io/version"


def runs(
    name: str,
    image: str = "x/cano-collector:0.0.24",
    *,
    app_version: str = "",
    label: str = "",
    **changes: Any,
) -> Pod:
    labels = {"app": "cano-collector"} | ({LABEL: label} if label else {})
    spec = ContainerSpec("cano-collector", image, app_version=app_version)
    sidecar = ContainerSpec("proxy", "envoy:1.2.3", app_version="9.9")
    return pod(name, labels=labels, specs=(sidecar, spec), **changes)


def seen(
    *pods: Pod, label: str = "", image: str = "x/cano-collector:0.0.24", **changes: Any
) -> Workload:
    made = template(
        containers=(ContainerSpec("cano-collector", image),), labels={"app": "cano-collector"}
    )
    return replace(
        workload(*pods),
        deployment=deployment(template=made, labels={LABEL: label} if label else {}, **changes),
    )


def known(seen: Workload, program: ProgramVersions = NO_SHELL) -> Judgement:
    return version_known(seen, program, install=INSTALL)


def test_sources_that_agree_are_a_known_version() -> None:
    pods = [
        runs(name, "x/cano-collector:v0.0.24@sha256:ab", app_version="0.0.24", label="0.0.24")
        for name in "ab"
    ]
    judgement = known(
        seen(*pods, label="v0.0.24"), ProgramVersions(tuple((one.name, "0.0.24") for one in pods))
    )
    assert (judgement.findings, judgement.observed) == ((), "0.0.24")
    assert judgement.basis == "--version, APP_VERSION, image tag, its label, label of 2 pods"


@pytest.mark.parametrize(
    "one",
    [
        runs("a"),
        runs("a", "x/cano-collector@sha256:ab", label="0.0.24"),
        runs("a", "x/cano-collector:latest", app_version="0.0.24"),
        runs("a", "x/cano-collector:main"),
    ],
)
def test_one_source_is_enough_and_the_basis_says_which(one: Pod) -> None:
    program = (
        ProgramVersions(((one.name, "0.0.24"),))
        if one.specs[1].image.endswith(":main")
        else NO_SHELL
    )
    judgement = known(seen(one, image="x/cano-collector"), program)
    assert (judgement.findings, judgement.observed) == ((), "0.0.24")
    assert judgement.basis.endswith("; the image has no shell") is (program is NO_SHELL)
    assert "," not in judgement.basis.partition(" of ")[0]


def test_a_pod_whose_sources_disagree_is_named_with_each_of_them() -> None:
    judgement = known(seen(runs("a", label="0.0.19"), runs("b")))
    (finding,) = judgement.findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-a", "versions-disagree")
    assert finding.observed == "0.0.24 by image tag, 0.0.19 by label"
    assert finding.limit == "one version"
    assert finding.next.startswith("kubectl -n monitoring get pod/cano-collector-a ")


def test_a_program_that_says_another_version_disagrees() -> None:
    judgement = known(
        seen(runs("a"), runs("b")),
        ProgramVersions((("cano-collector-a", "0.0.23"), ("cano-collector-b", "0.0.24"))),
    )
    assert [(one.object, one.observed) for one in judgement.findings] == [
        ("Pod/cano-collector-a", "0.0.24 by image tag, 0.0.23 by --version")
    ]


def test_pods_of_two_versions_are_mixed() -> None:
    judgement = known(seen(runs("a"), runs("b", "x/cano-collector:0.0.23")))
    (finding,) = judgement.findings
    assert (finding.object, finding.code, finding.observed) == (
        "Deployment/cano-collector",
        "versions-mixed",
        "0.0.23, 0.0.24",
    )
    assert (
        "(0.0.23: Pod/cano-collector-b; 0.0.24: Deployment/cano-collector, Pod/cano-collector-a)"
        in finding.message
    )


def test_a_deployment_whose_label_stayed_behind_disagrees() -> None:
    (finding,) = known(seen(runs("a"), label="0.0.1")).findings
    assert (finding.object, finding.observed) == (
        "Deployment/cano-collector",
        "0.0.1 by its label, 0.0.24 by image tag",
    )


def test_a_pod_that_names_none_is_not_taken_for_known() -> None:
    with pytest.raises(Absent, match="The version of pod cano-collector-b is unknown"):
        known(seen(runs("a"), runs("b", "x/cano-collector@sha256:ab")))


@pytest.mark.parametrize(
    "none", [replace(seen(), pods=no_pods().pods), seen(runs("a", deleted=ago(minutes=1)))]
)
def test_without_a_pod_there_is_no_version(none: Workload) -> None:
    with pytest.raises(Absent, match="No pod of the collector is running"):
        known(none)


@given(
    st.lists(st.sampled_from(["0.0.24", "0.0.23"]), min_size=1, max_size=4),
    st.sampled_from(["0.0.24", "0.0.22"]),
)
def test_a_further_pod_never_turns_fail_into_pass(tags: list[str], tag: str) -> None:
    pods = [runs(chr(97 + number), f"x/cano-collector:{each}") for number, each in enumerate(tags)]
    before, after = known(seen(*pods)), known(seen(*pods, runs("z", f"x/cano-collector:{tag}")))
    assert bool(before) or not bool(after)
