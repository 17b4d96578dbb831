"""Versions in the order of Semantic Versioning, and as tags, labels and programs name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.domain.removed_apis import COMPLETE_MINOR, REMOVALS, of_kubernetes
from upkeep.domain.versions import image_tag, named, of_chart_label, parse, printed

# semver.org, 11, and 1.2 as Helm allows it.
ORDERED = (
    *(
        "0.9.10",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ),
    *("v1.2", "1.2.1", "1.10.0", "2"),
)


def test_the_order_is_that_of_semantic_versioning() -> None:
    versions = [parse(text) for text in ORDERED]
    assert None not in versions
    assert sorted(versions, key=lambda one: one.order) == versions
    assert len({one.order for one in versions if one}) == len(ORDERED)


def test_what_stands_behind_a_plus_is_no_part_of_it() -> None:
    assert parse("1.2.3+build.7") == parse("v1.2.3")
    assert parse("1.2.3-rc.1+7") != parse("1.2.3")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "1.2.3.4",
        "1.2.x",
        "-1.0.0",
        "1.0.0-",
        "1.0.0-a..b",
        "1.0.0+",
        " 1.0.0",
        "1.0.0\n",
        "9" * 5000,
    ],
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse(text) is None


@given(
    st.text(alphabet="v0123456789.-+ab", max_size=20),
    st.text(alphabet="v0123456789.-+ab", max_size=20),
)
def test_any_two_versions_can_be_compared(first: str, second: str) -> None:
    one, other = parse(first), parse(second)
    if one and other:
        assert (one.order < other.order) + (one.order > other.order) + (
            one.order == other.order
        ) == 1


@pytest.mark.parametrize(
    ("label", "chart"),
    [
        ("cano-collector-0.0.25", ("cano-collector", "0.0.25")),
        ("kube-prometheus-stack-79.5.0", ("kube-prometheus-stack", "79.5.0")),
        ("a-1.0.0-rc.1", ("a", "1.0.0-rc.1")),
        ("a-1.0.0_build.3", ("a", "1.0.0+build.3")),
        ("cano-collector", None),
        ("", None),
        ("a" * 57 + "-1.0.0", None),
        # bitnami/charts#36452, helm/helm#12205: after the cut, signs at the end are trimmed.
        ("a" * 50 + "-1.0.0-rc.1", None),
        ("a" * 48 + "-1.0.0-rc.1", ("a" * 48, "1.0.0-rc.1")),
    ],
)
def test_the_label_of_a_chart_is_its_name_and_version(
    label: str, chart: tuple[str, str] | None
) -> None:
    """One of nearly 63 characters may have been cut."""
    assert of_chart_label(label) == chart


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("kubecano/cano-collector:0.0.24", "0.0.24"),
        ("registry:5000/cano-collector", ""),
        ("registry:5000/cano-collector:1.4.2@sha256:abc", "1.4.2"),
        ("cano-collector@sha256:abc", ""),
    ],
)
def test_the_tag_of_an_image(image: str, tag: str) -> None:
    assert image_tag(image) == tag


@pytest.mark.parametrize(
    ("text", "version"),
    [("v1.4.2", "1.4.2"), ("1.4.2_build", "1.4.2"), ("1.4.2-rc.1", "1.4.2-rc.1"), ("1.4", "1.4"), ("latest", ""), ("1", ""), ("3f9ab2c", ""), ("", "")],
)  # fmt: skip
def test_what_names_a_version(text: str, version: str) -> None:
    assert named(text) == version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("cano-collector version 1.4.2\n", "1.4.2"),
        ("v0.0.24 (go1.26.0)", "0.0.24"),
        ("flag provided but not defined", ""),
        ("", ""),
    ],
)
def test_what_a_program_prints(text: str, version: str) -> None:
    assert printed(text) == version


def test_the_table_of_removals_is_that_of_kubernetes() -> None:
    """Some that are in everybody's charts, as the deprecation guide has them."""
    known = {
        ("policy/v1beta1", "PodDisruptionBudget"): (25, "policy/v1"),
        ("batch/v1beta1", "CronJob"): (25, "batch/v1"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): (26, "autoscaling/v2"),
        ("networking.k8s.io/v1beta1", "Ingress"): (22, "networking.k8s.io/v1"),
        ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): (
            22,
            "apiextensions.k8s.io/v1",
        ),
        ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"): (
            32,
            "flowcontrol.apiserver.k8s.io/v1",
        ),
    }
    assert {key: (REMOVALS[key].minor, REMOVALS[key].replacement) for key in known} == known
    assert all("alpha" in version or "beta" in version for version, _ in REMOVALS)
    assert all(of_kubernetes(version) for version, _ in REMOVALS)
    # What 1.37 marked for 1.40 had to be deprecated by then: the table is used no further than that.
    assert COMPLETE_MINOR == 40


@pytest.mark.parametrize(
    ("version", "own"),
    [
        ("v1", True),
        ("apps/v1", True),
        ("networking.k8s.io/v1", True),
        ("monitoring.coreos.com/v1", False),
        ("cert-manager.io/v1", False),
    ],
)
def test_which_groups_are_kubernetes_own(version: str, own: bool) -> None:
    assert of_kubernetes(version) is own
