"""Names of pods: as the API server makes them, cut ones and those of deleted ReplicaSets too."""

import re

import pytest
from msgspec.structs import replace

from tests.judges.samples import pod, replica_set, workload
from upkeep.domain import pod_names

# kubernetes/kubernetes#116447: a ReplicaSet's name of 64 characters, seen on a real control plane.
LONG = "observability-platform-eu-central-1-prod-cano-collector"
LIVE = f"{LONG}-74247q8"


@pytest.mark.parametrize(
    ("name", "pods", "others"),
    [
        (
            "cano-collector-6f7d9c5b84",
            ["cano-collector-6f7d9c5b84-x7k2p"],
            ["cano-collector-x7k2p"],
        ),
        (f"{LONG}-7424d5c6b8", [LIVE], [f"{LONG}-7424d5c6b8-x7k2p", f"{LONG}-85247q8"]),
        ("a" * 57, ["a" * 57 + "-x7k2p"], []),
        ("a" * 58, ["a" * 58 + "x7k2p"], ["a" * 58 + "-x7k2p"]),
        ("a.b-6f7d9", ["a.b-6f7d9-x7k2p"], ["aXb-6f7d9-x7k2p"]),
    ],
)
def test_a_replica_set_names_its_pods_by_58_characters_and_5(name, pods, others):
    found = re.compile(pod_names.of_replica_set(name))
    assert [one for one in pods if not found.fullmatch(one)] == []
    assert [one for one in others if found.fullmatch(one)] == []


@pytest.mark.parametrize(
    ("name", "pods", "others"),
    [
        (
            "cano-collector",
            ["cano-collector-6f7d9c5b84-x7k2p", "cano-collector-5c4b8d7f6-x7k2p"],
            [
                "cano-collector-agent-x7k2p",  # a DaemonSet's
                "cano-collector-0",  # a StatefulSet's
                "cano-collector-blue-6f7d9c5b84-x7k2p",  # another Deployment's
                "cano-collector-6f7d9c5b84bcd-x7k2p",  # a hash has 10 characters at most
            ],
        ),
        (LONG, [LIVE], [f"{LONG}-agentx7k2p"]),
        (
            "a" * 47,
            ["a" * 47 + "-6f7d9c5b84x7k2p", "a" * 47 + "-6f7d9c5b-x7k2p"],
            ["a" * 47 + "-x7k2p"],
        ),
        ("a" * 58, ["a" * 58 + "x7k2p"], ["a" * 57 + "-x7k2p"]),
        ("a" * 70, ["a" * 58 + "x7k2p"], ["a" * 70 + "-6f7d9-x7k2p"]),
    ],
)
def test_a_deployment_names_the_pods_of_replica_sets_that_are_gone(name, pods, others):
    found = re.compile(pod_names.of_deployment(name))
    assert [one for one in pods if not found.fullmatch(one)] == []
    assert [one for one in others if found.fullmatch(one)] == []


@pytest.mark.parametrize("length", [14, 40, 46, 47, 48, 52, 55, 56, 57, 58, 63])
@pytest.mark.parametrize("hashed", ["7", "6f7d9c5b8", "6f7d9c5b84"])
def test_the_rule_of_a_deployment_covers_that_of_each_of_its_replica_sets(length, hashed):
    name = "d" * length
    made = (f"{name}-{hashed}-"[:58]) + "x7k2p"
    for pattern in (pod_names.of_deployment(name), pod_names.of_replica_set(f"{name}-{hashed}")):
        assert re.fullmatch(pattern, made)


def test_existing_pods_count_by_their_names_whatever_those_look_like():
    seen = workload(pod("odd.name"), replica_sets=(replica_set(4, name="adopted"),))
    found = re.compile(pod_names.of_workload(seen))
    names = ["cano-collector-odd.name", "adopted-x7k2p", "cano-collector-6f7d9c5b84-x7k2p"]
    assert [one for one in names if not found.fullmatch(one)] == []
    assert not found.fullmatch("cano-collector-oddXname")
    assert "\\" not in found.pattern  # a PromQL string would need each one twice
    assert re.fullmatch(pod_names.of_workload(replace(seen, pods=())), "adopted-x7k2p")
