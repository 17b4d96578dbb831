"""Check usage, limits and forecasts (guide: "Resource Monitoring", "Capacity Planning")."""

import pytest

from upkeep.judges.resources import (
    autoscaling,
    capacity,
    headroom,
    sizing,
)
from upkeep.judges.resources import (
    connections as open_connections,
)
from upkeep.judges.resources import (
    filesystems as disks,
)


@pytest.mark.control(id="scaling-sound", severity="medium", guide="Review scaling policies")
@pytest.mark.quarterly
def test_scaling_is_sound(
    judge, autoscalers, usage_without_autoscaler, workload, now, limits, install
):
    """The autoscaler can scale, reads its metrics and is below its maximum.

    Without an autoscaler, usage leaves that room. A blind autoscaler looks like an idle one.
    Fix: docs/runbook.md#scaling-sound
    """
    assert judge(
        autoscaling.scaling_sound(
            autoscalers, usage_without_autoscaler, workload, now=now, limits=limits, install=install
        )
    )


@pytest.mark.control(id="right-sized", severity="low", guide="Analyze resource usage patterns")
@pytest.mark.quarterly
def test_requests_and_limits_fit_what_is_used(judge, usage_history, workload, now, limits, install):
    """Requests and limits fit the usage: the p95 of a week is 20 % to 80 % of the request.

    An unused request takes room from other pods. Usage beyond it is throttled or evicted first.
    Fix: docs/runbook.md#right-sized
    """
    assert judge(
        sizing.right_sized(usage_history, workload, now=now, limits=limits, install=install)
    )


@pytest.mark.control(id="capacity-ahead", severity="medium", guide="Capacity Planning")
@pytest.mark.quarterly
def test_capacity_suffices_for_the_quarter_ahead(
    judge, volume_history, work_history, autoscalers_seen, now, limits, install
):
    """The growing volume of alerts leaves processing time for a quarter.

    Scaling is a planned change before the limit, and an incident after it.
    Fix: docs/runbook.md#capacity-ahead
    """
    assert judge(
        capacity.capacity_ahead(
            volumes=volume_history,
            work=work_history,
            autoscalers=autoscalers_seen,
            now=now,
            limits=limits,
            install=install,
        )
    )


@pytest.mark.control(id="cpu-memory-headroom", severity="high", guide="kubectl top pods")
@pytest.mark.weekly
@pytest.mark.emergency
def test_cpu_and_memory_have_room(judge, container_usage, workload, now, limits, install):
    """Every container's CPU and memory are well below its limit, or its request without one.

    Native sidecars count, and pods with resources of their own. At the limit the kernel kills.
    Fix: docs/runbook.md#cpu-memory-headroom
    """
    assert judge(
        headroom.cpu_memory_headroom(
            container_usage, workload, now=now, limits=limits, install=install
        )
    )


@pytest.mark.control(id="disk-headroom", severity="high", guide="Check disk usage")
@pytest.mark.weekly
def test_filesystems_have_room(judge, filesystems, workload, limits, install):
    """Every filesystem of every pod has room, by df or by Prometheus.

    The chart's image has no df, so the guide's command fails there.
    Fix: docs/runbook.md#disk-headroom
    """
    assert judge(disks.disk_headroom(filesystems, workload, limits=limits, install=install))


@pytest.mark.control(
    id="connections-headroom", severity="medium", guide="Check network connections"
)
@pytest.mark.weekly
def test_connections_have_room(judge, connections, workload, limits, install):
    """Every process is well below its limit of open connections.

    By netstat where the image has a shell, else by process_open_fds.
    Fix: docs/runbook.md#connections-headroom
    """
    assert judge(
        open_connections.connections_headroom(connections, workload, limits=limits, install=install)
    )
