"""``upkeep export``: save the metrics of every pod for comparison by later runs.

The file is the guide's monthly metrics-YYYYMMDD.txt, with the pod and the time of each exposition.
Later runs compare with it (latency-stable, destinations-fast, rates). A second export of a day has the
time in its name; no file is overwritten.
Exit codes: 0 written; 1 a pod is unreadable and no file is written; 4 bad input.
"""

import argparse
import sys

from upkeep.commands import connection
from upkeep.errors import Absent, BadInput, Unmeasured
from upkeep.records.workload import Pod


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    connection.arguments(parser)
    parser.add_argument(
        "--exports",
        metavar="DIR",
        help="folder of the exports (default: exports of the settings); created if missing",
    )
    parser.add_argument(
        "--collector",
        metavar="URL",
        help="URL of the collector (default: the pod proxy); {pod_ip} is replaced by each pod's IP",
    )


def run(options: argparse.Namespace) -> int:
    """Read every pod, then write one file."""
    from upkeep.adapters.cluster import objects
    from upkeep.adapters.folders import exports
    from upkeep.adapters.http import collector
    from upkeep.adapters.wire import pods as wire
    from upkeep.deadline import concurrently
    from upkeep.meter import Meter

    try:
        with connection.connected(options) as found:
            folder = found.target.exports or found.settings.exports
            if folder is None:
                raise BadInput("No export folder given. Add --exports=DIR.")
            install = found.install
            path = f"/api/v1/namespaces/{install.namespace}/pods"
            raw = found.kube.items(path, {"labelSelector": found.collector.selector}, type=wire.Pod)
            pods = [pod for pod in map(objects.pod, raw) if pod.works]
            if not pods:
                raise Absent(
                    f"Deployment/{install.deployment} has no pod to export.",
                    source=f"GET {path}",
                )
            http = collector.way_to(
                found.kube,
                url=found.target.collector,
                namespace=install.namespace,
                port=install.port,
                scheme=install.scheme,
                pods=len(pods),
                clock=found.clock,
                meter=Meter(),
                deadline_seconds=found.settings.limits["request_deadline"],
            )
            taken = found.clock.now().replace(microsecond=0)

            def read(pod: Pod) -> bytes:
                # An exposition that is of no use later is not saved.
                return collector.counters_of(
                    http, pod, container=install.container, clock=found.clock
                )[1]

            bodies = concurrently(read, pods)
    except Unmeasured as error:
        print(
            f"upkeep: no file written: {error}"
            + (f" (next: {error.next_step})" if error.next_step else ""),
            file=sys.stderr,
        )
        return 1
    written = exports.write(
        folder,
        {pod.name: body for pod, body in zip(pods, bodies, strict=True)},
        namespace=install.namespace,
        deployment=install.deployment,
        taken=taken,
    )
    print(f"{written}: {len(pods)} pods")
    return 0
