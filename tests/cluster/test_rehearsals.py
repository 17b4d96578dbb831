"""The emergency rehearsals on a real control plane: nothing changes, and what the server accepts of a Deployment it may refuse of its pods."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.checks.inner import results
from tests.cluster.plane.controlplane import ControlPlane, path_of, wait_for
from tests.cluster.plane.layouts import Install, minimal
from upkeep.__main__ import main
from upkeep.adapters.cluster import nodes, objects, quotas
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.adapters.cluster.rehearsals.rehearsal import Rehearsal
from upkeep.clock import Clock
from upkeep.domain.demands import with_defaults
from upkeep.meter import Meter
from upkeep.settings.targets import TargetSettings

CONTROLS = (
    "backup-restores", "secrets-rotatable", "restart-rehearsed", "scale-rehearsed", "limits-rehearsed", "restore-rehearsed", "triage-possible",
)  # fmt: skip
GROUPS = ("/api/v1", "/apis/apps/v1", "/apis/batch/v1", "/apis/policy/v1", "/apis/networking.k8s.io/v1", "/apis/rbac.authorization.k8s.io/v1",
          "/apis/discovery.k8s.io/v1", "/apis/autoscaling/v2", "/apis/coordination.k8s.io/v1", "/apis/events.k8s.io/v1")  # fmt: skip


@pytest.fixture(params=["guide", "chart"])
def install(request: pytest.FixtureRequest) -> Iterator[Install]:
    return request.getfixturevalue(request.param)


def run(
    plane: ControlPlane, install: Install, out: Path, *controls: str
) -> dict[str, dict[str, Any]]:
    kubeconfig = plane.kubeconfig("admin", namespace=install.namespace)
    backups = plane.folder / f"backups-of-rehearsals-{install.namespace}"
    if not backups.exists():
        assert main(["backup", f"--kubeconfig={kubeconfig}", f"--backups={backups}"]) == 0
    prepared = minimal(plane.folder / f"emergency-{install.layout}", install.layout)
    words = [
        f"--kubeconfig={kubeconfig}",
        "--acting-context=acting",
        f"--backups={backups}",
        f"--emergency-config={prepared}",
    ]
    chosen = " or ".join(f"control(id='{control}')" for control in controls)
    return results(chosen, *words, out=out)


def versions(plane: ControlPlane, namespace: str) -> dict[str, str]:
    """The resourceVersion of every object of the namespace, of every kind that can be listed."""
    found = {}
    for group in GROUPS:
        for resource in plane.get(group)["resources"]:
            if resource["namespaced"] and "list" in resource["verbs"]:
                for one in plane.get(f"{group}/namespaces/{namespace}/{resource['name']}")["items"]:
                    found[f"{resource['name']}/{one['metadata']['name']}"] = one["metadata"][
                        "resourceVersion"
                    ]
    return found


def settled(plane: ControlPlane, namespace: str) -> dict[str, str]:
    """The versions when nobody has written for a while: the controllers' last statuses and events follow an install in their own time."""

    def unchanged() -> dict[str, str] | None:
        first = versions(plane, namespace)
        time.sleep(1)
        return first if versions(plane, namespace) == first else None

    return dict(wait_for(unchanged, what=f"the controllers to come to rest in {namespace}"))


def test_all_rehearsals_pass_and_change_nothing(
    plane: ControlPlane, install: Install, tmp_path: Path
) -> None:
    """Every object of the namespace is the same before and after, and beside reviews the acting identity sent dry runs alone."""
    before, audited = settled(plane, install.namespace), len(list(plane.audited()))
    judged = run(plane, install, tmp_path / "out", *CONTROLS)
    assert {
        control: (result["outcome"], result["summary"])
        for control, result in judged.items()
        if result["outcome"] != "pass"
    } == {}
    assert set(judged) == set(CONTROLS)
    assert versions(plane, install.namespace) == before
    assert {kind.partition("/")[0] for kind in before} >= {
        "configmaps",
        "deployments",
        "replicasets",
        "pods",
        "services",
    }
    mine = [
        event for event in list(plane.audited())[audited:] if event["user"]["username"] == "oncall"
    ]
    writes = [
        event
        for event in mine
        if event["verb"] not in ("get", "list") and "accessreviews" not in event["requestURI"]
    ]
    assert [
        event["requestURI"] for event in writes if "dryRun=All" not in event["requestURI"]
    ] == []
    patched = {
        f"{event['objectRef']['resource']}/{event['objectRef'].get('subresource', '')}"
        for event in writes
        if event["verb"] == "patch"
    }
    assert patched >= {"deployments/", "deployments/scale", "configmaps/"}
    # A restart, other limits; scaling to two and to three; each object over the live one once, and the minimal configuration once.
    assert sum(event["objectRef"]["resource"] == "deployments" for event in writes) == 4


