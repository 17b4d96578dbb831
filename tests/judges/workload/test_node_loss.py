"""survives-node-loss: what passes, what fails by name and number, what cannot be measured."""

import json

import pytest
from msgspec.structs import replace

from tests.judges.workload.hardened import BUDGET, INSTALL, cluster, codes
from upkeep.errors import Absent, TooEarly
from upkeep.judges.workload.node_loss import survives_node_loss
from upkeep.limits import Limits
from upkeep.model import Judgement
from upkeep.records.selectors import LabelSelector
from upkeep.records.usage import DisruptionBudget
from upkeep.records.workload import Workload

ALONE = replace(BUDGET, expected=1)


def loss(
    seen: Workload | None = None, budgets: tuple[DisruptionBudget, ...] = (BUDGET,), **limits: float
) -> Judgement:
    return survives_node_loss(
        cluster() if seen is None else seen, budgets, limits=Limits(limits), install=INSTALL
    )


def test_two_replicas_on_two_nodes_with_a_budget_survive():
    judgement = loss()
    assert (judgement.findings, judgement.observed) == (
        (), "2 replicas on 2 nodes, PodDisruptionBudget cano allows 1 eviction"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "budgets", "found"),
    [
        (cluster(replicas=1, nodes=("a",)), (ALONE,), [("too-few-replicas", 1, 2)]),
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


def test_the_spread_of_one_ready_pod_cannot_be_measured():
    first, second = cluster().pods
    with pytest.raises(Absent, match="Fewer than two pods are ready"):
        loss(replace(cluster(), pods=(first, replace(second, ready=False))))
    with pytest.raises(Absent, match="No pod is listed"):
        loss(replace(cluster(), pods=()))
    with pytest.raises(Absent, match="No pod is listed"):
        loss(replace(cluster(), pods=(first,)))  # of two
    told = loss(replace(cluster(), pods=(first,)), ())
    assert [one.code for one in told.findings] == ["budget-missing"]
    assert isinstance(told.unmeasured, Absent)
    assert loss(cluster(replicas=1, nodes=("a",))).unmeasured is None  # the finding says why


def test_a_budget_that_its_controller_has_not_seen_is_not_judged():
    late = replace(BUDGET, name="late", current=False, allowed=0, desired_healthy=0)
    with pytest.raises(TooEarly, match="late: its controller has not seen its newest generation"):
        loss(budgets=(late,))


def test_one_replica_is_enough_where_the_limit_says_so():
    assert loss(cluster(replicas=1, nodes=("a",)), (ALONE,), least_replicas=1).findings == ()


def test_the_command_that_spreads_the_pods_holds_their_labels():
    (finding,) = loss(cluster(nodes=("a", "a"))).findings
    patch = json.loads(finding.next.split("'")[1])
    (constraint,) = patch["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["labelSelector"] == {"matchLabels": {"app": "cano-collector"}}


def labelled(*labels: dict[str, str]) -> Workload:
    """The cluster with other labels on its pods, as a webhook or ``kubectl label`` leaves them."""
    seen = cluster()
    pods = [replace(pod, labels=one) for pod, one in zip(seen.pods, labels, strict=True)]
    return replace(seen, pods=tuple(pods))


def test_a_budget_selects_the_labels_of_pods_and_not_of_the_template():
    """The disruption controller looks at pods: one with other labels has no budget."""
    ours = {"app": "cano-collector"}
    (finding,) = loss(labelled(ours, {"app": "other"})).findings
    assert (finding.code, finding.message) == (
        "budget-missing",
        "No PodDisruptionBudget selects pod cano-collector-p1: "
        "node drains may evict all pods at once.",
    )


def test_budgets_that_share_no_pod_do_not_overlap():
    halves = tuple(
        replace(BUDGET, name=zone, selector=LabelSelector({"zone": zone}), expected=1)
        for zone in "ab"
    )
    assert codes(loss(labelled({"zone": "a"}, {"zone": "b"}), halves)) == []
    both = (*halves, replace(BUDGET, name="all", selector=LabelSelector({})))
    assert codes(loss(labelled({"zone": "a"}, {"zone": "b"}), both)) == ["budgets-overlap"]


def test_a_budget_over_several_workloads_may_let_all_of_the_collectors_go():
    """kubernetes/kubernetes#113891: expectedPods adds up the pods of every controller."""
    shared = replace(BUDGET, expected=5, healthy=5, desired_healthy=3, allowed=2)
    (finding,) = loss(budgets=(shared,)).findings
    assert (finding.code, finding.message) == (
        "budget-keeps-none",
        "PodDisruptionBudget/cano also selects 3 pods of other workloads and requires 3 healthy "
        "pods: node drains may evict all of the collector's at once.",
    )
    assert codes(loss(budgets=(replace(shared, desired_healthy=4, allowed=1),))) == []


def test_evicted_pods_that_the_budget_counts_are_no_other_workload():
    """A failed pod stays in the list, and in expectedPods where minAvailable is a number."""
    seen = cluster()
    evicted = [replace(seen.pods[0], name=f"e{n}", phase="Failed", ready=False) for n in "12"]
    counted = replace(BUDGET, expected=4)
    assert codes(loss(replace(seen, pods=(*seen.pods, *evicted)), (counted,))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"desired_healthy": 2}, "it requires 2 of 2 healthy pods. A node drain waits."),
        ({"healthy": 1}, "it requires 1 of 2 healthy pods, and 1 of 2 are healthy."),
        (
            {"healthy": 0},
            "Its unhealthyPodEvictionPolicy keeps the unhealthy pods too; AlwaysAllow lets them go.",
        ),
        (
            {"healthy": 0, "evicts_unhealthy": True},
            "it requires 1 of 2 healthy pods, and 0 of 2 are healthy. A node drain waits.",
        ),
    ],
)
def test_a_budget_that_blocks_a_drain_names_the_cause(changes, said):
    """Policy IfHealthyBudget is the default: https://kubernetes.io/docs/tasks/run-application/configure-pdb/"""
    (finding,) = loss(budgets=(replace(BUDGET, allowed=0, **changes),)).findings
    assert (finding.code, said in finding.message) == ("budget-blocks-drain", True)
    assert ("AlwaysAllow" in finding.next) is ("AlwaysAllow" in said)


def test_a_budget_that_its_controller_cannot_compute_blocks_and_does_not_keep_none():
    """DisruptionAllowed False, SyncFailed: its numbers are zeros, and no eviction is allowed."""
    failed = replace(BUDGET, allowed=0, desired_healthy=0, expected=0, failure="found no scale")
    (finding,) = loss(budgets=(failed,)).findings
    assert finding.code == "budget-blocks-drain"
    assert "cannot compute it (found no scale)" in finding.message
