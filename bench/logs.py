"""A pod's log judged against the same stream read and thrown away, both from a real API server, and the memory above the idle process.

``python -m bench.logs`` prints a table; ``--mebibytes=475`` reads more, ``--write`` writes bench/logs.md. Each way is a process of its own, so
that its peak memory is its own. Needs what ``make cluster-test`` needs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.timing import ROUNDS

MEBIBYTE = 1024 * 1024
WAYS = ("idle", "read", "judge")
AIM_RATIO, AIM_MEBIBYTES = 2.0, 32


def write(path: Path, mebibytes: int) -> None:
    """What the collector writes in some days, again and again, as a container runtime keeps it (CRI)."""
    from upkeep.demo.objects import logs

    now = datetime.now(UTC)
    lines = logs.life("chart", now - timedelta(days=7), now, seed="bench")
    block = "".join(
        f"{instant:%Y-%m-%dT%H:%M:%S.%f}000Z stdout F {text}\n" for instant, text in lines
    ).encode()
    with path.open("wb") as log:
        for _ in range(mebibytes * MEBIBYTE // len(block)):
            log.write(block)


def read(way: str, kubeconfig: str, path: str) -> None:
    """One way to take the stream; prints its seconds, lines and bytes."""
    from upkeep.adapters.cluster.identity.kubeconfig import load
    from upkeep.adapters.cluster.kube import Kube
    from upkeep.adapters.formats import logstream
    from upkeep.clock import Clock
    from upkeep.meter import Meter
    from upkeep.settings.targets import TargetSettings

    access = load(TargetSettings(kubeconfig=kubeconfig), environ=os.environ)
    kube = Kube(access.configuration, clock=Clock(), meter=Meter(), deadline_seconds=600)
    kube.get("/version")  # the handshake is nobody's time
    now = datetime.now(UTC)
    began, lines, size = time.monotonic(), 0, 0
    if way != "idle":
        with kube.stream(path, {"container": "cano-collector", "timestamps": "true"}) as blocks:
            if way == "read":
                size = sum(map(len, blocks))
            else:
                span = {"covered_from": now - timedelta(days=7), "covered_until": now}
                lines = logstream.survey(
                    blocks, pod="bench", container="collector", previous=False, **span
                ).lines
    print(json.dumps({"seconds": time.monotonic() - began, "lines": lines, "bytes": size}))


def taken(way: str, kubeconfig: Path, path: str) -> tuple[dict[str, float], float]:
    """What a process of its own says of a way, and its peak memory in MiB."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "bench.logs",
            f"--way={way}",
            f"--kubeconfig={kubeconfig}",
            f"--path={path}",
        ],
        stdout=subprocess.PIPE,
    )
    said = child.stdout.read() if child.stdout else b""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"{way}: exit code {child.returncode}")
    return json.loads(said), usage.ru_maxrss / 1024


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=64)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--kubeconfig", help=argparse.SUPPRESS)
    parser.add_argument("--path", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        return read(options.way, options.kubeconfig, options.path)
    from tests.cluster.plane.controlplane import ControlPlane
    from tests.cluster.plane.layouts import installed
    from tests.cluster.plane.podnetwork import PodNetwork

    with (
        tempfile.TemporaryDirectory() as folder,
        PodNetwork() as network,
        ControlPlane(Path(folder), pod_cidr=network.cidr) as plane,
        installed(plane, network, layout="guide", namespace="monitoring") as install,
    ):
        write(plane.pod_log, options.mebibytes)
        path = f"/api/v1/namespaces/{install.namespace}/pods/{sorted(install.addresses)[0]}/log"
        kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
        taken("read", kubeconfig, path)
        runs = {way: [taken(way, kubeconfig, path) for _ in range(ROUNDS)] for way in WAYS}
    seconds = {way: statistics.median(said["seconds"] for said, _ in runs[way]) for way in WAYS}
    peaks = {way: max(peak for _, peak in runs[way]) for way in WAYS}
    above = peaks["judge"] - peaks["idle"]
    text = "\n".join(
        [
            f"| {runs['read'][0][0]['bytes'] // MEBIBYTE} MiB, {runs['judge'][0][0]['lines']:,} lines | read, thrown away | judged | ratio | aim |",
            "| --- | --- | --- | --- | --- |",
            f"| time | {seconds['read']:.2f} s | {seconds['judge']:.2f} s | {seconds['judge'] / seconds['read']:.2f} | ≤ {AIM_RATIO:g} |",
            f"| memory above the idle process | {peaks['read'] - peaks['idle']:.1f} MiB | {above:.1f} MiB | | ≤ {AIM_MEBIBYTES} MiB |",
        ]
    )
    print(text)
    if options.write:
        head = f"# A pod's log, judged\n\n`python -m bench.logs --write`, 2 cores, median of {ROUNDS}.\n\n"
        Path(__file__).with_name("logs.md").write_text(f"{head}{text}\n", encoding="utf-8")
    return None


if __name__ == "__main__":
    main()
