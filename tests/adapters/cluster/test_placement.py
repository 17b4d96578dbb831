"""What pods, nodes, quotas and limit ranges say, with the API's own meaning."""

from typing import Any

import pytest

from upkeep.adapters.cluster import objects, placement
from upkeep.adapters.wire.decoding import convert
from upkeep.adapters.wire.pods import PodSpec
from upkeep.errors import Malformed, TooEarly
from upkeep.records.placement import (
    Apart,
    LimitRange,
    NodeRoom,
    NodeTerm,
    Placement,
    Spread,
    Toleration,
)
from upkeep.records.selectors import LabelSelector

GIB = 1024**3
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
OWN = {"app": "cano-collector"}


def container(
    name: str = "a", *, cpu: str | None = None, memory: str | None = None, **more: Any
) -> dict[str, Any]:
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    return {"name": name, "resources": {"requests": requests}} | more


def pod(*containers: dict[str, Any], node: str = "n", **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": list(containers), "nodeName": node} | more,
    }


SIDECAR = {"restartPolicy": "Always"}


@pytest.mark.parametrize(
    ("raw", "cpu"),
    [
        (pod(container(cpu="500m"), container("b"), container("c", cpu="1")), 1500),
        (
            pod(
                container(cpu="500m"),
                initContainers=[container("i", cpu="1"), container("j", cpu="800m")],
            ),
            1000,
        ),
        (pod(container(cpu="500m"), initContainers=[container("s", cpu="300m", **SIDECAR)]), 800),
        # A sidecar runs beside the init containers after it, and not beside those before it.
        (
            pod(
                container(cpu="500m"),
                initContainers=[container("s", cpu="300m", **SIDECAR), container("i", cpu="1")],
            ),
            1300,
        ),
        (
            pod(
                container(cpu="500m"),
                initContainers=[container("i", cpu="1"), container("s", cpu="300m", **SIDECAR)],
            ),
            1000,
        ),
        (pod(container(cpu="500m"), overhead={"cpu": "250m"}), 750),
        (
            pod(
                container(cpu="500m"),
                overhead={"cpu": "250m"},
                resources={"requests": {"cpu": "2"}},
            ),
            2250,
        ),
        (pod(container(cpu="500m"), resources={"requests": {"memory": "2Gi"}}), 500),
        (pod(container()), 0),
    ],
)
def test_a_pod_takes_what_kubernetes_reserves_for_it(raw: dict[str, Any], cpu: int):
    found = placement.taken([raw])["n"]
    assert (found.cpu_nanocores, found.pods) == (cpu * 10**6, 1)


def test_pods_are_summed_by_node_one_by_one():
    passed = iter(
        [
            pod(container(memory="1Gi")),
            pod(container(memory="2Gi"), node="m"),
            pod(container(memory="1Gi")),
            pod(container(), node=""),
        ]
    )
    found = placement.taken(passed)
    assert {name: (one.memory_bytes // GIB, one.pods) for name, one in found.items()} == {
        "n": (2, 2),
        "m": (2, 1),
        "": (0, 1),
    }


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"spec": None},
        pod(container(cpu="many")),
        pod({"resources": {}}),
        {"spec": {"containers": "x"}},
    ],
)
def test_a_pod_that_is_none_is_malformed(raw: dict[str, Any]):
    with pytest.raises(Malformed, match="is not as the API describes it"):
        placement.taken([raw])


