"""The whole process of a daily run against the guide's own seven commands, one after another, on the same real control plane.

``python -m bench.daily`` prints a table; with ``--write`` also bench/daily.md. Latency is added by a small delaying proxy of the bench's own,
the same for both. Needs what ``make cluster-test`` needs.
"""

import argparse
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.timing import ROUNDS, seconds_of
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install, installed
from tests.cluster.plane.podnetwork import PodNetwork
from tests.cluster.programs import program

# Of the test environment; a user has the others, which the suite was named to use.
UNASKED = ("hypothesispytest", "xdist")
PLUGINS = ("html", "metadata", "allure_pytest", "pytest11.testinfra", *UNASKED)


class DelayingProxy:
    """Forwards TCP, each direction late by some seconds."""

    def __init__(self, target: tuple[str, int], delay_seconds: float) -> None:
        self._target, self._delay_seconds = target, delay_seconds
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            upstream = socket.create_connection(self._target)
            for one in (client, upstream):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for source, sink in ((client, upstream), (upstream, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Reads at once and writes each block when it is due, so that blocks overlap as they do on a long line."""
        due: list[tuple[float, bytes]] = []
        selector = selectors.DefaultSelector()
        selector.register(source, selectors.EVENT_READ)
        ended = False
        while due or not ended:
            wait = None if not due else max(0.0, due[0][0] - time.monotonic())
            if not ended and selector.select(wait):
                try:
                    block = source.recv(65536)
                except OSError:
                    block = b""
                ended = not block
                if block:
                    due.append((time.monotonic() + self._delay_seconds, block))
                else:
                    selector.unregister(source)
            elif ended and wait:
                time.sleep(wait)
            while due and due[0][0] <= time.monotonic():
                try:
                    sink.sendall(due.pop(0)[1])
                except OSError:
                    return
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


def guide_commands(kubeconfig: Path, install: Install) -> list[list[str]]:
    """The guide's seven daily commands; the three of curl as the API server's proxy serves them, there being no DNS of the cluster here."""
    kubectl = [str(program("kubectl")), f"--kubeconfig={kubeconfig}", "-n", install.namespace]
    pod = sorted(install.addresses)[0]
    proxy = f"/api/v1/namespaces/{install.namespace}/pods/{pod}:8080/proxy"
    return [
        [*kubectl, "get", "pods", "-l", "app=cano-collector"],
        [
            *kubectl,
            "get",
            "endpointslices",
            "-l",
            "kubernetes.io/service-name=cano-collector",
        ],  # this control plane fills no Endpoints
        [*kubectl, "get", "--raw", f"{proxy}/health"],
        [*kubectl, "logs", "-l", "app=cano-collector", "--tail=100"],
        *([*kubectl, "get", "--raw", f"{proxy}/metrics"] for _ in range(3)),
    ]


def pytest_collects(*words: str) -> None:
    """One ``pytest --collect-only``."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *words],
        capture_output=True,
        check=True,
    )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    os.environ.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # Python's default: what was imported once need not be compiled again
    peaks: list[float] = []
    lines = [
        "| added latency | the run is | floor | pytest -m daily | ratio (aim ≤ 1.25) | guide's commands | ratio |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        PodNetwork() as network,
        ControlPlane(Path(folder), pod_cidr=network.cidr) as plane,
        installed(plane, network, layout="guide", namespace="monitoring") as install,
    ):
        address = ("127.0.0.1", int(plane.url.rsplit(":", 1)[1]))
        for label, delay in (("none", 0.0), ("20 ms each way", 0.02)):
            server = f"https://127.0.0.1:{DelayingProxy(address, delay).port}"
            kubeconfig = plane.kubeconfig("admin", namespace=install.namespace, server=server)

            def commands(kubeconfig: Path = kubeconfig) -> None:
                for command in guide_commands(kubeconfig, install):
                    subprocess.run(command, check=True, capture_output=True, timeout=60)

            def daily(*options: str, code: int = 0, kubeconfig: Path = kubeconfig) -> None:
                words = [
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-m",
                    "daily",
                    f"--kubeconfig={kubeconfig}",
                    f"--out={folder}/out",
                    "--limit=log_coverage=10%",
                    *options,
                ]
                ran = subprocess.Popen(
                    words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                )
                said = ran.stdout.read() if ran.stdout else ""
                _, status, usage = os.wait4(ran.pid, 0)
                ran.returncode = os.waitstatus_to_exitcode(status)
                peaks.append(usage.ru_maxrss / 1024)
                if ran.returncode != code:
                    raise RuntimeError(said[-2000:])

            def healthy(daily: Callable[..., None] = daily) -> None:
                daily(
                    *(f"--absent={name}=bench" for name in ("prometheus", "alertmanager")),
                    "--limit=health_latency=30s",
                )

            def failing(daily: Callable[..., None] = daily) -> None:
                """Prometheus and Alertmanager are not found, and hardly an answer is fast enough."""
                daily("--limit=health_latency=10ms", code=1)

            def floor(kubeconfig: Path = kubeconfig) -> None:
                reports = [
                    f"--html={folder}/r.html",
                    f"--alluredir={folder}/a",
                    f"--junitxml={folder}/j.xml",
                ]
                words = [
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "--noconftest",
                    "-c",
                    "/dev/null",
                    *(f"-pno:{plugin}" for plugin in UNASKED),
                    *reports,
                    "bench/floor.py",
                ]
                subprocess.run(
                    words,
                    check=True,
                    capture_output=True,
                    env=os.environ | {"KUBECONFIG": str(kubeconfig)},
                )

            healthy()
            least, theirs = seconds_of(floor), seconds_of(commands)
            for state, run in (("healthy", healthy), ("failing, and blind in part", failing)):
                ours = seconds_of(run)
                lines.append(
                    f"| {label} | {state} | {least:.2f} s | {ours:.2f} s | {ours / least:.2f} | {theirs:.2f} s | {ours / theirs:.2f} |"
                )
        requests = json.loads((Path(folder) / "out" / "run.json").read_text())["requests"]
    collect = seconds_of(lambda: pytest_collects("-m", "daily"))
    bare = seconds_of(
        lambda: pytest_collects(
            "--noconftest",
            "-c",
            "/dev/null",
            *(f"-pno:{plugin}" for plugin in PLUGINS),
            "bench/bare.py",
        )
    )
    lines += [
        "",
        "- The floor: pytest with the plugins that the suite was named to use and their reports, and one test that lists the pods by the official client.",
        f"- Requests of the last daily run: {requests}; the seven commands make their own, and discovery's besides.",
        f"- Peak memory of a daily run: {max(peaks):.0f} MiB.",
        f"- `--collect-only`: {collect:.2f} s; bare pytest on one test: {bare:.2f} s (ratio {collect / bare:.1f}).",
    ]
    text = "\n".join(lines)
    print(text)
    if options.write:
        Path(__file__).with_name("daily.md").write_text(
            f"# A daily run against the guide's commands\n\n`python -m bench.daily --write`, 2 cores, median of {ROUNDS}.\n\n{text}\n"
        )


if __name__ == "__main__":
    main()
