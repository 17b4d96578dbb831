"""Commands in the collector's container, and what they print.

The chart's image has no shell; there each of them raises what the adapter of the exec raises.
Source: POSIX df -P, https://pubs.opengroup.org/onlinepubs/9699919799/utilities/df.html;
https://man7.org/linux/man-pages/man8/netstat.8.html; proc(5) for /proc/PID/limits.
"""

import re
from typing import TYPE_CHECKING

from upkeep.domain.versions import printed
from upkeep.errors import Malformed
from upkeep.records.usage import Connections, Filesystem

if TYPE_CHECKING:
    from upkeep.adapters.cluster.execution.shell import ContainerHost


def filesystems(pod: str, host: "ContainerHost") -> list[Filesystem]:
    """Run ``df -P`` in a pod and return its filesystems."""
    return disk_table(pod, host.check_output("df -P"))


def disk_table(pod: str, text: str) -> list[Filesystem]:
    """Parse POSIX ``df -P``. Entries without a size (proc and the like) are left out.

    :raises Malformed: a line is not of the table, or no filesystem is in it.
    """
    found = []
    for line in text.splitlines()[1:]:
        match = re.fullmatch(r"(.+?)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\d+%|-)\s+(/.*)", line)
        if match is None:
            raise Malformed(
                f"df in pod {pod} printed a line that is not of its table.",
                source=f"df in Pod/{pod}",
            )
        used, left = int(match[3]), max(0, int(match[4]))
        if used + left:
            found.append(Filesystem(pod, match[6], used / (used + left)))
    if not found:
        raise Malformed(f"df in pod {pod} printed no filesystem.", source=f"df in Pod/{pod}")
    return found


def connections(pod: str, host: "ContainerHost") -> Connections:
    """Run ``netstat -tan`` in a pod; the limit is that of its first process.

    :raises Malformed: /proc/1/limits has no limit of open files.
    """
    lines = host.check_output("netstat -tan").splitlines()
    limit = re.search(
        r"^Max open files\s+(\d+)", host.check_output("cat /proc/1/limits"), re.MULTILINE
    )
    if limit is None:
        raise Malformed(
            f"/proc/1/limits in pod {pod} has no limit of open files.",
            source=f"cat in Pod/{pod}",
        )
    return Connections(
        pod,
        "netstat in the container",
        sum(line.startswith("tcp") for line in lines),
        int(limit[1]),
    )


def version(pod: str, host: "ContainerHost") -> tuple[str, str]:
    """Run ``cano-collector --version`` in a pod and return (pod, version).

    At most five seconds: a program without that option may start to serve.

    :raises Malformed: it printed no version.
    """
    found = printed(host.check_output("timeout 5 cano-collector --version"))
    if not found:
        raise Malformed(
            f"cano-collector --version in pod {pod} printed no version.",
            source=f"cano-collector in Pod/{pod}",
        )
    return pod, found
