"""cpu-memory-headroom: containers, native sidecars and pods as a whole."""

from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fuzzing import examples
from tests.judges.samples import NOW, ago, install, pod, workload
from upkeep.adapters.cluster import objects
from upkeep.errors import Absent, Malformed, TooEarly, Unmeasured
from upkeep.judges.resources import headroom
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.usage import ContainerUsage
from upkeep.records.workload import ContainerResources, Workload

GIB, CORE = 1024**3, 10**9
FOUR_DAYS_AGO = ago(days=4)
HAS = ContainerResources(
    "cano-collector",
    cpu_request_nanocores=CORE // 4,
    memory_request_bytes=GIB,
    memory_limit_bytes=GIB,
)


def those(*has: ContainerResources, created=FOUR_DAYS_AGO) -> Workload:
    return workload(
        *(
            replace(pod(name), resources=(one,), created=created)
            for name, one in zip("ab", has or (HAS, HAS), strict=False)
        )
    )


def used(
    name: str = "a", *, cpu: float = 0.01, memory: float = 0.2, age: float = 20
) -> ContainerUsage:
    return ContainerUsage(
        f"cano-collector-{name}",
        "cano-collector",
        NOW - timedelta(seconds=age),
        round(cpu * CORE),
        round(memory * GIB),
    )


def judge(*usages: ContainerUsage, records: Workload | None = None, **limits: float) -> Judgement:
    return headroom.cpu_memory_headroom(
        usages, records or those(), now=NOW, limits=Limits(limits), install=install()
    )


def test_enough_room_passes_and_says_the_highest():
    assert judge(used("a"), used("b", memory=0.5)) == Judgement(
        (), "highest: CPU 4 %, memory 50 %, of 2 containers", 0.8, "ratio", "metrics.k8s.io, now"
    )


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            {"memory": 0.9},
            "memory-nearly-used",
            "uses 90 % of its memory limit (at most 80 %): 922 of 1024 MiB",
        ),
        (
            {"cpu": 0.3},
            "cpu-nearly-used",
            "uses 120 % of its CPU request (at most 80 %): 0.3 of 0.25 cores; it has no limit.",
        ),
    ],
)
def test_too_little_room_names_the_container_what_and_how_much(change, code: str, words: str):
    (finding,) = judge(used("a", **change), used("b")).findings
    assert (finding.object, finding.code) == ("Pod/cano-collector-a container/cano-collector", code)
    assert words in finding.message


