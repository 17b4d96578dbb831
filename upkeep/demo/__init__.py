"""An embedded cluster for demonstrations and tests: the part of the Kubernetes API that the suite and kubectl use, over real HTTP.

It serves stored objects, logs, proxied HTTP, exec and metrics, and plays Prometheus and Alertmanager. It does not
merge, own fields, admit or schedule, and nothing in it can be changed. Times are offsets from the instant of the start.
Imports the standard library, PyYAML, wsproto and trustme, and nothing of upkeep outside this package.

>>> with start("crash-looping") as cluster:
...     print(cluster.url, cluster.kubeconfig)
"""

import base64
import os
import shutil
import socket
import ssl
import tempfile
import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from upkeep.demo.objects import helm
from upkeep.demo.objects.attestations import EVIDENCE
from upkeep.demo.objects.backups import backup_time
from upkeep.demo.objects.notifications import SECRET
from upkeep.demo.objects.releases import archive, index
from upkeep.demo.objects.stored import as_yaml
from upkeep.demo.scenarios import SCENARIOS, Scenario, UnknownScenario, parse
from upkeep.demo.server.api import Api
from upkeep.demo.server.audit import Event
from upkeep.demo.server.faults import KINDS, SOURCES, Fault
from upkeep.demo.server.wire import Server
from upkeep.demo.state import CANARY, Clock, State

__all__ = [
    "ACTING",
    "CANARY",
    "KINDS",
    "SOURCES",
    "Cluster",
    "Fault",
    "Scenario",
    "State",
    "UnknownScenario",
    "names",
    "parse",
    "start",
    "summary",
]

TOKEN = f"demo-token-{CANARY}"
ACTING_TOKEN = f"demo-acting-token-{CANARY}"
ACTING = "demo-acting"


def names(*, faults: bool = True) -> list[str]:
    """All scenario names, in order; without ``faults`` those of the connection (``KIND@SOURCE``) are left out."""
    return [name for name, scenario in SCENARIOS.items() if faults or scenario.fault is None]


def summary(name: str) -> str:
    """Return the scenario in one sentence."""
    return parse(name).summary


def utc_now() -> datetime:
    return datetime.now(UTC)


def certified(host: str) -> tuple[ssl.SSLContext, bytes]:
    """Return a context with a new certificate for the host, and the authority that signed it."""
    import trustme  # 40–90 ms that no run of the suite waits for

    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context, authority.cert_pem.bytes()


