"""Check that the collector's pods run, answer and survive (guide: "Check pod status", "Architecture review")."""

import pytest

from upkeep.judges.workload import (
    endpoints,
    events,
    hardening,
    health,
    network,
    node_loss,
    readiness,
    requirements,
    restarts,
)


@pytest.mark.control(id="survives-node-loss", severity="medium", guide="Architecture review")
@pytest.mark.quarterly
def test_the_loss_of_a_node_is_survived(judge, workload, budgets, limits, install):
    """Two replicas or more run on several nodes, and one PodDisruptionBudget lets a node drain and keeps a pod up.

    While the only pod moves to another node, no pod receives alerts.
    Fix: docs/runbook.md#survives-node-loss
    """
    assert judge(node_loss.survives_node_loss(workload, budgets, limits=limits, install=install))


@pytest.mark.control(id="runs-hardened", severity="medium", guide="Architecture review")
@pytest.mark.quarterly
def test_containers_are_hardened(judge, workload, collector_events, install):
    """Probes are set, the image is pinned and the same on every pod, no container has root or privilege, and hooks can run.

    A hook that cannot run in its image fails at every end of a pod, and only an event reports it.
    Fix: docs/runbook.md#runs-hardened
    """
    assert judge(hardening.runs_hardened(workload, collector_events, install=install))


@pytest.mark.control(id="limits-set", severity="medium", guide="Check current limits")
@pytest.mark.quarterly
def test_requests_and_limits_are_set(judge, workload, install):
    """Every container requests CPU and memory, and its memory has a limit.

    A full node first evicts containers without requests.
    Fix: docs/runbook.md#limits-set
    """
    assert judge(requirements.limits_set(workload, install=install))


@pytest.mark.control(id="network-restricted", severity="medium", guide="Check network policies")
@pytest.mark.quarterly
def test_the_network_is_restricted(judge, network_policies, policy_kinds, workload, install):
    """NetworkPolicies restrict ingress to the pods and egress from them, and ingress names its sources.

    Any client that reaches the webhook can forge alerts.
    Fix: docs/runbook.md#network-restricted
    """
    assert judge(
        network.network_restricted(network_policies, policy_kinds, workload, install=install)
    )


@pytest.mark.control(id="warning-events", severity="medium", guide="Check events")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_no_event_warns(judge, collector_events, now, limits, install):
    """Kubernetes recorded no Warning about the collector in the last hour.

    A Warning is the first sign of why a pod does not start; the API server deletes it after an hour.
    Fix: docs/runbook.md#warning-events
    """
    assert judge(events.none_warns(collector_events, now=now, limits=limits, install=install))


@pytest.mark.control(id="endpoints-serving", severity="critical", guide="Check service endpoints")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_service_leads_to_every_ready_pod(
    judge, services, endpoints_seen, workload, deployments, install
):
    """Every Service of the collector has a ready endpoint for each ready pod, and its target port resolves.

    Alertmanager posts to the Service: without an endpoint it refuses every alert.
    Fix: docs/runbook.md#endpoints-serving
    """
    assert judge(
        endpoints.serving(
            services, endpoints_seen, workload, deployments=deployments, install=install
        )
    )


@pytest.mark.control(id="health-ok", severity="critical", guide="Verify health endpoint")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_pod_answers_that_it_is_well(judge, health_answers, workload, install, limits, now):
    """Every pod answers 200 with an ok body on each probe path, in time.

    The guide asks the one pod that the Service picks; an unhealthy second pod stays unseen.
    Fix: docs/runbook.md#health-ok
    """
    assert judge(health.ok(health_answers, workload, install=install, limits=limits, now=now))


@pytest.mark.control(id="pods-ready", severity="critical", guide="Check pod status")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_pod_is_ready(judge, workload, now):
    """Every desired replica runs the newest template and is ready.

    While no pod is ready, alerts are lost: Alertmanager retries, then drops them.
    Fix: docs/runbook.md#pods-ready
    """
    assert judge(readiness.ready(workload, now=now))


@pytest.mark.control(id="pods-stable", severity="high", guide="Check pod status")
@pytest.mark.daily
@pytest.mark.emergency
def test_no_container_restarted(judge, workload, previous_tails, now, limits):
    """No container of the collector restarted in the window.

    A restart loses the alerts in flight. It is no gate: a restart must not block the rollout that fixes it.
    Fix: docs/runbook.md#pods-stable
    """
    assert judge(restarts.stable(workload, now=now, limits=limits, tails=previous_tails))
