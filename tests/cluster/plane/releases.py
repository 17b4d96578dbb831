"""Helm releases on the real control plane: as helm would have stored what the tests install, and a small chart for helm itself."""

import base64
import gzip
import io
import json
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CHART, CHART_VERSION, APP_VERSION, RELEASE = "cano-collector", "0.0.25", "0.0.24", "cano"
NEWER_VERSION, NEWER_APP_VERSION = "0.0.26", "0.0.25"
STORAGES = {"guide": "ConfigMap", "chart": "Secret"}


def installed_by_helm(deployment: dict[str, Any], namespace: str) -> None:
    """Writes on the Deployment what helm writes on all that it installs."""
    deployment["metadata"]["annotations"] = {
        "meta.helm.sh/release-name": RELEASE,
        "meta.helm.sh/release-namespace": namespace,
    }


def stored(
    layout: str, namespace: str, objects: list[dict[str, Any]], *, secret: str
) -> dict[str, Any]:
    """The release that made the objects, with a secret among its values."""
    deployed = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    body = {
        "name": RELEASE, "namespace": namespace, "version": 1, "config": {"token": secret}, "hooks": [],
        "info": {"first_deployed": deployed, "last_deployed": deployed, "deleted": "", "status": "deployed"},
        "chart": {"metadata": {"name": CHART, "version": CHART_VERSION, "appVersion": APP_VERSION}, "templates": []},
        "manifest": "".join(f"---\n{json.dumps(one)}\n" for one in objects),
    }  # fmt: skip
    text = base64.b64encode(gzip.compress(json.dumps(body).encode())).decode()
    kind, name = STORAGES[layout], f"sh.helm.release.v1.{RELEASE}.v1"
    labels = {"owner": "helm", "name": RELEASE, "status": "deployed", "version": "1"}
    made = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
    }
    if kind == "ConfigMap":
        return made | {"data": {"release": text}}
    return made | {
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(text.encode()).decode()},
    }


def write_repository(folder: Path, objects: list[dict[str, Any]]) -> Path:
    """The index of a repository whose newest chart is a patch newer than the installed one, and makes these objects with the next image."""
    text = "".join(f"---\n{json.dumps(one)}\n" for one in objects).replace(
        f"{CHART}:{APP_VERSION}", f"{CHART}:{NEWER_APP_VERSION}"
    )
    files = {
        "Chart.yaml": f"apiVersion: v2\nname: {CHART}\nversion: {NEWER_VERSION}\nappVersion: {NEWER_APP_VERSION}\n",
        "templates/all.yaml": text,
    }
    with tarfile.open(folder / "newer.tgz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{CHART}/{name}")
            entry.size = len(content.encode())
            archive.addfile(entry, io.BytesIO(content.encode()))
    path = folder / "index.yaml"
    path.write_text(
        f"apiVersion: v1\ngenerated: {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\nentries:\n  {CHART}:\n  - {{version: {CHART_VERSION}, created: 2026-01-02T12:00:00Z}}\n"
        f"  - {{version: {NEWER_VERSION}, created: 2026-02-02T12:00:00Z, urls: [newer.tgz]}}\n"
    )
    return path


def write_chart(folder: Path) -> Path:
    """A chart of the tests' own: a Deployment without pods, a Secret, a hook, and a document of comments alone."""
    chart = folder / CHART
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(
        f"apiVersion: v2\nname: {CHART}\nversion: {CHART_VERSION}\nappVersion: {APP_VERSION}\n"
    )
    (chart / "values.yaml").write_text("token: none\n")
    (chart / "templates" / "all.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cano-collector\n  namespace: {{ .Release.Namespace }}\n"
        "spec:\n  replicas: 0\n  selector:\n    matchLabels: {app: helmed}\n  template:\n    metadata:\n      labels: {app: helmed}\n"
        "    spec:\n      containers:\n      - {name: cano-collector, image: 'kubecano/cano-collector:0.0.24'}\n"
        "---\n# nothing\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: helmed\n  labels:\n    app: helmed\nstringData:\n  token: {{ .Values.token }}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hooked\n  annotations:\n    helm.sh/hook: post-install,post-upgrade\n"
    )
    return chart
