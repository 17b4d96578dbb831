"""Check the emergency procedures (guide: "Emergency Maintenance Procedures")."""

import pytest

from upkeep.judges.rehearsals import actions, raised_limits, restoring, scaling


@pytest.mark.control(id="restart-rehearsed", severity="high", guide="Quick Recovery")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_a_restart_would_be_accepted(
    judge, restart_rehearsal, new_pod_seen, service_account_seen, collector, install
):
    """The on-call engineer may restart the collector, and the API server's dry run accepts it.

    Otherwise the emergency finds the missing right.
    Fix: docs/runbook.md#restart-rehearsed
    """
    assert judge(
        actions.restart(
            restart_rehearsal, new_pod_seen, service_account_seen, collector, install=install
        )
    )


@pytest.mark.control(id="scale-rehearsed", severity="high", guide="Scale up")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_more_replicas_would_be_accepted_and_fit(
    judge,
    scale_rehearsal,
    new_pod_seen,
    service_account_seen,
    quotas,
    limit_ranges,
    node_rooms,
    workload,
    autoscalers_seen,
    limits,
    install,
):
    """The on-call engineer may scale up, the dry run accepts it, and quotas and nodes have room.

    A quota refuses pods, not the Deployment: the command succeeds, and no pod starts.
    Fix: docs/runbook.md#scale-rehearsed
    """
    assert judge(
        scaling.scale(
            scale_rehearsal,
            new_pod_seen,
            service_account_seen,
            quotas,
            limit_ranges,
            node_rooms,
            workload,
            autoscalers_seen,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="limits-rehearsed", severity="medium", guide="Increase resource limits")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_raised_limits_would_be_accepted_raise_and_fit(
    judge,
    limits_rehearsal,
    new_pod_seen,
    service_account_seen,
    quotas,
    limit_ranges,
    node_rooms,
    workload,
    limits,
    install,
):
    """The on-call engineer may raise the limits, the emergency's are higher, and the pods fit.

    On the chart's defaults the guide's patch raises no limit, and throttles.
    Fix: docs/runbook.md#limits-rehearsed
    """
    assert judge(
        raised_limits.raised(
            limits_rehearsal,
            new_pod_seen,
            service_account_seen,
            quotas,
            limit_ranges,
            node_rooms,
            workload,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="restore-rehearsed", severity="high", guide="Restore from Backup")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_a_restore_and_a_minimal_configuration_would_be_accepted(
    judge,
    backup_folder,
    configuration_references,
    collector,
    restore_rehearsal,
    restart_if_rehearsed,
    new_pod_seen,
    service_account_seen,
    emergency_if_read,
    emergency_if_rehearsed,
    install,
):
    """The on-call engineer may restore the newest backup, restart, and use a minimal configuration.

    Each is half a recovery. A configuration that is written at 3 a.m. has a fault.
    Fix: docs/runbook.md#restore-rehearsed
    """
    assert judge(
        restoring.restored(
            backup_folder,
            configuration_references,
            collector,
            restore=restore_rehearsal,
            restart=restart_if_rehearsed,
            new_pod=new_pod_seen,
            account=service_account_seen,
            emergency=emergency_if_read,
            attempt=emergency_if_rehearsed,
            install=install,
        )
    )


@pytest.mark.control(id="triage-possible", severity="high", guide="Service Outage Response")
@pytest.mark.quarterly
@pytest.mark.emergency
def test_what_broke_can_be_seen(judge, triage_access, install):
    """The on-call engineer may read the pods, their previous logs and the events.

    Without these rights every procedure ends at its first step.
    Fix: docs/runbook.md#triage-possible
    """
    assert judge(actions.triage(triage_access, install=install))
