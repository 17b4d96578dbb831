"""One large cluster: a run of all cadences against ``kubectl get -o json`` of the same lists.

``python -m bench.size`` prints a table; with ``--write`` also bench/size.md. The embedded cluster runs
in a process of its own. kubectl is the one of tests/cluster, which is built where it is missing.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from bench.fleet import Cost, cost
from tests.cluster.programs import program
from upkeep import demo
from upkeep.demo.objects import stored
from upkeep.demo.state import State
from upkeep.model import CADENCES

PODS, EVENTS, SECRETS, BINDINGS = 10_000, 100_000, 1_000, 10_000
LISTS = ("pods", "events", "secrets", "rolebindings", "clusterrolebindings")


def enlarge(state: State) -> None:
    """Add what other programs have in a large cluster, all of it beside the collector."""
    labels, ago = {"app": "worker"}, state.ago(days=2)
    container = {"name": "worker", "image": "registry.example/worker:7"}
    spec = {"containers": [container], "nodeName": "node-1"}
    status = {"phase": "Running", "conditions": [], "podIP": "10.244.9.9"}
    for number in range(PODS):
        name = f"worker-{number:05}"
        state.add(stored.make(state, "Pod", name, ago, labels, spec=spec, status=status))
    for number in range(EVENTS):
        pod = {"kind": "Pod", "name": f"worker-{number % PODS:05}", "namespace": state.namespace}
        state.add(
            stored.make(
                state, "Event", f"worker-{number:06}", ago, involvedObject=pod, reason="Pulled",
                type="Normal", message="Container image already present", count=1,
                firstTimestamp=ago.isoformat(), lastTimestamp=ago.isoformat(),
            )
        )  # fmt: skip
    for number in range(SECRETS):
        state.add(
            stored.make(state, "Secret", f"worker-{number:04}", ago, data={"key": "eA=="}, type="Opaque")
        )  # fmt: skip
    group = "rbac.authorization.k8s.io"
    for number in range(BINDINGS):
        kind = ("Role", "ClusterRole")[number % 2]
        subject = {"kind": "ServiceAccount", "name": f"worker-{number}", "namespace": "elsewhere"}
        role = {"apiGroup": group, "kind": "ClusterRole", "name": "view"}
        state.add(
            stored.make(state, f"{kind}Binding", f"worker-{number:05}", ago, subjects=[subject], roleRef=role)
        )  # fmt: skip


def serve(ready: Path) -> None:
    """Serve the cluster until SIGTERM; ``ready`` then holds the path of its kubeconfig."""
    scenario = replace(demo.parse("healthy"), name="large", change=enlarge)
    with demo.start(scenario, served=True) as cluster:
        ready.with_suffix(".new").write_text(str(cluster.kubeconfig))
        ready.with_suffix(".new").rename(ready)
        signal.sigwait([signal.SIGTERM])


@contextmanager
def served() -> Iterator[Path]:
    """Yield the kubeconfig of the large cluster."""
    with tempfile.TemporaryDirectory() as name:
        ready = Path(name, "ready")
        server = subprocess.Popen([sys.executable, "-m", "bench.size", f"--serve={ready}"])
        try:
            while not ready.exists():
                if server.poll() is not None:
                    raise RuntimeError("the embedded cluster did not start")
                time.sleep(0.2)
            yield Path(ready.read_text())
        finally:
            server.terminate()
            server.wait()


def measured() -> tuple[Cost, Cost]:
    """Return what kubectl costs for the lists one after the other, and a run of all cadences."""
    kubectl = program("kubectl")
    with served() as kubeconfig, tempfile.TemporaryDirectory() as out:
        parts = [
            cost([str(kubectl), f"--kubeconfig={kubeconfig}", "get", plural, "-A", "-o", "json"])
            for plural in LISTS
        ]
        every = Cost(
            sum(one.cpu_seconds for one in parts),
            sum(one.wall_seconds for one in parts),
            max(one.peak_mebibytes for one in parts),
        )
        cadences = " or ".join(CADENCES)
        run = cost(
            [
                sys.executable, "-m", "pytest", "-q", "-m", cadences, f"--kubeconfig={kubeconfig}",
                "--settings=/dev/null", "--acting-context=demo-acting", f"--out={out}",
                "--limit=sweep_deadline=10m", "--limit=request_deadline=1m",
            ],
            expect=(0, 1),
        )  # fmt: skip
        results = map(json.loads, Path(out, "results.jsonl").read_text().splitlines())
        blind = {one["control"]: one["reason"] for one in results if one["outcome"] == "unknown"}
    # Files that nobody named are absent; what the size alone hides would have another reason.
    if set(blind.values()) - {"absent"}:
        raise RuntimeError(f"not everything was measured: {blind}")
    return every, run


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--serve", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        serve(options.serve)
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    every, run = measured()
    lines = [
        "| what | CPU | wall | peak memory | CPU ratio | wall ratio | memory ratio |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for what, found in (
        (f"`kubectl get -A -o json` of {len(LISTS)} lists", every),
        ("a run of all cadences", run),
    ):
        lines.append(
            f"| {what} | {found.cpu_seconds:.1f} s | {found.wall_seconds:.1f} s | {found.peak_mebibytes:.0f} MiB | "
            f"{found.cpu_seconds / every.cpu_seconds:.2f} | {found.wall_seconds / every.wall_seconds:.2f} | "
            f"{found.peak_mebibytes / every.peak_mebibytes:.2f} |"
        )
    text = "\n".join(lines)
    print(text)
    if options.write:
        sizes = f"{PODS:,} pods, {EVENTS:,} events, {SECRETS:,} Secrets, {BINDINGS:,} bindings"
        head = (
            f"# A large cluster\n\n`python -m bench.size --write`, 2 cores, one run: {sizes}.\n\n"
        )
        Path(__file__).with_name("size.md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
