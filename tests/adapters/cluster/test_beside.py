"""Pods on nodes that keep the collector's away, and that its spreads count."""

from typing import Any

import pytest

from tests.adapters.cluster.test_nodes import node
from tests.adapters.cluster.test_placement import HARD, OWN, REQUIRED, placed
from upkeep.adapters.cluster import nodes
from upkeep.records.placement import NodeRoom


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


def newcomer(**spec: Any) -> nodes.Newcomer:
    return nodes.Newcomer("monitoring", OWN, placed(spec))


def rooms_beside(raw: dict[str, Any], one: nodes.Newcomer) -> dict[str, NodeRoom]:
    """Of the pod's node, another one in its zone, and one in another zone."""
    found = [
        node(metadata={"name": name, "labels": {"zone": zone, "host": name}})
        for name, zone in (("n", "a"), ("m", "a"), ("o", "b"))
    ]
    return {room.name: room for room in nodes.node_rooms(found, nodes.taken([raw], one))}


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
