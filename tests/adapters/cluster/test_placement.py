"""Scheduling rules of pod templates."""

from typing import Any

import pytest

from upkeep.adapters.cluster import objects, placement
from upkeep.errors import Malformed
from upkeep.records.placement import (
    Apart,
    NodeTerm,
    Placement,
    Spread,
    Toleration,
)
from upkeep.records.selectors import LabelSelector

GIB = 1024**3
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
OWN = {"app": "cano-collector"}


def placed(spec: dict[str, Any]) -> Placement:
    return placement.placement({"containers": []} | spec, OWN)


def test_a_template_says_where_its_pods_may_go():
    terms = [
        {
            "matchExpressions": [
                {"key": "disk", "operator": "In", "values": ["ssd"]},
                {"key": "gpu", "operator": "DoesNotExist"},
            ]
        },
        {"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n"]}]},
    ]
    found = placed(
        {
            "nodeSelector": {"os": "linux"},
            "affinity": {
                "nodeAffinity": {
                    REQUIRED: {"nodeSelectorTerms": terms},
                    "preferredDuringSchedulingIgnoredDuringExecution": [],
                }
            },
            "tolerations": [
                {"key": "a", "value": "b", "effect": "NoSchedule"},
                {"operator": "Exists"},
            ],
        }
    )
    assert found == Placement(
        node_selector={"os": "linux"},
        terms=(
            NodeTerm(labels=(("disk", "In", ("ssd",)), ("gpu", "DoesNotExist", ()))),
            NodeTerm(fields=(("metadata.name", "NotIn", ("n",)),)),
        ),
        tolerations=(Toleration("a", "Equal", "b", "NoSchedule"), Toleration(operator="Exists")),
    )
    assert placed({"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}}).terms == ()


OTHERS = "anti-affinity to other pods"
HARD = {
    "maxSkew": 1,
    "topologyKey": "zone",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": OWN},
}


@pytest.mark.parametrize(
    ("term", "apart", "unlooked"),
    [
        ({"labelSelector": {"matchLabels": OWN}}, (Apart("host"),), ()),
        ({"labelSelector": {}}, (Apart("host"),), ()),
        (
            {"labelSelector": {"matchLabels": OWN}, "matchLabelKeys": ["pod-template-hash"]},
            (Apart("host", across_revisions=False),),
            (),
        ),
        ({"labelSelector": {"matchLabels": {"app": "another"}}}, (), ()),
        ({}, (), ()),
        ({"labelSelector": {"matchLabels": OWN}, "namespaces": ["elsewhere"]}, (), ()),
        (
            {"labelSelector": {"matchLabels": {"app": "another"}}, "matchLabelKeys": ["app"]},
            (),
            (OTHERS,),
        ),
        (
            {
                "labelSelector": {"matchLabels": OWN},
                "namespaceSelector": {"matchLabels": {"a": "b"}},
            },
            (),
            (OTHERS,),
        ),
    ],
)
def test_an_anti_affinity_to_their_own_kind_keeps_pods_apart(
    term: dict[str, Any], apart: tuple, unlooked: tuple
):
    found = placed({"affinity": {"podAntiAffinity": {REQUIRED: [{"topologyKey": "host"} | term]}}})
    assert (found.apart, found.unlooked) == (apart, unlooked)


@pytest.mark.parametrize(
    ("spec", "unlooked"),
    [
        (
            {"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]},
            ("topology spread",),
        ),
        (
            {"topologySpreadConstraints": [HARD | {"nodeTaintsPolicy": "Honor"}]},
            ("topology spread",),
        ),
        ({"topologySpreadConstraints": [HARD | {"matchLabelKeys": ["app"]}]}, ("topology spread",)),
        (
            {
                "topologySpreadConstraints": [
                    HARD | {"labelSelector": {"matchLabels": {"app": "other"}}}
                ]
            },
            ("topology spread",),
        ),
        ({"topologySpreadConstraints": [HARD]}, ()),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "ScheduleAnyway"}]}, ()),
        ({"affinity": {"podAffinity": {REQUIRED: [{}]}}}, ("affinity to other pods",)),
        ({"schedulerName": "default-scheduler"}, ()),
        (
            {"schedulerName": "mine", "runtimeClassName": "kata"},
            ("scheduler mine", "RuntimeClass kata"),
        ),
        (
            {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]},
            ("where volumes are",),
        ),
        (
            {"tolerations": [{"key": "a", "operator": "Lt", "value": "3"}]},
            ("tolerations by number",),
        ),
        (
            {"containers": [{"name": "c", "ports": [{"containerPort": 1, "hostPort": 1}]}]},
            ("host ports",),
        ),
        (
            {
                "containers": [
                    {"name": "c", "resources": {"limits": {"ephemeral-storage": "1Gi", "cpu": "1"}}}
                ]
            },
            ("ephemeral-storage",),
        ),
    ],
)
def test_what_is_not_looked_at_is_named(spec: dict[str, Any], unlooked: tuple):
    assert placed(spec).unlooked == unlooked


def test_a_hard_spread_and_an_anti_affinity_to_others_are_read():
    hard = HARD | {"maxSkew": 2, "minDomains": 3, "matchLabelKeys": ["pod-template-hash"]}
    assert placed({"topologySpreadConstraints": [hard]}).spread == (
        Spread("zone", 2, LabelSelector(OWN), 3, across_revisions=False),
    )
    db = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}}
    terms = [db, db | {"namespaces": ["data"]}, db | {"namespaceSelector": {}}]
    away = placed({"affinity": {"podAntiAffinity": {REQUIRED: terms}}}).away
    assert [(one.topology_key, one.selector, one.namespaces) for one in away] == [
        ("zone", LabelSelector({"app": "db"}), ("",)),
        ("zone", LabelSelector({"app": "db"}), ("data",)),
        ("zone", LabelSelector({"app": "db"}), None),
    ]


@pytest.mark.parametrize(
    "rule",
    [
        {"key": "a", "operator": "Near"},
        {"key": "a", "operator": "Gt", "values": []},
        {"operator": "In"},
    ],
)
def test_a_node_affinity_that_is_none_makes_the_deployment_malformed(rule: dict[str, Any]):
    affinity = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}}
    spec = {"containers": [], "affinity": affinity}
    head = {"name": "x", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    with pytest.raises(Malformed):
        objects.deployment({"metadata": head, "spec": {"selector": {}, "template": {"spec": spec}}})


@pytest.mark.parametrize(
    ("strategy", "replicas", "unavailable"),
    [
        (None, 2, 0),
        (None, 4, 1),
        ({"type": "Recreate"}, 3, 3),
        ({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, 9, 0),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, 3, 1),
        ({"rollingUpdate": {"maxSurge": "1%", "maxUnavailable": "50%"}}, 3, 1),
    ],
)
def test_how_many_replicas_a_rollout_may_do_without(
    strategy: dict[str, Any] | None, replicas: int, unavailable: int
):
    head = {"name": "x", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    spec = {
        "selector": {},
        "template": {"spec": {"containers": []}},
        "replicas": replicas,
        "strategy": strategy,
    }
    assert objects.deployment({"metadata": head, "spec": spec}).max_unavailable == unavailable
