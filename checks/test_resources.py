"""Check usage, limits and forecasts (guide: "Resource Monitoring", "Capacity Planning")."""

import pytest

from upkeep.judges.resources import capacity, headroom, sizing


@pytest.mark.control(id="scaling-sound", severity="medium", guide="Review scaling policies")
@pytest.mark.quarterly
def test_scaling_is_sound(
    judge, autoscalers, usage_without_autoscaler, workload, now, limits, install
):
    """An autoscaler is able to scale, reads its metrics and has room above; where there is none, the use leaves that room.

    An autoscaler that cannot read its metrics looks like one that has nothing to do.
    Fix: docs/runbook.md#scaling-sound
    """
    assert judge(
        headroom.scaling_sound(
            autoscalers, usage_without_autoscaler, workload, now=now, limits=limits, install=install
        )
    )


@pytest.mark.control(id="right-sized", severity="low", guide="Analyze resource usage patterns")
@pytest.mark.quarterly
def test_requests_and_limits_fit_what_is_used(judge, usage_history, workload, now, limits, install):
    """Requests and limits fit what the containers use: the p95 of a week is neither a small part of the request nor nearly all of it.

    What is requested and never used is taken from others; what is used and not requested is slowed down, or evicted, first.
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
    """The volume of alerts, as it grows, leaves processing room for a quarter.

    More pods take a minute to ask for when nothing is late, and longer in an emergency.
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
    """Every container's CPU and memory are well within its limit, or its request where it has no limit.

    The guide prints them; nobody sees by a number of MiB that the limit is near.
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
    """Every filesystem of every pod has room: by df where the image has a shell, else as Prometheus knows it.

    The chart's image has no df; the guide's command fails there, and says nothing of the disk.
    Fix: docs/runbook.md#disk-headroom
    """
    assert judge(headroom.disk_headroom(filesystems, workload, limits=limits, install=install))


@pytest.mark.control(
    id="connections-headroom", severity="medium", guide="Check network connections"
)
@pytest.mark.weekly
def test_connections_have_room(judge, connections, workload, limits, install):
    """No process holds nearly as many connections as it may.

    By netstat where the image has a shell, else by the descriptors that the process tells of itself.
    Fix: docs/runbook.md#connections-headroom
    """
    assert judge(
        headroom.connections_headroom(connections, workload, limits=limits, install=install)
    )
