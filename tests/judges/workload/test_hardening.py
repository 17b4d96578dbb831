"""survives-node-loss, runs-hardened, limits-set, network-restricted: what passes, what fails by name and number, what cannot be told."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judges.samples import NOW, install, pod, template, workload
from upkeep.errors import Absent, TooEarly
from upkeep.judges.workload import hardening
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.selectors import LabelSelector
from upkeep.records.usage import DisruptionBudget, NetworkPolicy
from upkeep.records.workload import (
    ContainerResources,
    ContainerSpec,
    KubernetesEvent,
    PodTemplate,
    SecurityContext,
    Workload,
)

INSTALL = install()
GOOD = ContainerSpec(
    "cano-collector",
    "kubecano/cano-collector:0.0.24",
    ports=(("http", 8080),),
    probe_kinds=("startup", "liveness", "readiness"),
    resources=ContainerResources("cano-collector", 250_000_000, None, 2**30, 2**30),
    security=SecurityContext(run_as_non_root=True, allow_privilege_escalation=False),
)
BUDGET = DisruptionBudget(
    "cano",
    LabelSelector({"app": "cano-collector"}),
    allowed=1,
    desired_healthy=1,
    expected=2,
    current=True,
)
POLICIES = (
    NetworkPolicy("in", LabelSelector({}), ("Ingress",)),
    NetworkPolicy("out", LabelSelector({}), ("Egress",)),
)


def cluster(
    *containers: ContainerSpec,
    nodes: tuple[str, ...] = ("a", "b"),
    images: tuple[str, ...] = (),
    **changes: Any,
) -> Workload:
    """Pods on nodes, each with its image."""
    plain = workload()
    pods = []
    for number, node in enumerate(nodes):
        one = pod(f"p{number}")
        digest = images[number] if images else "x@sha256:ab"
        pods.append(
            replace(
                one,
                node=node,
                containers=tuple(replace(status, image_id=digest) for status in one.containers),
            )
        )
    made = replace(plain.deployment, template=template(containers=containers or (GOOD,)), **changes)
    return replace(plain, deployment=made, pods=tuple(pods))


def loss(
    seen: Workload | None = None, budgets: tuple[DisruptionBudget, ...] = (BUDGET,), **limits: float
) -> Judgement:
    return hardening.survives_node_loss(
        cluster() if seen is None else seen, budgets, limits=Limits(limits), install=INSTALL
    )


def hardened(seen: Workload | None = None, *events: KubernetesEvent) -> Judgement:
    return hardening.runs_hardened(cluster() if seen is None else seen, events, install=INSTALL)


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def test_two_replicas_on_two_nodes_with_a_budget_survive():
    judgement = loss()
    assert (judgement.findings, judgement.observed) == (
        (), "2 replicas on 2 nodes, PodDisruptionBudget cano allows 1 eviction"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "budgets", "found"),
    [
        (cluster(replicas=1, nodes=("a",)), (BUDGET,), [("too-few-replicas", 1, 2)]),
        (cluster(nodes=("a", "a")), (BUDGET,), [("one-node", 1, 2)]),
        (cluster(), (), [("budget-missing", 0, 1)]),
        (cluster(), (BUDGET, replace(BUDGET, name="b")), [("budgets-overlap", 2, 1)]),
        (
            cluster(),
            (replace(BUDGET, desired_healthy=0, allowed=2),),
            [("budget-keeps-none", 0, 1)],
        ),
        (cluster(), (replace(BUDGET, allowed=0),), [("budget-blocks-drain", 0, 1)]),
    ],
)
def test_what_would_be_an_outage_is_named(seen, budgets, found):
    assert [(one.code, one.observed, one.limit) for one in loss(seen, budgets).findings] == found


def test_how_it_is_spread_cannot_be_told_of_one_ready_pod():
    first, second = cluster().pods
    with pytest.raises(Absent, match="fewer than two pods are ready"):
        loss(replace(cluster(), pods=(first, replace(second, ready=False))))
    with pytest.raises(Absent, match="no pod is listed"):
        loss(replace(cluster(), pods=()))


def test_a_budget_that_its_controller_has_not_seen_is_not_judged():
    with pytest.raises(TooEarly, match="its controller has not seen its present form"):
        loss(budgets=(replace(BUDGET, current=False, allowed=0, desired_healthy=0),))


def test_one_replica_is_enough_where_the_limit_says_so():
    assert loss(cluster(replicas=1, nodes=("a",)), least_replicas=1).findings == ()


def test_hardened_containers_pass_and_a_silent_hook_proves_nothing():
    assert hardened().observed == "1 container: 0 faults; one image on 2 pods"
    judgement = hardened(cluster(replace(GOOD, hooks=("preStop",))))
    assert judgement.findings == ()
    assert judgement.observed.endswith("no event says that preStop failed, which proves nothing")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"probe_kinds": ("startup", "liveness")}, "probe-missing"),
        ({"probe_kinds": ("readiness",)}, "probe-missing"),
        ({"image": "registry:5000/cano-collector"}, "image-not-pinned"),
        ({"image": "cano-collector:latest"}, "image-not-pinned"),
        ({"security": replace(GOOD.security, run_as_user=0)}, "runs-as-root"),
        ({"security": replace(GOOD.security, run_as_non_root=None)}, "may-run-as-root"),
        ({"security": replace(GOOD.security, run_as_non_root=False)}, "may-run-as-root"),
        ({"security": replace(GOOD.security, privileged=True)}, "runs-privileged"),
        ({"security": replace(GOOD.security, allow_privilege_escalation=None)}, "may-escalate"),
        (
            {"security": replace(GOOD.security, added=("NET_BIND_SERVICE", "SYS_ADMIN"))},
            "capabilities-added",
        ),
    ],
)
def test_each_fault_of_a_container_is_one_finding(changes, code):
    assert codes(hardened(cluster(replace(GOOD, **changes)))) == [code]


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "registry:5000/cano-collector@sha256:" + "ab" * 32},
        {"image": "cano-collector:latest@sha256:" + "ab" * 32},
        {"security": replace(GOOD.security, run_as_non_root=None, run_as_user=1000)},
        {"security": replace(GOOD.security, added=("NET_BIND_SERVICE",))},
    ],
)
def test_what_is_good_in_another_way_passes(changes):
    assert hardened(cluster(replace(GOOD, **changes))).findings == ()


def test_a_sidecar_needs_no_probe_and_an_init_container_no_root():
    sidecar = replace(GOOD, name="reloader", probe_kinds=())
    assert hardened(cluster(GOOD, sidecar)).findings == ()
    seen = cluster()
    root = replace(GOOD, name="init", security=replace(GOOD.security, run_as_user=0))
    changed = replace(
        seen.deployment,
        template=replace(
            seen.deployment.template, init_containers=(root,), host_namespaces=("hostPID",)
        ),
    )
    assert codes(hardened(replace(seen, deployment=changed))) == ["runs-as-root", "host-namespace"]


@pytest.mark.parametrize(
    "image", ["registry:5000/cano-collector", "registry:5000/cano-collector:latest"]
)
def test_what_to_set_names_the_repository(image):
    (finding,) = hardened(cluster(replace(GOOD, image=image))).findings
    assert finding.next.endswith("=registry:5000/cano-collector:VERSION")


def test_pods_of_different_images_are_not_the_same_program():
    judgement = hardened(cluster(images=("docker.io/x@sha256:ab", "docker.io/x@sha256:cd")))
    assert [(one.code, one.observed) for one in judgement.findings] == [("digests-differ", 2)]
    assert judgement.observed == "1 container: 1 fault; different images on 2 pods"
    assert hardened(cluster(images=("docker.io/x@sha256:ab", "mirror/x@sha256:ab"))).findings == ()


def test_an_image_that_is_not_reported_cannot_be_compared():
    with pytest.raises(Absent, match="what image pod cano-collector-p1 runs is not reported"):
        hardened(cluster(images=("x@sha256:ab", "")))


def test_a_hook_that_failed_is_named_with_its_pod_and_no_secret():
    event = KubernetesEvent(
        "Pod",
        "p9",
        "Warning",
        "FailedPreStopHook",
        "exec: bash: token=hunter2hunter2 not found",
        NOW,
        3,
    )
    (finding,) = hardened(None, event, replace(event, reason="BackOff")).findings
    assert (finding.object, finding.code, finding.observed) == ("Pod/p9", "hook-cannot-run", 3)
    assert "hunter2" not in finding.message


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        (None, "CPU request, memory request, memory limit"),
        (ContainerResources("c", cpu_request_nanocores=1), "memory request, memory limit"),
        (ContainerResources("c", 0, None, 1, 1), "CPU request"),
    ],
)
def test_a_limit_that_is_missing_is_named(said, missing):
    made = cluster(replace(GOOD, resources=said)).deployment
    (finding,) = hardening.limits_set(made, install=INSTALL).findings
    assert (finding.code, finding.observed) == ("limit-missing", missing)
    assert (
        hardening.limits_set(cluster().deployment, install=INSTALL).observed
        == "1 of 1 container with requests and a memory limit"
    )


def test_a_template_without_a_container_cannot_be_judged():
    empty = replace(cluster().deployment, template=PodTemplate({}, ()))
    with pytest.raises(Absent, match="without a container"):
        hardening.limits_set(empty, install=INSTALL)


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        (POLICIES, []),
        ((NetworkPolicy("both", LabelSelector({}), ("Ingress", "Egress")),), []),
        ((), ["ingress-unrestricted", "egress-unrestricted"]),
        (POLICIES[:1], ["egress-unrestricted"]),
        (POLICIES[1:], ["ingress-unrestricted"]),
        (
            (
                *POLICIES,
                NetworkPolicy(
                    "open", LabelSelector({}), ("Ingress",), ("ingress rule 1: from anybody",)
                ),
            ),
            ["ingress-from-everywhere"],
        ),
    ],
)
def test_policies_add_up(policies, found):
    assert (
        codes(hardening.network_restricted(policies, cluster().deployment, install=INSTALL))
        == found
    )


BAD = st.sampled_from(
    [
        {"probe_kinds": ()}, {"image": "x"}, {"security": SecurityContext()}, {"security": SecurityContext(True, 0, True, True, ("ALL",))},
    ]
)  # fmt: skip


@given(st.lists(BAD, min_size=1, max_size=4))
def test_a_further_bad_container_never_makes_it_pass(changes):
    containers = [
        replace(GOOD, **{"name": f"c{number}", **change}) for number, change in enumerate(changes)
    ]
    alone = hardened(cluster(*containers))
    more = hardened(cluster(*containers, replace(GOOD, name="further", image="x:latest")))
    assert len(more.findings) == len(alone.findings) + 1


@given(st.permutations([*POLICIES, NetworkPolicy("open", LabelSelector({}), ("Ingress",), ("a",))]))
def test_the_order_of_policies_never_matters(policies):
    assert codes(hardening.network_restricted(policies, cluster().deployment, install=INSTALL)) == [
        "ingress-from-everywhere"
    ]
