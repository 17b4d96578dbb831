"""What the cluster says of an install: release, variables, probes."""

from typing import Any

import pytest

from tests.adapters.cluster.objects.deployments import raw_deployment
from upkeep.adapters.cluster import objects
from upkeep.errors import Malformed


@pytest.mark.parametrize(
    ("annotations", "labels", "release"),
    [
        (
            {"meta.helm.sh/release-name": "cano", "meta.helm.sh/release-namespace": "elsewhere"},
            {},
            ("cano", "elsewhere"),
        ),
        (
            {"meta.helm.sh/release-name": "cano"},
            {"app.kubernetes.io/instance": "other"},
            ("cano", "n"),
        ),
        (
            {},
            {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": "cano"},
            ("cano", "n"),
        ),
        ({}, {"app.kubernetes.io/managed-by": "Helm"}, ("", "")),
        ({}, {"app.kubernetes.io/instance": "cano"}, ("", "")),
        ({}, {}, ("", "")),
    ],
)
def test_the_release_that_a_deployment_is_part_of(
    annotations: dict[str, str], labels: dict[str, str], release: tuple[str, str]
):
    made = objects.deployment(raw_deployment(annotations, labels))
    assert (made.release, made.release_namespace) == release
    assert made.labels == labels


@pytest.mark.parametrize(
    ("entry", "version"),
    [
        ({"name": "APP_VERSION", "value": "v0.0.24"}, "0.0.24"),
        ({"name": "APP_VERSION", "value": "xoxb-canary-17"}, ""),
        ({"name": "APP_VERSION", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}, ""),
        ({"name": "OTHER", "value": "0.0.24"}, ""),
    ],
)
def test_of_a_variable_the_version_alone_is_kept(entry: dict[str, Any], version: str):
    made = objects.template({"spec": {"containers": [{"name": "c", "env": [entry]}]}})
    assert made.containers[0].app_version == version
    assert "canary" not in repr(made)


@pytest.mark.parametrize(
    "variable",
    [
        {"name": None},
        {"name": 7},
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": [], "key": 7}}},
    ],
)
def test_a_variable_that_has_no_name_makes_the_deployment_malformed(variable: dict[str, Any]):
    spec = {"containers": [{"name": "c", "image": "i", "env": [variable]}]}
    raw = {
        "metadata": {
            "name": "d",
            "namespace": "n",
            "generation": 1,
            "uid": "u",
            "creationTimestamp": "2026-01-02T12:00:00Z",
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": spec},
        },
        "status": {},
    }
    assert (
        objects.deployment(
            raw
            | {
                "spec": raw["spec"]
                | {
                    "template": {
                        "metadata": {"labels": {"a": "b"}},
                        "spec": spec | {"containers": [{"name": "c"}]},
                    }
                }
            }
        ).name
        == "d"
    )
    with pytest.raises(Malformed, match="Deployment/d is not as the API describes it"):
        objects.deployment(raw)