def node(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "metadata": {"name": "n", "labels": {"zone": "a"}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }
    return plain | changes


def room(raw: dict[str, Any], *pods: dict[str, Any]) -> NodeRoom:
    return placement.node_room(raw, placement.taken(pods))


def test_a_node_has_what_requests_leave():
    found = room(
        node(), pod(container(cpu="500m", memory="1Gi")), pod(container(cpu="1", memory="1Gi"))
    )
    assert found == NodeRoom("n", 500_000_000, 2 * GIB, 8, 2 * 10**9, 4 * GIB, {"zone": "a"})


@pytest.mark.parametrize(
    ("spec", "taints"),
    [
        ({}, ()),
        ({"unschedulable": True}, (("node.kubernetes.io/unschedulable", "", "NoSchedule"),)),
        (
            {
                "unschedulable": True,
                "taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}],
            },
            (("node.kubernetes.io/unschedulable", "", "NoSchedule"),),
        ),
        (
            {"taints": [{"key": "dedicated", "value": "db", "effect": "NoExecute"}]},
            (("dedicated", "db", "NoExecute"),),
        ),
        ({"taints": [{"key": "dedicated", "effect": "PreferNoSchedule"}]}, ()),
        # Kubernetes repeats its conditions, which are read themselves.
        ({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]}, ()),
        (
            {
                "taints": [
                    {
                        "key": "node.kubernetes.io/out-of-service",
                        "value": "x",
                        "effect": "NoExecute",
                    }
                ]
            },
            (("node.kubernetes.io/out-of-service", "x", "NoExecute"),),
        ),
    ],
)
def test_the_taints_of_a_node_that_keep_pods_away(spec: dict[str, Any], taints: tuple):
    found = room(node(spec=spec))
    assert found.taints == taints


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        ([], "it is not ready"),
        ([{"type": "Ready", "status": "Unknown"}], "it is not ready"),
        (
            [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}],
            "it is under DiskPressure",
        ),
        ([{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "False"}], ""),
    ],
)
def test_a_node_that_does_not_run_or_is_under_pressure_is_closed(
    conditions: list[dict[str, str]], why: str
):
    assert room(node(status=node()["status"] | {"conditions": conditions})).closed == why


def test_a_node_that_does_not_say_what_it_has_is_malformed():
    status = {"allocatable": {"cpu": "2"}, "conditions": [{"type": "Ready", "status": "True"}]}
    with pytest.raises(
        Malformed,
        match=r"Node/n is not as the API describes it: status\.allocatable\.memory is missing",
    ):
        room(node(status=status))