class Cluster:
    """A running demo cluster; a context manager that stops it.

    :ivar url: where the API server listens; Prometheus and Alertmanager are also at ``URL/prometheus/`` and
        ``URL/alertmanager/``, the first pod's collector at ``URL/collector/``.
    :ivar kubeconfig: a file that only its owner may read, removed when the cluster stops.
    :ivar backups: the folder of the scenario's backups, removed likewise; ``None`` where the scenario has none.
    :ivar exports: the folder of the scenario's exports, likewise.
    :ivar attestations: the scenario's file of attestations, likewise.
    :ivar charts: the file of the index of the scenario's chart repository, likewise.
    :ivar helm: the scenario's program helm, likewise.
    :ivar emergency_config: the folder of the scenario's minimal configuration, likewise.
    :ivar alertmanager_config: (kind, namespace, name) of Alertmanager's configuration, where its API hides URLs and the user would name it.
    :ivar requests: every request so far, as an audit log has it.

    :param served: for people and for kubectl, for hours: over TLS, without which client-go sends no token, and with a
        story that begins anew before it grows old. A run of the suite needs neither.
    """

    def __init__(
        self, scenario: Scenario, *, now: Clock = utc_now, host: str = "127.0.0.1", port: int = 0, served: bool = False
    ) -> None:  # fmt: skip
        self.scenario = scenario
        self.state = scenario.state(now().astimezone(UTC).replace(microsecond=0))
        self.namespace = self.state.namespace
        self.server: Server | None = None
        self.placeholder: socket.socket | None = None
        self.requests: deque[Event] = deque()
        tls, self.authority = certified(host) if served else (None, b"")
        if scenario.fault == Fault("refused", "all"):
            # Bound but not listening: nobody else gets the port, and every connection is refused.
            self.placeholder = socket.socket()
            self.placeholder.bind((host, port))
            port = self.placeholder.getsockname()[1]
        else:
            self.server = Server(
                (host, port),
                Api(self.state, now, scenario.state if served else None),
                scenario.fault,
                {TOKEN: "self", ACTING_TOKEN: "acting"},
                tls,
            )
            self.requests = self.server.requests
            port = self.server.server_address[1]
            threading.Thread(
                target=self.server.serve_forever,
                kwargs={"poll_interval": 0.05},
                name="upkeep-demo",
                daemon=True,
            ).start()
        self.url = f"http{'s' if served else ''}://{host}:{port}"
        self.folder = Path(tempfile.mkdtemp(prefix="upkeep-demo-"))
        self.kubeconfig = self.folder / "kubeconfig"
        self.write_kubeconfig()
        self.backups = self.write_backups()
        self.exports = self.write_exports()
        self.attestations = self.write_attestations()
        self.charts = self.write_charts()
        self.helm = helm.write(self.state, self.folder)
        self.emergency_config = self.write_emergency_config()
        named = self.state.layout == "chart" and self.state.notifications_named
        self.alertmanager_config = ("Secret", self.namespace, SECRET) if named else None

    def write_kubeconfig(self) -> None:
        cluster = {"server": self.url}
        if self.authority:
            cluster["certificate-authority-data"] = base64.b64encode(self.authority).decode()
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "demo",
            "clusters": [{"name": "demo", "cluster": cluster}],
            "users": [{"name": "demo", "user": {"token": TOKEN}}, {"name": ACTING, "user": {"token": ACTING_TOKEN}}],
            "contexts": [
                {"name": name, "context": {"cluster": "demo", "user": name, "namespace": self.namespace}} for name in ("demo", ACTING)
            ],
        }  # fmt: skip
        with open(
            os.open(self.kubeconfig, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600),
            "w",
            encoding="utf-8",
        ) as file:
            file.write(as_yaml(document))

    def write_backups(self) -> Path | None:
        """The scenario's backups, each with the time at which it was made."""
        if not self.state.backups:
            return None
        folder = self.folder / "backups"
        folder.mkdir(mode=0o700)
        for age, files in self.state.backups.items():
            made = backup_time(self.state, age).timestamp()
            for name, text in files.items():
                path = folder / name
                path.write_text(text, encoding="utf-8")
                path.chmod(0o600)
                os.utime(path, (made, made))
        return folder

    def write_exports(self) -> Path | None:
        """The scenario's exports; runs keep expositions there, too."""
        if not self.state.exports:
            return None
        folder = self.folder / "exports"
        folder.mkdir(mode=0o700)
        for name, text in self.state.exports.items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder

    def write_attestations(self) -> Path | None:
        """The scenario's attestations, and the file that they name as evidence."""
        if not self.state.attestations:
            return None
        (self.folder / EVIDENCE[0]).write_text(EVIDENCE[1], encoding="utf-8")
        path = self.folder / "attestations.yaml"
        path.write_text(as_yaml(self.state.attestations), encoding="utf-8")
        return path

    def write_charts(self) -> Path | None:
        """The index of the scenario's chart repository, and an archive of each version, which holds nothing: the scenario's helm asks for no more."""
        if not self.state.charts:
            return None
        path = self.folder / "index.yaml"
        path.write_text(index(self.state), encoding="utf-8")
        for version, _ in self.state.charts:
            (self.folder / archive(self.state, version)).write_bytes(b"")
        return path

    def write_emergency_config(self) -> Path | None:
        """The scenario's minimal configuration, which holds a webhook's URL where the layout has no variables."""
        if not self.state.emergency:
            return None
        folder = self.folder / "emergency"
        folder.mkdir(mode=0o700)
        for name, text in self.state.emergency.items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o600)
        return folder

    def stop(self) -> None:
        """End every connection and remove the kubeconfig; a second call does nothing."""
        if self.server is not None:
            self.server.end()
            self.server = None
        if self.placeholder is not None:
            self.placeholder.close()
            self.placeholder = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(
    scenario: str | Scenario = "healthy",
    *,
    now: Clock = utc_now,
    host: str = "127.0.0.1",
    port: int = 0,
    served: bool = False,
) -> Cluster:
    """Start a cluster, as ``Cluster`` documents it; raises UnknownScenario for a name that is none."""
    known = parse(scenario) if isinstance(scenario, str) else scenario
    return Cluster(known, now=now, host=host, port=port, served=served)
