"""right-sized: pods with resources of their own, and samples that mislead."""

import pytest
from msgspec.structs import replace

from tests.judges.counting.counter_samples import codes
from tests.judges.resources.test_sizing import (
    GOOD_CPU,
    GOOD_MEMORY,
    MIB,
    MILLI,
    MOMENTS,
    cpu,
    judge,
    memory,
)
from tests.judges.samples import pod, workload
from upkeep.errors import Absent, TooEarly
from upkeep.records.workload import ContainerResources

# https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/ (KEP-2837).
SHARED = ContainerResources(
    "",
    cpu_request_nanocores=250 * MILLI,
    memory_request_bytes=1024 * MIB,
    memory_limit_bytes=1024 * MIB,
)


def test_the_request_of_a_pod_is_held_against_the_sum_of_its_containers():
    """The containers' own requests reserve nothing then; their limits still hold."""
    bare, proxy = ContainerResources("cano-collector"), ContainerResources("proxy")
    records = workload(replace(pod("a"), resources=(bare, proxy), whole=SHARED))
    series = (
        *(GOOD_CPU, GOOD_MEMORY),
        *(cpu(*[130] * MOMENTS, container="proxy"), memory(*[100] * MOMENTS, container="proxy")),
    )
    (finding,) = judge(*series, records=records).findings
    assert (finding.object, finding.code, finding.observed) == (
        *("Deployment/cano-collector", "cpu-request-too-small"),
        0.84,
    )
    assert finding.next == (
        "kubectl -n monitoring patch deployment cano-collector -p "
        '\'{"spec":{"template":{"spec":{"resources":{"requests":{"cpu":"450m"}}}}}}\' '
        "--dry-run=server"
    )
    limited = replace(proxy, memory_limit_bytes=110 * MIB)
    records = workload(replace(pod("a"), resources=(bare, limited), whole=SHARED))
    assert codes(judge(*series, records=records)) == [
        *("memory-limit-too-small", "cpu-request-too-small"),
    ]
    with pytest.raises(Absent, match="no memory usage of container proxy"):
        judge(GOOD_CPU, GOOD_MEMORY, records=workload(records.pods[0]))


def test_a_restarted_container_is_not_counted_twice():
    """kubernetes/kubernetes#128538, google/cadvisor#2844: its last value stays for minutes."""
    records = workload(
        replace(pod("a"), resources=(ContainerResources("cano-collector"),), whole=SHARED)
    )
    twice = (GOOD_CPU, memory(*[600] * MOMENTS), memory(*[600] * MOMENTS))
    assert judge(*twice, records=records).observed.endswith("memory p95 600Mi of 1Gi (59 %)")


def test_memory_of_zero_bytes_proves_nothing():
    """kubernetes-sigs/metrics-server#1098, k3s-io/k3s#292: every container used 0 bytes."""
    with pytest.raises(TooEarly, match="measured for 0 %"):
        judge(GOOD_CPU, memory(*[0] * MOMENTS))