def placed(spec: dict[str, Any]) -> Placement:
    return placement.placement(convert({"containers": []} | spec, PodSpec), OWN)


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
            {"topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 1}]},
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
        ({"topologySpreadConstraints": [HARD | {"whenUnsatisfiable": "ScheduleAnyway"}]}, ()),
        (
            {"affinity": {"podAffinity": {REQUIRED: [{"topologyKey": "zone"}]}}},
            ("affinity to other pods",),
        ),
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


def other(
    labels: dict[str, str], *terms: dict[str, Any], namespace: str = "data", **more: Any
) -> dict[str, Any]:
    spec = {
        "containers": [],
        "nodeName": "n",
        "affinity": {"podAntiAffinity": {REQUIRED: list(terms)}},
    }
    return {
        "metadata": {"name": "db-0", "namespace": namespace, "labels": labels} | more,
        "spec": spec,
    }


def newcomer(**spec: Any) -> placement.Newcomer:
    return placement.Newcomer("monitoring", OWN, placed(spec))


def rooms_beside(raw: dict[str, Any], one: placement.Newcomer) -> dict[str, NodeRoom]:
    """Of the pod's node, another one in its zone, and one in another zone."""
    nodes = [
        node(metadata={"name": name, "labels": {"zone": zone, "host": name}})
        for name, zone in (("n", "a"), ("m", "a"), ("o", "b"))
    ]
    return {room.name: room for room in placement.node_rooms(nodes, placement.taken([raw], one))}


TO_US = {"topologyKey": "zone", "labelSelector": {"matchLabels": OWN}}


@pytest.mark.parametrize(
    ("term", "closed"),
    [
        (TO_US | {"namespaces": ["monitoring"]}, ["n", "m"]),
        (TO_US | {"namespaces": ["monitoring"], "topologyKey": "host"}, ["n"]),
        (TO_US | {"namespaceSelector": {}}, ["n", "m"]),
        (TO_US | {"namespaceSelector": {}, "topologyKey": "rack"}, []),  # a label that no node has
        (TO_US, []),  # of its own namespace
        (
            TO_US | {"namespaces": ["monitoring"], "labelSelector": {"matchLabels": {"app": "x"}}},
            [],
        ),
        ({"topologyKey": "zone", "namespaceSelector": {}}, []),
    ],
)
def test_a_pod_that_must_not_be_beside_the_collectors_closes_its_domain(
    term: dict[str, Any], closed: list[str]
):
    found = rooms_beside(other({"app": "db"}, term), newcomer())
    assert [name for name, room in found.items() if room.closed] == closed
    assert {room.closed for room in found.values() if room.closed} <= {
        f"pod data/db-0 must not share a {term['topologyKey']} with the pods"
    }
    assert {room.unsure for room in found.values()} == {""}


def test_what_is_said_of_labels_of_namespaces_is_named():
    found = rooms_beside(
        other({}, TO_US | {"namespaceSelector": {"matchLabels": {"team": "a"}}}), newcomer()
    )
    assert {(room.closed, room.unsure) for room in found.values()} == {
        ("", "the anti-affinity of pod data/db-0 to namespaces with certain labels")
    }


@pytest.mark.parametrize(
    ("more", "closed"),
    [
        ({"namespaces": ["data"]}, ["n", "m"]),
        ({"namespaceSelector": {}}, ["n", "m"]),
        ({}, []),
        ({"namespaces": ["elsewhere"]}, []),
    ],
)
def test_a_pod_that_the_collectors_must_not_be_beside_closes_its_domain(
    more: dict[str, Any], closed: list[str]
):
    term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "db"}}} | more
    found = rooms_beside(
        other({"app": "db"}), newcomer(affinity={"podAntiAffinity": {REQUIRED: [term]}})
    )
    assert [name for name, room in found.items() if room.closed] == closed


def test_a_pod_of_the_own_kind_closes_nothing_by_the_rule_that_all_have():
    term = {"topologyKey": "host", "labelSelector": {"matchLabels": OWN}}
    found = rooms_beside(
        other(OWN, term, namespace="monitoring"),
        newcomer(affinity={"podAntiAffinity": {REQUIRED: [term]}}),
    )
    assert {room.closed for room in found.values()} == {""}
    # Where the newer template has it no longer, the older pods still do.
    assert rooms_beside(other(OWN, term, namespace="monitoring"), newcomer())["n"].closed != ""


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        (other(OWN, namespace="monitoring"), 1),
        (other(OWN, namespace="elsewhere"), 0),
        (other({"app": "x"}, namespace="monitoring"), 0),
        (other(OWN, namespace="monitoring", deletionTimestamp="2026-01-01T00:00:00Z"), 0),
    ],
)
def test_a_spread_counts_the_pods_that_its_selector_selects(raw: dict[str, Any], count: int):
    found = rooms_beside(raw, newcomer(topologySpreadConstraints=[HARD]))
    assert {name: room.spread for name, room in found.items()} == {
        "n": (count,),
        "m": (0,),
        "o": (0,),
    }


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
    ("scopes", "counts"),
    [
        ([], True),
        (["NotTerminating"], True),
        (["NotBestEffort"], True),
        (["Terminating"], False),
        (["BestEffort"], False),
    ],
)
def test_a_quota_counts_pods_that_run_on_and_on(scopes: list[str], counts: bool):
    raw = {
        "metadata": {"name": "q"},
        "spec": {"scopes": scopes},
        "status": {
            "hard": {"requests.cpu": "1500m", "pods": "3"},
            "used": {"requests.cpu": "0", "pods": "1"},
        },
    }
    found = placement.quota(raw)
    assert (found is not None) is counts
    if found is not None:
        assert (found.hard, found.used) == (
            {"requests.cpu": 1500, "pods": 3000},
            {"requests.cpu": 0, "pods": 1000},
        )


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"hard": {"pods": "10", "limits.memory": "1Gi"}},
        {"hard": {"limits.memory": "1Gi"}, "used": {"limits.memory": "0"}},
    ],
)
def test_a_quota_that_is_not_counted_yet_leaves_nobody_knows_what(status: dict[str, Any]):
    """Until it is, the API server refuses pods, and nothing that is used would look like room."""
    raw = {
        "metadata": {"name": "q"},
        "spec": {"hard": {"pods": "10", "count/widgets.example.com": "3"}},
        "status": status,
    }
    with pytest.raises(
        TooEarly, match=r"ResourceQuota/q does not say yet how much of .*pods.* is used"
    ) as caught:
        placement.quota(raw | {"metadata": {"name": "q", "namespace": "n"}})
    assert caught.value.next_step == "kubectl describe resourcequota q -n n"
    known = {"hard": {"pods": "10", "count/widgets.example.com": "3"}, "used": {"pods": "1"}}
    assert placement.quota(raw | {"status": known}).used == {"pods": 1000}


