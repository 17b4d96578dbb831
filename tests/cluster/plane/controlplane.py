"""A real control plane, started for a test session and ended with it."""

import contextlib
import itertools
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import urllib3
import yaml

from tests.cluster.programs import kwok_stages, program
from upkeep.errors import Unmeasured

IDENTITIES = {"admin": "system:masters", "measurer": "", "nobody": "", "oncall": ""}
NODE = "node-1"
# What a killed session started ends with it.
WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
_CONTROLLERS = (
    "deployment-controller,replicaset-controller,endpointslice-controller,job-controller,"
    "serviceaccount-controller,serviceaccount-token-controller,root-ca-certificate-publisher-controller,garbage-collector-controller,"
    "namespace-controller,clusterrole-aggregation-controller,disruption-controller,resourcequota-controller"
)


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kwok on free ports of this machine, with a static token for each identity.

    :param pod_cidr: the network from which kwok gives pods their addresses.
    """

    def __init__(self, folder: Path, *, pod_cidr: str) -> None:
        self.folder = folder
        self.pod_cidr = pod_cidr
        self.audit_log = folder / "audit.log"
        self.pod_log = folder / "pod.log"
        self.previous_pod_log = folder / "previous-pod.log"
        self.tokens = {name: f"canary-token-{name}-{secrets.token_hex(8)}" for name in IDENTITIES}
        self._processes: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def __enter__(self) -> "ControlPlane":
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends every program, the last one first."""
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)
        self._processes.clear()

    def run(self, name: str, *command: str | Path) -> subprocess.Popen[bytes]:
        """Starts a program in a process group of its own; its output goes to ``NAME.log``. It ends with the control plane."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*WITH_US, *map(str, command)], stdout=log, stderr=log, start_new_session=True
            )
        self._processes.append(process)
        return process

    def _start(self) -> None:
        etcd, peer, api, kubelet, manager = free_ports(5)
        folder = self.folder
        self.url = f"https://127.0.0.1:{api}"
        for words in (
            ["genrsa", "-out", "sa.key", "2048"],
            ["rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub"],
        ):
            subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
        lines = [
            f"{token},{name},{name}{f',{IDENTITIES[name]}' if IDENTITIES[name] else ''}"
            for name, token in self.tokens.items()
        ]
        (folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        (folder / "audit.yaml").write_text(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n"
            "rules: [{level: RequestResponse, resources: [{group: '', resources: [secrets]}]}, {level: Metadata}]\n"
        )
        self.run(
            "etcd", program("etcd"), "--data-dir", folder / "etcd", "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{etcd}", f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
        )  # fmt: skip
        self.run(
            "kube-apiserver", program("kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{etcd}", f"--cert-dir={folder}",
            f"--secure-port={api}", "--bind-address=127.0.0.1", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={folder}/sa.key", f"--service-account-key-file={folder}/sa.pub",
            f"--token-auth-file={folder}/tokens.csv", "--authorization-mode=RBAC,Node", "--service-cluster-ip-range=10.99.0.0/24",
            "--kubelet-preferred-address-types=InternalIP", f"--audit-policy-file={folder}/audit.yaml", f"--audit-log-path={self.audit_log}",
        )  # fmt: skip
        wait_for(self._ready, what="kube-apiserver's /readyz")
        admin = self.kubeconfig("admin")
        self.run(
            "kube-controller-manager", program("kube-controller-manager"), f"--kubeconfig={admin}", "--leader-elect=false",
            f"--service-account-private-key-file={folder}/sa.key", f"--root-ca-file={folder}/apiserver.crt", f"--controllers={_CONTROLLERS}",
            f"--secure-port={manager}", "--bind-address=127.0.0.1", f"--cert-dir={folder}/manager",
        )  # fmt: skip
        self.pod_log.touch()
        self.previous_pod_log.touch()
        logs = {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterLogs",
            "metadata": {"name": "logs"},
            "spec": {
                "logs": [
                    {"logsFile": str(self.pod_log), "previousLogsFile": str(self.previous_pod_log)}
                ]
            },
        }
        # Commands of exec run on this machine: what the tests send are echo, true and false.
        execs = {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterExec",
            "metadata": {"name": "exec"},
            "spec": {"execs": [{"local": {}}]},
        }
        stages = "\n---\n".join(
            [
                *(stage.read_text() for stage in kwok_stages()),
                yaml.safe_dump(logs),
                yaml.safe_dump(execs),
            ]
        )
        (folder / "kwok.yaml").write_text(stages)
        self.run(
            "kwok", program("kwok"), f"--kubeconfig={admin}", "--manage-all-nodes=true", f"--cidr={self.pod_cidr}", "--node-ip=127.0.0.1",
            f"--node-port={kubelet}", f"--tls-cert-file={folder}/apiserver.crt", f"--tls-private-key-file={folder}/apiserver.key",
            f"--config={folder}/kwok.yaml",
        )  # fmt: skip
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": NODE, "annotations": {"kwok.x-k8s.io/node": "fake"}},
            }
        )
        wait_for(
            lambda: self.get(f"/api/v1/nodes/{NODE}")["status"].get("addresses"), what="kwok's node"
        )

    def _ready(self) -> bool:
        if self._processes[-1].poll() is not None:
            raise RuntimeError((self.folder / "kube-apiserver.log").read_text()[-2000:])
        try:
            return self.request("GET", "/readyz", timeout=5).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        identity: str = "admin",
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float = 60,
    ) -> urllib3.BaseHTTPResponse:
        """One request as an identity, whatever its status; of kubectl, as the API server's field managers tell."""
        pool = urllib3.PoolManager(
            cert_reqs="CERT_REQUIRED", ca_certs=str(self.folder / "apiserver.crt")
        )
        return pool.request(
            method, self.url + path, body=None if body is None else json.dumps(body).encode(), timeout=timeout, retries=False,
            headers={"Authorization": f"Bearer {self.tokens[identity]}", "Content-Type": content_type, "Accept": accept, "User-Agent": "kubectl"},
        )  # fmt: skip

    def get(self, path: str, *, identity: str = "admin") -> dict[str, Any]:
        """The object at a path."""
        response = self.request("GET", path, identity=identity)
        if response.status != 200:
            raise AssertionError(f"GET {path}: {response.status} {response.data[:300]!r}")
        return dict(json.loads(response.data))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply on the server as kubectl does, status included where the object has one."""
        for thing in objects:
            path = path_of(thing)
            for target in [path, f"{path}/status"] if "status" in thing else [path]:
                response = self.request(
                    "PATCH",
                    f"{target}?fieldManager=kubectl&force=true",
                    thing,
                    content_type="application/apply-patch+yaml",
                )
                if response.status not in (200, 201):
                    raise AssertionError(
                        f"apply {target}: {response.status} {response.data[:400]!r}"
                    )

    def patch(self, path: str, change: Any) -> None:
        """A merge patch."""
        response = self.request("PATCH", path, change, content_type="application/merge-patch+json")
        if response.status != 200:
            raise AssertionError(f"patch {path}: {response.status} {response.data[:400]!r}")

    def kubeconfig(
        self, identity: str, *, namespace: str = "default", server: str | None = None
    ) -> Path:
        """A kubeconfig of an identity, in the session's folder; its second context, ``acting``, is that of the on-call engineer."""
        path = self.folder / f"{identity}-{namespace}.kubeconfig"
        cluster = {
            "server": server or self.url,
            "certificate-authority": str(self.folder / "apiserver.crt"),
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [
                {"name": name, "user": {"token": self.tokens[user]}}
                for name, user in (("test", identity), ("acting", "oncall"))
            ],
            "contexts": [
                {"name": name, "context": {"cluster": "test", "user": name, "namespace": namespace}}
                for name in ("test", "acting")
            ],
        }
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return path

    def audited(self) -> Iterator[dict[str, Any]]:
        """The audit log's events. That of a request is written before its answer ends; the last line may be another's that is being written."""
        for line in self.audit_log.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