@pytest.mark.parametrize(("memory", "fails"), [(GIB * 4 // 5, False), (GIB * 4 // 5 + 1, True)])
def test_the_limit_is_exact_to_the_byte(memory: int, fails: bool):
    assert bool(judge(replace(used("a"), memory_bytes=memory), used("b")).findings) is fails


def test_a_cpu_limit_counts_before_the_request():
    limited = replace(HAS, cpu_limit_nanocores=2 * CORE)
    assert not judge(used("a", cpu=1.5), used("b"), records=those(limited, limited)).findings


def test_nothing_to_compare_with_names_the_command_that_ends_it():
    with pytest.raises(Absent, match="has no CPU limit and no CPU request") as caught:
        judge(used("a"), used("b"), records=those(replace(HAS, cpu_request_nanocores=None), HAS))
    assert (
        caught.value.next_step
        == "kubectl -n monitoring set resources deployment cano-collector -c cano-collector --requests=cpu=250m"
    )


def test_a_usage_that_is_missing_or_old_is_no_pass():
    with pytest.raises(
        Absent, match="no usage of container cano-collector of pod cano-collector-b"
    ):
        judge(used("a"))
    with pytest.raises(Absent, match=r"is older than 5 min: it was taken at 2026-01-02 11:53 UTC"):
        judge(used("a"), used("b", age=400))
    with pytest.raises(TooEarly, match="yet"):
        judge(used("a"), records=those(created=ago(minutes=1)))
    with pytest.raises(Absent, match="No pod of the collector is running"):
        judge(records=replace(workload(), pods=()))


def test_what_is_nearly_used_fails_although_the_rest_has_no_bound():
    """A container without any bound of memory, and one of CPU that it is beyond: the finding is said, and nothing of the memory."""
    bare = replace(HAS, memory_request_bytes=None, memory_limit_bytes=None)
    judgement = judge(used("a", cpu=0.3), used("b"), records=those(bare, bare))
    assert [finding.code for finding in judgement.findings] == ["cpu-nearly-used"]
    assert judgement.observed == "highest: CPU 120 %, of 2 containers; 2 not measured"


@pytest.mark.parametrize(
    ("phase", "asked"),
    [
        ("Running", True),
        ("Pending", True),
        ("Unknown", True),
        ("Succeeded", False),
        ("Failed", False),
    ],
)
def test_only_a_finished_pod_needs_no_usage(phase: str, asked: bool):
    records = those()
    records = replace(records, pods=(records.pods[0], replace(records.pods[1], phase=phase)))
    if asked:
        with pytest.raises(Absent, match="of pod cano-collector-b"):
            judge(used("a"), records=records)
    else:
        assert not judge(used("a"), records=records).findings


def test_a_pod_without_containers_is_no_pass():
    records = those()
    with pytest.raises(Absent, match="Pod cano-collector-b is listed without a container"):
        judge(
            used("a"),
            records=replace(
                records, pods=(records.pods[0], replace(records.pods[1], resources=()))
            ),
        )


def test_what_is_nearly_used_fails_although_another_pod_is_not_known():
    assert judge(used("a", memory=0.95)).findings


# https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/: kubernetes-sigs/metrics-server#1329.
SIDECAR = """
metadata: {name: cano-collector-a, uid: pod-a, creationTimestamp: "2025-12-29T12:00:00Z"}
spec:
  containers:
  - name: cano-collector
    image: cano-collector:1
    resources: {requests: {cpu: 250m, memory: 1Gi}, limits: {cpu: "1", memory: 1Gi}}
  initContainers:
  - {name: setup, image: busybox, resources: {limits: {cpu: 10m, memory: 1Mi}}}
  - name: istio-proxy
    image: proxyv2:1
    restartPolicy: Always
    resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 200m, memory: 256Mi}}
status: {phase: Running}
"""
BUSY = """
metadata: {name: cano-collector-a}
timestamp: "2026-01-02T11:59:40Z"
window: 15s
containers:
- {name: cano-collector, usage: {cpu: 20m, memory: 100Mi}}
- {name: istio-proxy, usage: {cpu: 195m, memory: 250Mi}}
"""


def read(pod_text: str, usage_text: str = BUSY) -> Judgement:
    records = workload(objects.pod(yaml.safe_load(pod_text)))
    usages = objects.container_usages(yaml.safe_load(usage_text), now=NOW)
    return judge(*usages, records=records)


def test_a_native_sidecar_is_judged_by_its_own_limits():
    judgement = read(SIDECAR)
    assert [(one.object, one.code, one.observed) for one in judgement.findings] == [
        ("Pod/cano-collector-a container/istio-proxy", "cpu-nearly-used", 0.975),
        ("Pod/cano-collector-a container/istio-proxy", "memory-nearly-used", 0.9766),
    ]
    assert judgement.observed == "highest: CPU 98 %, memory 98 %, of 2 containers"


def test_a_native_sidecar_without_usage_is_not_measured():
    with pytest.raises(Absent, match="no usage of container istio-proxy"):
        read(SIDECAR, BUSY.partition("- {name: istio-proxy")[0])


# https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/ (KEP-2837).
SHARED = """
metadata: {name: cano-collector-a, uid: pod-a, creationTimestamp: "2025-12-29T12:00:00Z"}
spec:
  resources: {requests: {cpu: 250m, memory: 128Mi}, limits: {cpu: "1", memory: %s}}
  containers: [{name: cano-collector, image: cano-collector:1, resources: {requests: {memory: 8Mi}}}]
  initContainers: [{name: istio-proxy, image: proxyv2:1, restartPolicy: Always}]
status: {phase: Running}
"""


@pytest.mark.parametrize(("limit", "fails"), [("400Mi", True), ("438Mi", False)])
def test_the_containers_share_the_limit_of_their_pod(limit: str, fails: bool):
    """A container above its own request is fine: it may use what the others leave."""
    judgement = read(SHARED % limit)
    assert [(one.object, one.code) for one in judgement.findings] == (
        [("Pod/cano-collector-a", "memory-nearly-used")] if fails else []
    )
    assert judgement.observed.endswith("of 1 pod as a whole")


def test_a_resize_in_place_counts_as_the_kubelet_did_it():
    """https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/."""
    raw = yaml.safe_load(SIDECAR)
    raw["spec"]["initContainers"] = []
    raw["status"]["containerStatuses"] = [
        {
            "name": "cano-collector",
            "ready": True,
            "state": {"running": {}},
            "restartCount": 0,
            "resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "110Mi"}},
        }
    ]
    judgement = read(yaml.safe_dump(raw), BUSY.partition("- {name: istio-proxy")[0])
    assert [one.message for one in judgement.findings] == [
        "Container cano-collector of pod cano-collector-a uses 91 % of its memory limit (at most 80 %): "
        "100 of 110 MiB."
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"memory_bytes": 0}, "0 bytes of memory"),
        ({"window_seconds": 0.0}, "covers 0 s"),
        ({"window_seconds": 3600.0}, "covers 3600 s"),
        ({"window_seconds": -1.0}, "covers -1 s"),
        ({"taken": NOW + timedelta(hours=1)}, "in the future"),
    ],
)
def test_a_usage_that_proves_nothing_is_not_measured(change: dict[str, Any], words: str):
    """kubernetes-sigs/metrics-server#1046, #1098: a broken cgroup set-up reports 0 bytes."""
    with pytest.raises((Absent, Malformed), match=words):
        judge(replace(used("a"), **change), used("b"))


