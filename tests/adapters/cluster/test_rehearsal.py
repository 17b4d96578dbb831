"""Rehearsals: every write carries dryRun=All, refusals are verdicts, what is none is could not measure, and nothing that was sent is shown."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from tests.adapters.scripted import JSON, Server, kube
from tests.judges.samples import install
from upkeep import demo
from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.adapters.cluster.rehearsals import deployment
from upkeep.adapters.cluster.rehearsals.refusals import pod_security, without_values
from upkeep.adapters.cluster.rehearsals.rehearsal import MERGE, Rehearsal
from upkeep.clock import HeldClock
from upkeep.domain.access.granting import granting
from upkeep.errors import Absent, Forbidden, Malformed, Unavailable, Unmeasured
from upkeep.meter import Meter
from upkeep.settings.targets import TargetSettings

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PATH = "/api/v1/namespaces/monitoring/configmaps"
PODS = "/api/v1/namespaces/monitoring/pods"
BODY = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "cano-collector-config", "namespace": "monitoring"},
    "data": {"k": "canary"},
}


def acting(cluster: demo.Cluster, *, deadline_seconds: float = 20) -> Rehearsal:
    target = TargetSettings("", kubeconfig=str(cluster.kubeconfig), context=demo.ACTING)
    return Rehearsal(
        load(target, environ={}).configuration,
        clock=HeldClock(NOW),
        meter=Meter(),
        deadline_seconds=deadline_seconds,
    )


@pytest.fixture
def cluster() -> Iterator[demo.Cluster]:
    with demo.start("healthy", now=lambda: NOW) as started:
        yield started


def test_every_write_is_a_dry_run(cluster: demo.Cluster):
    identity = acting(cluster)
    assert identity.patch(f"{PATH}/cano-collector-config", BODY, what="ConfigMap/x").accepted
    assert (
        identity.create(
            PATH,
            BODY | {"metadata": {"name": "new", "namespace": "monitoring"}},
            what="ConfigMap/new",
        ).status
        == 201
    )
    writes = [one.uri for one in cluster.requests if one.method in ("PATCH", "POST")]
    assert len(writes) == 2
    assert all("dryRun=All" in path and "fieldManager=upkeep" in path for path in writes)


def test_a_new_pod_is_rehearsed_from_the_template_and_owned_by_its_deployment(
    cluster: demo.Cluster,
):
    identity = acting(cluster)
    rehearsed = deployment.new_pod(identity, install())
    (run,) = rehearsed.dry_runs
    assert (run.action, run.accepted, run.status) == ("create", True, 201)
    (sent,) = (one for one in cluster.requests if one.uri.startswith(f"{PODS}?"))
    assert "dryRun=All" in sent.uri
    cluster.state.refusals["pods"] = (
        403,
        "Forbidden",
        'pods "cano-collector-rehearsed" is forbidden: violates PodSecurity "restricted:latest": '
        'runAsNonRoot != true (pod or container "cano-collector" must set it)',
    )
    (run,) = deployment.new_pod(identity, install()).dry_runs
    assert (run.accepted, run.status, run.reason) == (False, 403, "Forbidden")
    assert 'violates PodSecurity "restricted:latest": runAsNonRoot != true' in run.message
    cluster.state.denied.add(("acting", "pods"))
    assert deployment.new_pod(identity, install()).dry_runs == ()


@pytest.mark.parametrize("place", ["metadata", "spec"])
@pytest.mark.parametrize("value", [None, 7, []])
def test_a_deployment_that_is_none_is_malformed(
    cluster: demo.Cluster, place: str, value: object, monkeypatch: pytest.MonkeyPatch
):
    broken = cluster.state.deployment | {place: value}
    monkeypatch.setattr(Rehearsal, "get", lambda self, path: broken)
    with pytest.raises(Malformed, match=f"Deployment.*{place} is not of its type"):
        deployment.new_pod(acting(cluster), install())


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("PATCH", PATH, {}),
        ("POST", PATH, {"dryRun": "all"}),
        ("PUT", PATH, {"dryRun": "All"}),
        ("DELETE", PATH, {"dryRun": "All"}),
        ("POST", "/api/v1/namespaces/monitoring/services/x:80/proxy/api/alerts", {"dryRun": "All"}),
        ("POST", "/api/v1/namespaces/monitoring/pods/x/exec", {"dryRun": "All"}),
    ],
)
def test_a_write_that_is_none_of_these_is_refused_before_it_is_sent(
    method: str, path: str, query: dict, cluster: demo.Cluster
):
    with pytest.raises(ValueError, match="nothing is written to the cluster"):
        acting(cluster).fetch(method, path, query, body=b"{}")
    assert not cluster.requests


def test_a_refusal_of_admission_is_a_verdict():
    with demo.start("backup-restore-refused", now=lambda: NOW) as cluster:
        run = acting(cluster).patch(f"{PATH}/cano-collector-config", BODY, what="ConfigMap/x")
    assert (run.accepted, run.status, run.reason) == (False, 403, "Forbidden")
    assert run.message.startswith('admission webhook "policy.example" denied the request')


@pytest.mark.parametrize(
    "kind",
    [
        "forbidden",
        "server-error",
        "unavailable",
        "throttled",
        "cut",
        "malformed",
        "expired",
        "wrong-type",
        "hang",
    ],
)
def test_what_is_no_verdict_could_not_be_measured(kind: str):
    with demo.start(f"{kind}@rehearsals", now=lambda: NOW) as cluster, pytest.raises(Unmeasured):
        # Only what hangs is waited for in real time.
        acting(cluster, deadline_seconds=0.5 if kind == "hang" else 20).patch(
            f"{PATH}/cano-collector-config", BODY, what="ConfigMap/x"
        )


def test_a_right_that_the_review_granted_and_the_server_does_not_is_forbidden():
    with (
        demo.start("forbidden@rehearsals", now=lambda: NOW) as cluster,
        pytest.raises(Forbidden, match="cannot patch resource") as told,
    ):
        acting(cluster).patch(f"{PATH}/cano-collector-config", BODY, what="ConfigMap/x")
    assert told.value.next_step == granting(
        *("patch", "configmaps"), namespace="monitoring", name="cano-collector-config", user="demo"
    )


def test_a_webhook_that_knows_no_dry_run_is_no_verdict():
    with demo.start("healthy", now=lambda: NOW) as cluster:
        words = 'admission webhook "w.example" does not support dry run'
        cluster.state.refusals["configmaps"] = (400, "BadRequest", words)
        with pytest.raises(Unavailable, match="a webhook in the way knows no dry run"):
            acting(cluster).patch(f"{PATH}/cano-collector-config", BODY, what="ConfigMap/x")


def test_the_review_answers_for_the_acting_identity():
    with demo.start("backup-restore-forbidden", now=lambda: NOW) as cluster:
        identity = acting(cluster)
        answers = [
            identity.may("patch", resource, namespace="monitoring", name="x")
            for resource in ("secrets", "configmaps")
        ]
    assert [answer.allowed for answer in answers] == [False, True]
    assert answers[0].subject == "the acting identity"


def test_a_refusal_never_quotes_what_was_sent():
    value = "https://hooks.example/canary-xyz"
    body = {
        "data": {"k": base64.b64encode(value.encode()).decode()},
        "stringData": {"t": "first line\nsecond-canary\n"},
    }
    words = f'Secret "x" is invalid: data[k]: Invalid value: "{value}": bad; {body["data"]["k"]} and second-canary'
    said = without_values(words, body)
    assert "canary" not in said
    assert body["data"]["k"] not in said
    assert said.startswith('Secret "x" is invalid: data[k]: Invalid value: ')


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ('spec.selector: Invalid value: {"matchLabels":{"a":"canary"}}: field is immutable', "spec.selector: Invalid value: ‹masked›: field is immutable"),
        (
            '[a: Invalid value: v1.X{A:map[string]string{"k":"canary: }"}}: field is immutable, b: Duplicate value: "canary", c: Invalid value: -1: no]',
            "[a: Invalid value: ‹masked›: field is immutable, b: Duplicate value: ‹masked›, c: Invalid value: ‹masked›: no]",
        ),
        ('x: Unsupported value: "canary": supported values: "A", "B"', 'x: Unsupported value: ‹masked›: supported values: "A", "B"'),
        ('x: Invalid value: {"never closed": "canary', "x: Invalid value: ‹masked›"),
        ("x: Invalid value: https://canary:80/x: no", "x: Invalid value: ‹masked›: no"),
        ('Pod "x" is invalid: spec: Forbidden: pod updates may not change\n core.PodSpec{\n- Value: "canary",', 'Pod "x" is invalid: spec: Forbidden: pod updates may not change'),
        ('denied: env A_TOKEN is set to canary-of-env', "denied: env A_TOKEN is set to ‹masked›"),
    ],
)  # fmt: skip
def test_what_the_server_quotes_is_taken_out_whole(words: str, shown: str):
    body = {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "env": [
                                {"name": "A_TOKEN", "value": "canary-of-env"},
                                {"name": "B", "value": "denied"},
                            ]
                        }
                    ]
                }
            }
        }
    }
    assert without_values(words, body) == shown


def test_a_refusal_names_its_fields():
    with demo.start("healthy", now=lambda: NOW) as cluster:
        path = "/apis/apps/v1/namespaces/monitoring/deployments/cano-collector"
        body = {"spec": {"selector": {"matchLabels": {"more": "canary"}}}}
        run = acting(cluster).patch(
            path, body, what="Deployment/cano-collector", content_type=MERGE
        )
    assert (run.accepted, run.status, run.fields) == (False, 422, ("spec.selector",))
    assert (
        run.message
        == 'Deployment.apps "cano-collector" is invalid: spec.selector: Invalid value: ‹masked›: field is immutable'
    )


def test_a_server_side_apply_is_a_dry_run_too(cluster: demo.Cluster):
    assert (
        acting(cluster)
        .apply(f"{PATH}/cano-collector-config", BODY, what="ConfigMap/x", manager="helm")
        .action
        == "patch"
    )
    (asked,) = cluster.requests
    assert asked.method == "PATCH"
    assert "dryRun=All" in asked.uri
    assert "fieldManager=helm" in asked.uri


def openapi(*parameters: object) -> bytes:
    return json.dumps(
        {
            "openapi": "3.0.0",
            "paths": {"/apis/x": {}, "/apis/x/{name}": {"patch": {"parameters": list(parameters)}}},
        }
    ).encode()


WIDGETS = "/apis/example.org/v1/namespaces/ns/widgets"


@pytest.mark.parametrize(
    "said",
    [
        openapi({"name": "fieldManager"}),
        openapi(),
        openapi("dryRun", None),
        b'{"paths": []}',
        b"{}",
        b'{"paths": {"/a": null, "/b": {"patch": 7}}}',
    ],
)
def test_nothing_is_sent_to_a_server_that_does_not_say_that_it_knows_dry_run(
    said: bytes, server: Server
):
    """An aggregated API server could write it."""
    server.on("/openapi/v3/apis/example.org/v1", (200, JSON, said))
    server.date = format_datetime(NOW, usegmt=True)
    identity = Rehearsal(
        kube(server.url).configuration, clock=HeldClock(NOW), meter=Meter(), deadline_seconds=20
    )
    for rehearse in (
        lambda: identity.create(WIDGETS, {"kind": "Widget"}, what="Widget/x"),
        lambda: identity.patch(f"{WIDGETS}/x", {}, what="Widget/x"),
        lambda: identity.apply(f"{WIDGETS}/x", {}, what="Widget/x", manager="helm"),
    ):
        with pytest.raises(
            Unavailable, match=r"The server of example\.org does not declare dryRun"
        ) as told:
            rehearse()
    assert told.value.next_step == "kubectl get apiservices | grep -F example.org"
    assert {method for method, _, _ in server.asked} == {"GET"}


def test_where_dry_run_is_known_it_is_sent(server: Server):
    server.on(
        "/openapi/v3/apis/example.org/v1",
        (200, JSON, openapi({"name": "force"}, {"name": "dryRun", "in": "query"})),
    )
    server.on(WIDGETS, (201, JSON, b'{"kind": "Widget", "metadata": {"name": "x"}}'))
    server.date = format_datetime(NOW, usegmt=True)
    identity = Rehearsal(
        kube(server.url).configuration, clock=HeldClock(NOW), meter=Meter(), deadline_seconds=20
    )
    assert identity.create(WIDGETS, {"kind": "Widget"}, what="Widget/x").accepted
    assert [(method, query.get("dryRun")) for method, _, query in server.asked] == [
        ("GET", None),
        ("POST", ["All"]),
    ]


def test_a_kind_is_found_by_discovery(cluster: demo.Cluster):
    identity = acting(cluster)
    found = identity.resource("apps/v1", "Deployment", namespace="ns")
    assert (found.group, found.plural, found.path, found.namespace) == (
        "apps",
        "deployments",
        "/apis/apps/v1/namespaces/ns/deployments",
        "ns",
    )
    found = identity.resource("rbac.authorization.k8s.io/v1", "ClusterRole", namespace="ns")
    assert (found.path, found.namespace) == ("/apis/rbac.authorization.k8s.io/v1/clusterroles", "")
    assert (
        identity.resource("v1", "Service", namespace="ns").path == "/api/v1/namespaces/ns/services"
    )
    with pytest.raises(Absent, match="has no Ingress of apps/v1"):
        identity.resource("apps/v1", "Ingress", namespace="ns")


def test_of_the_warnings_that_of_pod_security_is_kept():
    security = r'299 - "would violate PodSecurity \"restricted:latest\": runAsNonRoot != true"'
    given = ('299 - "v1 ComponentStatus is deprecated in v1.19+"', security, "garbage")
    answer = Answer(200, "application/json", b"{}", 0.1, given)
    assert pod_security(answer) == (
        'would violate PodSecurity "restricted:latest": runAsNonRoot != true',
    )