_PLURALS = {"PodMetrics": "pods", "NetworkPolicy": "networkpolicies", "Endpoints": "endpoints"}
_CLUSTER_WIDE = {
    "Node",
    "Namespace",
    "PersistentVolume",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
}


def path_of(thing: dict[str, Any]) -> str:
    """The path of an object."""
    version, kind, metadata = thing["apiVersion"], thing["kind"], thing["metadata"]
    base = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = "" if kind in _CLUSTER_WIDE else f"/namespaces/{metadata['namespace']}"
    return f"{base}{place}/{_PLURALS.get(kind, kind.lower() + 's')}/{metadata['name']}"


def wait_for(condition: Callable[[], Any], *, what: str, seconds: float = 180) -> Any:
    """The first true value of a condition. It costs no more time than that takes; the deadline is for what will never come.

    What cannot be looked at yet is not true yet: a quota without its first count, a group without its document.

    :raises TimeoutError: it did not become true in time.
    """
    ends = time.monotonic() + seconds
    while True:
        blind = None
        try:
            if value := condition():
                return value
        except Unmeasured as error:
            blind = error
        if time.monotonic() > ends:
            raise TimeoutError(f"{what}: not within {seconds:g} s") from blind
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below those that the kernel gives to whoever connects: it would give one away before a program has taken it."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = random.sample(range(min(10_000, lowest // 2), lowest), 200)
    return list(itertools.islice(filter(_free, candidates), count))


def _free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("", port))
        except OSError:
            return False
        return True