@pytest.fixture
def narrow(plane: ControlPlane, guide: Install) -> Iterator[str]:
    """A LimitRange that lets a pod have 900Mi of memory; the path of it."""
    item = {"type": "Pod", "max": {"memory": "900Mi"}}
    made = {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "narrow", "namespace": guide.namespace}, "spec": {"limits": [item]},
    }  # fmt: skip
    plane.apply(made)
    yield path_of(made)
    assert plane.request("DELETE", path_of(made)).status == 200
    # Admission remembers what it has looked up for half a minute; whoever comes next finds no trace of it.
    wait_for(
        lambda: _pod(plane, guide, memory="1Gi").status == 201,
        what="the LimitRange to be gone from admission",
    )


def test_a_limit_range_refuses_the_pods_and_not_the_deployment(
    plane: ControlPlane, guide: Install, narrow: str, tmp_path: Path
) -> None:
    """The server accepts the patch of the Deployment, and refuses the pod that it would make: so it is judged by reading the LimitRange."""
    wait_for(
        lambda: _pod(plane, guide, memory="1Gi").status == 403, what="the LimitRange in admission"
    )
    refused = json.loads(_pod(plane, guide, memory="1Gi").data)["message"]
    assert "maximum memory usage per Pod is 900Mi, but limit is 1Gi" in refused
    assert _pod(plane, guide, memory="768Mi").status == 201
    (finding,) = run(plane, guide, tmp_path, "limits-rehearsed")["limits-rehearsed"]["findings"]
    assert (finding["object"], finding["code"], finding["observed"], finding["limit"]) == (
        "LimitRange/narrow",
        "limit-range-refuses",
        "1Gi",
        "900Mi",
    )


@pytest.fixture
def restricted(plane: ControlPlane, guide: Install) -> Iterator[None]:
    """The namespace enforces the Pod Security level restricted; the pods that run stay."""
    path = f"/api/v1/namespaces/{guide.namespace}"

    def enforce(level: str | None) -> None:
        labels = {"pod-security.kubernetes.io/enforce": level}
        merge = "application/merge-patch+json"
        body = {"metadata": {"labels": labels}}
        assert plane.request("PATCH", path, body, content_type=merge).status == 200

    def admitted(status: int) -> bool:
        return bool(_pod(plane, guide, memory="768Mi").status == status)

    enforce("restricted")
    wait_for(lambda: admitted(403), what="Pod Security in admission")
    yield
    enforce(None)
    wait_for(lambda: admitted(201), what="Pod Security to be gone from admission")


@pytest.mark.usefixtures("restricted")
def test_pod_security_refuses_the_pods_and_not_the_deployment(
    plane: ControlPlane, guide: Install, tmp_path: Path
) -> None:
    """kubernetes/kubernetes#125507: the server accepts the patch, with a warning at most."""
    result = run(plane, guide, tmp_path / "warned", "restart-rehearsed")["restart-rehearsed"]
    assert (result["outcome"], result["reason"]) == ("unknown", "absent")
    assert 'would violate PodSecurity "restricted:latest"' in result["summary"]
    creator = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "creator", "namespace": guide.namespace},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": creator["metadata"],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "creator"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "oncall"}],
    }
    plane.apply(creator, binding)
    try:
        result = run(plane, guide, tmp_path / "out", "restart-rehearsed")["restart-rehearsed"]
    finally:
        for one in (binding, creator):
            assert plane.request("DELETE", path_of(one)).status == 200
    (finding,) = result["findings"]
    assert (finding["code"], finding["observed"]) == ("new-pod-refused", 403)
    assert 'violates PodSecurity "restricted:latest"' in finding["message"]


def _pod(plane: ControlPlane, install: Install, *, memory: str) -> Any:
    """The server's dry run of a pod of the template with another memory limit."""
    template = plane.get(
        f"/apis/apps/v1/namespaces/{install.namespace}/deployments/cano-collector"
    )["spec"]["template"]
    template["spec"]["containers"][0]["resources"]["limits"] = {"cpu": "1", "memory": memory}
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "rehearsed"},
        "spec": template["spec"],
    }
    return plane.request("POST", f"/api/v1/namespaces/{install.namespace}/pods?dryRun=All", body)


# What the server itself makes of a pod, and what is foretold of it: (containers' resources, the defaults of a limit range).
DEFAULTED = [
    ({"limits": {"memory": "64Mi"}}, {}),
    ({}, {"default": {"memory": "128Mi"}}),
    (
        {"requests": {"memory": "32Mi"}},
        {"default": {"memory": "128Mi"}, "defaultRequest": {"memory": "16Mi"}},
    ),
    ({}, {"max": {"memory": "256Mi"}, "min": {"memory": "8Mi"}}),
]


