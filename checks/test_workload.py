"""Check that the collector's pods run, answer and survive (guide: "Check pod status", "Architecture review")."""

import pytest

from upkeep.judges.workload import endpoints, events, hardening, health, pods


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


@pytest.mark.control(id="warning-events", severity="medium", guide="Check events")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_no_event_warns(judge, collector_events, now, limits, install):
    """Kubernetes warned of nothing about the collector in the last hour.

    It is the first thing that tells why a pod does not start, and it is gone after an hour.
    Fix: docs/runbook.md#warning-events
    """
    assert judge(events.none_warns(collector_events, now=now, limits=limits, install=install))


@pytest.mark.control(id="endpoints-serving", severity="critical", guide="Check service endpoints")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_service_leads_to_every_ready_pod(judge, services, endpoints_seen, workload, install):
    """Every Service of the collector has a ready endpoint for each ready pod, and its target port resolves.

    Alertmanager posts to the Service: without an endpoint every alert is refused.
    Fix: docs/runbook.md#endpoints-serving
    """
    assert judge(endpoints.serving(services, endpoints_seen, workload, install=install))


@pytest.mark.control(id="health-ok", severity="critical", guide="Verify health endpoint")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_pod_answers_that_it_is_well(judge, health_answers, workload, install, limits, now):
    """Every pod answers 200 with an ok body on each probe path, in time.

    The guide asks one pod, whichever the Service picks; a second one that is ill stays unseen.
    Fix: docs/runbook.md#health-ok
    """
    assert judge(health.ok(health_answers, workload, install=install, limits=limits, now=now))


@pytest.mark.control(id="pods-ready", severity="critical", guide="Check pod status")
@pytest.mark.daily
@pytest.mark.emergency
@pytest.mark.gate
def test_every_pod_is_ready(judge, workload, now):
    """Every desired replica runs the newest template and is ready.

    Alerts are lost while no pod is ready: Alertmanager retries, then drops.
    Fix: docs/runbook.md#pods-ready
    """
    assert judge(pods.ready(workload, now=now))


@pytest.mark.control(id="pods-stable", severity="high", guide="Check pod status")
@pytest.mark.daily
@pytest.mark.emergency
def test_no_container_restarted(judge, workload, previous_tails, now, limits):
    """No container of the collector restarted in the window.

    A restart loses what was in flight. It is judged apart from readiness so that it does not block deploying its fix.
    Fix: docs/runbook.md#pods-stable
    """
    assert judge(pods.stable(workload, now=now, limits=limits, tails=previous_tails))
