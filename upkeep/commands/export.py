"""``upkeep export``: every pod's exposition in one file, as the guide's monthly ``metrics-YYYYMMDD.txt``, each with its pod and instant.

Later runs compare with it (latency-stable, destinations-fast, rates). A further export of a day has the time in its name; nothing is overwritten.
Exit codes: 0 written; 1 a pod could not be read, and nothing was written; 4 bad input.
"""

import argparse
import sys

from upkeep.commands import connection
from upkeep.errors import Absent, BadInput, Unmeasured
from upkeep.records.workload import Pod

SUMMARY = "save the metrics of every pod, for later comparison"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    connection.arguments(parser)
    parser.add_argument(
        "--exports",
        metavar="DIR",
        help="the folder (default: exports of the settings file); made where it is missing",
    )
    parser.add_argument(
        "--collector",
        metavar="URL",
        help="the collector's HTTP, when not through the pod proxy; {pod_ip} is each pod's address",
    )


def run(options: argparse.Namespace) -> int:
    """Reads every pod, then writes them all."""
    from upkeep.adapters.cluster import objects
    from upkeep.adapters.folders import exports
    from upkeep.adapters.http import collector
    from upkeep.meter import Meter
    from upkeep.sweep import concurrently

    try:
        with connection.connected(options) as found:
            folder = found.settings.exports
            if folder is None:
                raise BadInput("where the exports go was not said: --exports=DIR")
            install = found.install
            path = f"/api/v1/namespaces/{install.namespace}/pods"
            raw = found.kube.items(path, {"labelSelector": found.collector.selector})
            pods = [pod for pod in map(objects.pod, raw) if pod.works]
            if not pods:
                raise Absent(
                    f"Deployment/{install.deployment} has no pod: there is nothing to export",
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
            f"upkeep: nothing was written: {error}"
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