@pytest.mark.parametrize(("said", "item"), DEFAULTED)
def test_the_defaults_are_the_servers(
    plane: ControlPlane, guide: Install, said: dict[str, Any], item: dict[str, Any]
) -> None:
    """A container that says less gets what is foretold, from the limit range as the server stores it."""
    made = {
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "defaults", "namespace": guide.namespace},
        "spec": {"limits": [{"type": "Container"} | item]},
    }  # fmt: skip
    if item:
        plane.apply(made)
    try:
        container = {"name": "c", "image": "i", "resources": said}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "defaulted"},
            "spec": {"containers": [container]},
        }
        ranges = quotas.limit_ranges(plane.get(path_of(made))) if item else ()
        (spec,) = objects.template({"spec": {"containers": [container]}}).containers
        foretold = with_defaults(spec, ranges)

        def agrees() -> bool:
            answer = plane.request(
                "POST", f"/api/v1/namespaces/{guide.namespace}/pods?dryRun=All", body
            )
            if answer.status != 201:
                return False
            (got,) = objects.template(json.loads(answer.data)).containers
            return got.resources == foretold

        wait_for(agrees, what=f"the server's pod to be {foretold}")
    finally:
        if item:
            plane.request("DELETE", path_of(made))
            wait_for(
                lambda: plane.request("GET", path_of(made)).status == 404,
                what="the LimitRange to be gone",
            )


def needs(memory: str, **more: str) -> dict[str, Any]:
    return {"image": "i", "resources": {"requests": {"memory": memory}}} | more


SIDECAR = {"restartPolicy": "Always"}
SHAPES: list[tuple[Any, ...]] = [
    ([needs("100Mi"), needs("50Mi")], []),
    ([needs("100Mi")], [needs("300Mi"), needs("200Mi")]),
    ([needs("100Mi")], [needs("30Mi", **SIDECAR), needs("200Mi")]),
    ([needs("100Mi")], [needs("200Mi"), needs("30Mi", **SIDECAR)]),
    ([needs("100Mi")], [needs("30Mi", **SIDECAR), needs("10Mi"), needs("40Mi", **SIDECAR)]),
    # Pod-level resources count instead (KEP-2837).
    ([needs("100Mi")], [needs("30Mi", **SIDECAR)], {"requests": {"memory": "300Mi"}}),
]


def test_what_a_pod_takes_is_what_the_servers_quota_counts(plane: ControlPlane) -> None:
    """Init containers and sidecars, as the quota's admission reckons them."""
    namespace = "counted"
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    base = f"/api/v1/namespaces/{namespace}"
    wait_for(
        lambda: plane.request("GET", f"{base}/serviceaccounts/default").status == 200,
        what="the default service account",
    )
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": namespace},
        "spec": {"hard": {"requests.memory": "9Gi"}},
    }
    plane.apply(quota)

    def used() -> int:
        found = quotas.quota(plane.get(path_of(quota)))
        return found.used.get("requests.memory", -1) // 1000

    wait_for(lambda: used() == 0, what="the quota's first count")
    bare = {"name": "bare", "image": "i"}
    tried = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": namespace},
        "spec": {"containers": [needs("1Mi") | bare]},
    }
    wait_for(
        lambda: plane.request("POST", f"{base}/pods?dryRun=All", tried).status == 201,
        what="the quota's count in admission",
    )
    sums = 0
    for number, (running, first, *whole) in enumerate(SHAPES):
        own, before = (
            [one | {"name": f"{kind}{at}"} for at, one in enumerate(those)]
            for kind, those in (("c", running), ("i", first))
        )
        spec = {"containers": own, "initContainers": before, "schedulerName": "nobody"}
        spec |= {"resources": whole[0]} if whole else {}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}", "namespace": namespace},
            "spec": spec,
        }
        answer = plane.request("POST", f"{base}/pods", pod)
        assert answer.status == 201, answer.data
        sums += nodes.taken([json.loads(answer.data)])[""].memory_bytes
        wait_for(lambda sums=sums: used() == sums, what=f"the quota to count {sums}")
    plane.request("DELETE", f"/api/v1/namespaces/{namespace}")


def test_what_a_custom_resource_definition_serves_can_be_rehearsed(
    plane: ControlPlane, chart: Install
) -> None:
    """The real API server says of such a group that it knows dryRun, and stores nothing."""
    group, plural = "upkeep.example", "widgets"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }  # fmt: skip
    plane.apply(definition)
    try:
        path = f"/apis/{group}/v1/namespaces/{chart.namespace}/{plural}"
        for one in (f"/openapi/v3/apis/{group}/v1", path):
            wait_for(
                lambda one=one: plane.request("GET", one).status == 200, what=f"an answer at {one}"
            )
        target = TargetSettings("", kubeconfig=str(plane.kubeconfig("admin")))
        identity = Rehearsal(
            load(target, environ={}).configuration,
            clock=Clock(),
            meter=Meter(),
            deadline_seconds=60,
        )
        body = {
            "apiVersion": f"{group}/v1",
            "kind": "Widget",
            "metadata": {"name": "x", "namespace": chart.namespace},
        }
        assert identity.create(path, body, what="Widget/x").accepted
        assert plane.get(path)["items"] == []
    finally:
        plane.request("DELETE", path_of(definition))
        wait_for(
            lambda: group not in {one["name"] for one in plane.get("/apis")["groups"]},
            what="the group to be gone",
        )
