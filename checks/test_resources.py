"""The room that is left (guide: "Resource Usage Review")."""

import pytest

from upkeep.judges import resources


@pytest.mark.control(id="cpu-memory-headroom", severity="high", guide="kubectl top pods")
@pytest.mark.weekly
@pytest.mark.emergency
def test_cpu_and_memory_have_room(judge, container_usage, workload, now, limits, install):
    """Every container's CPU and memory are well within its limit, or its request where it has no limit.

    The guide prints them; nobody sees by a number of MiB that the limit is near.
    Fix: docs/runbook.md#cpu-memory-headroom
    """
    assert judge(resources.cpu_memory_headroom(container_usage, workload, now=now, limits=limits, install=install))


@pytest.mark.control(id="disk-headroom", severity="high", guide="Check disk usage")
@pytest.mark.weekly
def test_filesystems_have_room(judge, filesystems, workload, limits, install):
    """Every filesystem of every pod has room: by df where the image has a shell, else as Prometheus knows it.

    The chart's image has no df; the guide's command fails there, and says nothing of the disk.
    Fix: docs/runbook.md#disk-headroom
    """
    assert judge(resources.disk_headroom(filesystems, workload, limits=limits, install=install))


@pytest.mark.control(id="connections-headroom", severity="medium", guide="Check network connections")
@pytest.mark.weekly
def test_connections_have_room(judge, connections, workload, limits, install):
    """No process holds nearly as many connections as it may.

    By netstat where the image has a shell, else by the descriptors that the process tells of itself.
    Fix: docs/runbook.md#connections-headroom
    """
    assert judge(resources.connections_headroom(connections, workload, limits=limits, install=install))