@pytest.mark.parametrize(
    ("text", "nanocores"),
    [
        ("250m", CORE // 4),
        ("9215417n", 9215417),
        ("100u", 100_000),
        ("2", 2 * CORE),
        ("1e-3", 10**6),
        ("0.1", 10**8),
    ],
)
def test_quantities_are_exact(text: str, nanocores: int):
    raw = {
        "metadata": {"name": "a"},
        "timestamp": "2026-01-02T12:00:00Z",
        "window": "15.2s",
        "containers": [{"name": "c", "usage": {"cpu": text, "memory": "1Ki"}}],
    }
    assert objects.container_usages(raw, now=NOW) == (
        ContainerUsage("a", "c", NOW, nanocores, 1024, 15.2),
    )


def test_what_is_no_container_is_left_out_and_one_without_memory_hides_no_other():
    """kubernetes-sigs/prometheus-adapter#211: it lists the pod's sum and the pause container."""
    usages = {"": "2Gi", "POD": "0", "cano-collector": "1Gi", "beside": "0"}
    raw = {
        "metadata": {"name": "a"},
        "timestamp": "2026-01-02T12:00:00Z",
        "window": "1m0s",
        "containers": [
            {"name": name, "usage": {"cpu": "1m", "memory": memory}}
            for name, memory in usages.items()
        ],
    }
    found = objects.container_usages(raw, now=NOW)
    assert [(one.container, one.memory_bytes) for one in found] == [
        ("cano-collector", 1024**3),
        ("beside", 0),
    ]


@pytest.mark.parametrize("text", ["", "x", "-1", "NaN", "Infinity", "1ki", "0x10", None])
def test_a_quantity_that_is_none_is_malformed(text):
    raw = {
        "metadata": {"name": "a"},
        "timestamp": "2026-01-02T12:00:00Z",
        "window": "15.2s",
        "containers": [{"name": "c", "usage": {"cpu": "1", "memory": text}}],
    }
    with pytest.raises(Malformed):
        objects.container_usages(raw, now=NOW)


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.floats(0.001, 2), min_size=2, max_size=2),
    st.floats(0, 2),
    st.sampled_from(["a", "b"]),
    st.booleans(),
)
def test_more_usage_never_turns_a_failure_into_a_pass(
    memory: list[float], more: float, name: str, known: bool
):
    def rank(first: float, second: float) -> int:
        usages = [used("a", memory=first), *([used("b", memory=second)] if known else [])]
        try:
            return 2 if judge(*usages).findings else 0
        except Unmeasured:
            return 1

    after = [memory[0] + more, memory[1]] if name == "a" else [memory[0], memory[1] + more]
    assert rank(*after) >= rank(*memory)