@pytest.mark.parametrize(
    ("scope", "counts"),
    [("Terminating", False), ("NotTerminating", True), ("VolumeAttributesClass", False)],
)
def test_a_quota_may_name_its_scopes_in_a_selector(scope: str, counts: bool):
    selector = {"matchExpressions": [{"scopeName": scope, "operator": "Exists"}]}
    raw = {
        "metadata": {"name": "q"},
        "spec": {"scopeSelector": selector},
        "status": {"hard": {"pods": "3"}, "used": {"pods": "1"}},
    }
    assert (placement.quota(raw) is not None) is counts


@pytest.mark.parametrize(
    "raw", [{}, {"metadata": {}}, {"metadata": None}, {"metadata": {"name": []}}]
)
def test_a_node_without_a_name_is_malformed(raw: dict[str, Any]):
    with pytest.raises(Malformed):
        room(raw)


def test_a_limit_range_by_its_items():
    raw = {
        "metadata": {"name": "r"},
        "spec": {
            "limits": [
                {"type": "Container", "max": {"memory": "1Gi", "ephemeral-storage": "1Gi"}, "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "1m"}},
                {"type": "Pod", "min": {"cpu": "10m"}, "maxLimitRequestRatio": {"memory": "1500m"}},
                {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
            ]
        },
    }  # fmt: skip
    assert placement.limit_ranges(raw) == (
        LimitRange(
            "r",
            "Container",
            most={"memory": GIB},
            default_limit={"cpu": 5 * 10**8},
            default_request={"cpu": 10**6},
        ),
        LimitRange("r", "Pod", least={"cpu": 10**7}, ratio={"memory": 1.5}),
    )
    with pytest.raises(Malformed, match="LimitRange/r"):
        placement.limit_ranges(
            {
                "metadata": {"name": "r"},
                "spec": {"limits": [{"type": "Pod", "max": {"cpu": "lots"}}]},
            }
        )


@pytest.mark.parametrize(
    ("strategy", "replicas", "unavailable"),
    [
        ({}, 2, 0),
        ({}, 4, 1),
        ({"type": "Recreate"}, 3, 3),
        ({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, 9, 0),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, 3, 1),
        ({"rollingUpdate": {"maxSurge": "1%", "maxUnavailable": "50%"}}, 3, 1),
    ],
)
def test_how_many_replicas_a_rollout_may_do_without(
    strategy: dict[str, Any], replicas: int, unavailable: int
):
    head = {"name": "x", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    spec = {
        "selector": {},
        "template": {"spec": {"containers": []}},
        "replicas": replicas,
        "strategy": strategy,
    }
    assert objects.deployment({"metadata": head, "spec": spec}).max_unavailable == unavailable
