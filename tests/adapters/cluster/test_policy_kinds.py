"""Kinds of network policy, read from discovery documents over real HTTP."""

import json
from typing import Any

import pytest

from tests.adapters.scripted import JSON, Server, kube
from upkeep.adapters.cluster import objects, policy_kinds
from upkeep.errors import Absent, Malformed, Unmeasured


def group(name: str, version: str) -> dict[str, Any]:
    return {
        "name": name,
        "versions": [{"groupVersion": f"{name}/{version}"}],
        "preferredVersion": {"groupVersion": f"{name}/{version}"},
    }


def found(server: Server, documents: dict[str, Any]) -> list[str]:
    for path, document in documents.items():
        server.on(path, (200, JSON, json.dumps(document).encode()))
    return [one.resource for one in policy_kinds.other_kinds(kube(server.url))]


def listed(*names: tuple[str, str]) -> dict[str, Any]:
    return {"resources": [{"name": name, "kind": kind} for name, kind in names]}


def test_groups_beside_the_api_servers_own_are_asked_for_their_kinds(server: Server) -> None:
    documents = {
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                group("apps", "v1"),
                group("networking.k8s.io", "v1"),
                group("policy.networking.k8s.io", "v1alpha1"),
                group("crd.projectcalico.org", "v1"),
                group("cert-manager.io", "v1"),
            ],
        },
        "/apis/policy.networking.k8s.io/v1alpha1": listed(
            ("adminnetworkpolicies", "AdminNetworkPolicy"),
            ("adminnetworkpolicies/status", "AdminNetworkPolicy"),
            ("baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy"),
        ),
        "/apis/crd.projectcalico.org/v1": listed(
            ("globalnetworkpolicies", "GlobalNetworkPolicy"),
            ("networkpolicies", "NetworkPolicy"),
            ("ippools", "IPPool"),
        ),
        "/apis/cert-manager.io/v1": listed(("issuers", "Issuer")),
    }
    assert found(server, documents) == [
        "globalnetworkpolicies.crd.projectcalico.org",
        "networkpolicies.crd.projectcalico.org",
        "adminnetworkpolicies.policy.networking.k8s.io",
        "baselineadminnetworkpolicies.policy.networking.k8s.io",
    ]


def resource(name: str, kind: str) -> dict[str, Any]:
    return {"resource": name, "responseKind": {"kind": kind}}


def test_an_aggregated_document_needs_one_request(server: Server) -> None:
    """GKE's Dataplane V2 serves cilium.io without a kind of policy."""
    document = {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "networking.k8s.io"},
                "versions": [{"resources": [resource("networkpolicies", "NetworkPolicy")]}],
            },
            {
                "metadata": {"name": "cilium.io"},
                "versions": [{"resources": [resource("ciliumendpoints", "CiliumEndpoint")]}],
            },
            {
                "metadata": {"name": "k8s.ovn.org"},
                "versions": [{"resources": [resource("egressfirewalls", "EgressFirewall")]}],
            },
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"freshness": "Stale"}]},
        ],
    }
    assert found(server, {"/apis": document}) == ["egressfirewalls.k8s.ovn.org"]
    assert [path for _, path, _ in server.asked] == ["/apis"]


def test_a_group_that_goes_away_meanwhile_serves_nothing(server: Server) -> None:
    server.on(
        "/apis/cilium.io/v2",
        (404, JSON, b'{"kind":"Status","apiVersion":"v1","code":404,"reason":"NotFound"}'),
    )
    documents = {"/apis": {"groups": [group("apps", "v1"), group("cilium.io", "v2")]}}
    assert found(server, documents) == []


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"kind": "APIGroupList", "groups": []}, Absent),
        ({"kind": "APIGroupDiscoveryList", "items": []}, Absent),
        ({"kind": "APIGroupList"}, Malformed),
        ({"groups": [{"name": "cilium.io"}]}, Malformed),
        ({"kind": "APIGroupDiscoveryList", "items": [{}]}, Malformed),
    ],
)
def test_a_document_that_lists_nothing_or_is_none_is_not_taken_for_no_other_kind(
    server: Server, document: dict[str, Any], error: type[Unmeasured]
) -> None:
    with pytest.raises(error):
        found(server, {"/apis": document})


def blocks(*cidrs: str, **more: list[str]) -> list[dict]:
    return [{"ipBlock": {"cidr": cidr, **more}} for cidr in cidrs]


@pytest.mark.parametrize(
    ("rule", "wide"),
    [
        ({}, ["egress rule 1: any destination"]),
        ({"ports": [{"protocol": "TCP"}]}, ["egress rule 1: any destination"]),
        ({"ports": [{"port": 1, "endPort": 65535}]}, ["egress rule 1: any destination"]),
        ({"ports": [{"protocol": "UDP", "port": 53}]}, []),
        ({"ports": [{"protocol": "TCP", "port": 443}]}, []),
        ({"to": blocks("0.0.0.0/0")}, ["egress rule 1: 0.0.0.0/0"]),
        ({"to": blocks("0.0.0.0/0", **{"except": ["10.0.0.0/8"]})}, []),
        ({"to": blocks("0.0.0.0/0"), "ports": [{"port": 443}]}, []),
        ({"to": blocks("0.0.0.0/1", "128.0.0.0/1")}, ["egress rule 1: 0.0.0.0/1 and 128.0.0.0/1"]),
        ({"to": blocks("10.0.0.0/8", "fd00::/8")}, []),
        ({"to": blocks("::/0")}, ["egress rule 1: ::/0"]),
        ({"to": [{"namespaceSelector": {}}]}, []),
    ],
)
def test_an_egress_rule_that_restricts_nothing(rule: dict, wide: list):
    """gardener/diki#486, lexfrei/cloudflare-tunnel-gateway-controller#700."""
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}
    policy = objects.network_policy({"metadata": {"name": "x"}, "spec": spec})
    assert list(policy.to_everywhere) == wide


@pytest.mark.parametrize(
    ("cidrs", "wide"),
    [
        (("0.0.0.0/1", "128.0.0.0/1"), ["ingress rule 1: 0.0.0.0/1 and 128.0.0.0/1"]),
        (("0.0.0.0/1", "10.0.0.0/8"), []),
    ],
)
def test_halves_of_the_address_space_are_every_source(cidrs: tuple, wide: list):
    spec = {"podSelector": {}, "ingress": [{"from": blocks(*cidrs)}]}
    policy = objects.network_policy({"metadata": {"name": "x"}, "spec": spec})
    assert list(policy.from_everywhere) == wide
