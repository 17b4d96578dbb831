"""What ``helm install`` stores beside the objects, and the index of the chart's repository.

The chart layout stores the release in a Secret, helm's default; the guide's in a ConfigMap.
"""

import base64
import gzip
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from upkeep.demo.objects.stored import as_yaml
from upkeep.demo.state import CANARY, RESOURCES, Object, State, stamp

CHARTS = {"guide": ("cano-collector", "1.4.2"), "chart": ("cano-collector", "0.0.25")}
APP_VERSIONS = {"guide": "1.4.2", "chart": "0.0.24"}
STORAGES = {"guide": "ConfigMap", "chart": "Secret"}
# The kinds that a chart makes; its manifest has no objects of controllers or of other tools.
RELEASED = (
    *(
        "serviceaccounts",
        "configmaps",
        "secrets",
        "roles",
        "rolebindings",
        "services",
        "deployments",
        "poddisruptionbudgets",
    ),
    "networkpolicies",
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A version of a chart in the index, and its age."""

    version: str
    age: timedelta


def labels(layout: str) -> dict[str, str]:
    """Return the chart's labels beside those that it selects by."""
    name, version = CHARTS[layout]
    return {"helm.sh/chart": f"{name}-{version}"}


def annotations(state: State) -> dict[str, str]:
    """Return helm's own annotations."""
    return {
        "meta.helm.sh/release-name": state.fullname,
        "meta.helm.sh/release-namespace": state.namespace,
    }


def store(
    state: State,
    *,
    revision: int = 1,
    status: str = "deployed",
    deployed: datetime | None = None,
    more: tuple[Object, ...] = (),
) -> None:
    """Store a revision that rendered the present objects and ``more``, instead of earlier ones."""
    kind = STORAGES[state.layout]
    plural = next(plural for plural, (_, other, _) in RESOURCES.items() if other == kind)
    mine = [
        item["metadata"]["name"]
        for item in state.objects[plural]
        if item["metadata"]["labels"].get("owner") == "helm"
    ]
    if mine:
        state.drop(plural, *mine)
    since = deployed or state.ago(days=12)
    text = packed(payload(state, revision=revision, status=status, deployed=since, more=more))
    name = f"sh.helm.release.v1.{state.fullname}.v{revision}"
    head: Object = {
        "name": name, "namespace": state.namespace, "uid": f"helm-{name}", "resourceVersion": "900", "creationTimestamp": stamp(since),
        "labels": {"owner": "helm", "name": state.fullname, "status": status, "version": str(revision), "modifiedAt": str(int(since.timestamp()))},
    }  # fmt: skip
    owned = {"f:data": {".": {}, "f:release": {}}, "f:metadata": {"f:labels": {".": {}}}}
    entry = {
        "manager": "helm",
        "operation": "Update",
        "apiVersion": "v1",
        "time": stamp(since),
        "fieldsType": "FieldsV1",
        "fieldsV1": owned,
    }
    head["managedFields"] = [entry]
    item: Object = {"apiVersion": "v1", "kind": kind, "metadata": head, "data": {"release": text}}
    if kind == "Secret":
        item |= {
            "type": "helm.sh/release.v1",
            "data": {"release": base64.b64encode(text.encode()).decode()},
        }
    state.add(item)


def packed(body: Object) -> str:
    """Return a body as helm stores it: base64 of gzip of JSON."""
    return base64.b64encode(gzip.compress(json.dumps(body).encode(), mtime=0)).decode()


def payload(
    state: State, *, revision: int, status: str, deployed: datetime, more: tuple[Object, ...]
) -> Object:
    """Return the release: chart, values, and the manifest with its secrets."""
    name, version = CHARTS[state.layout]
    chart = {
        "apiVersion": "v2",
        "name": name,
        "version": version,
        "appVersion": APP_VERSIONS[state.layout],
    }
    made = [
        item
        for plural in RELEASED
        for item in state.objects[plural]
        if item["metadata"].get("labels", {}).get("owner") != "helm"
    ]
    manifest = "".join(
        f"---\n# Source: {name}/templates/{item['kind'].lower()}.yaml\n{rendered(item)}"
        for item in [*made, *more]
    )
    info = {
        "first_deployed": stamp(state.ago(days=30)), "last_deployed": stamp(deployed), "deleted": "", "status": status,
        "description": "Upgrade complete" if status == "deployed" else "Upgrade failed", "notes": "",
    }  # fmt: skip
    return {
        "name": state.fullname, "namespace": state.namespace, "version": revision, "info": info,
        "chart": {"metadata": chart, "lock": None, "templates": [], "values": {}, "schema": None, "files": []},
        "config": {"replicas": 2, "destinations": {"slack": [{"name": "oncall", "api_key": f"xoxb-{CANARY}-oncall"}]}},
        "manifest": manifest, "hooks": [],
    }  # fmt: skip


def rendered(item: Object) -> str:
    """Return an object as a template renders it, without the API server's fields."""
    head: dict[str, Any] = {
        key: item["metadata"][key]
        for key in ("name", "namespace", "labels")
        if key in item["metadata"]
    }
    bare = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    return _written(json.dumps(bare | {"metadata": head}))


@cache
def _written(item: str) -> str:
    """Return an object's JSON as YAML: each of hundreds of scenarios stores nearly the same."""
    return as_yaml(json.loads(item))


def offer(state: State, *newer: Chart) -> None:
    """Offer the installed chart, a prerelease, and newer versions."""
    installed = CHARTS[state.layout][1]
    state.charts = [
        (one.version, one.age)
        for one in (
            *newer,
            Chart("9.0.0-rc.1", timedelta(days=3)),
            Chart(installed, timedelta(days=70)),
        )
    ]


def archive(state: State, version: str) -> str:
    """Return the file name of a version's archive, beside the index."""
    return f"{CHARTS[state.layout][0]}-{version}.tgz"


def index(state: State) -> str:
    """Return the repository's index.yaml."""
    name = CHARTS[state.layout][0]
    entries = [
        {
            "apiVersion": "v2", "name": name, "version": version, "created": stamp(state.now - age),
            "urls": [archive(state, version)],
        }
        for version, age in state.charts
    ]  # fmt: skip
    return as_yaml({"apiVersion": "v1", "entries": {name: entries}, "generated": stamp(state.now)})
