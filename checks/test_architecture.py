"""How the collector is built to last (guide: quarterly "Architecture review", "Resource Planning", "Security review")."""

import pytest

from upkeep.judges import hardening, resources


@pytest.mark.control(id="survives-node-loss", severity="medium", guide="Architecture review")
@pytest.mark.quarterly
def test_the_loss_of_a_node_is_survived(judge, workload, budgets, limits, install):
    """Two replicas or more on more than one node, and a budget that lets a node drain and keeps one up.

    An alert that comes while the only pod moves is one that nobody gets.
    Fix: docs/runbook.md#survives-node-loss
    """
    assert judge(hardening.survives_node_loss(workload, budgets, limits=limits, install=install))


@pytest.mark.control(id="runs-hardened", severity="medium", guide="Architecture review")
@pytest.mark.quarterly
def test_containers_are_hardened(judge, workload, collector_events, install):
    """Probes are set, the image is pinned and the same on every pod, nothing runs as root or with privilege, hooks can run.

    A hook that cannot run in its image fails at every end of a pod, and only an event tells.
    Fix: docs/runbook.md#runs-hardened
    """
    assert judge(hardening.runs_hardened(workload, collector_events, install=install))


@pytest.mark.control(id="limits-set", severity="medium", guide="Check current limits")
@pytest.mark.quarterly
def test_requests_and_limits_are_set(judge, collector, install):
    """Every container requests CPU and memory, and its memory has a limit.

    What requests nothing is the first that a full node evicts.
    Fix: docs/runbook.md#limits-set
    """
    assert judge(hardening.limits_set(collector, install=install))


@pytest.mark.control(id="network-restricted", severity="medium", guide="Check network policies")
@pytest.mark.quarterly
def test_the_network_is_restricted(judge, network_policies, collector, install):
    """NetworkPolicies select the pods for ingress and for egress, and not everybody may come in.

    Whoever reaches the webhook can make any alert up.
    Fix: docs/runbook.md#network-restricted
    """
    assert judge(hardening.network_restricted(network_policies, collector, install=install))


@pytest.mark.control(id="scaling-sound", severity="medium", guide="Review scaling policies")
@pytest.mark.quarterly
def test_scaling_is_sound(judge, autoscalers, usage_without_autoscaler, workload, now, limits, install):
    """An autoscaler is able to scale, reads its metrics and has room above; where there is none, the use leaves that room.

    An autoscaler that cannot read its metrics looks like one that has nothing to do.
    Fix: docs/runbook.md#scaling-sound
    """
    assert judge(resources.scaling_sound(autoscalers, usage_without_autoscaler, workload, now=now, limits=limits, install=install))
