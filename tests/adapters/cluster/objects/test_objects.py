"""Kubernetes objects as records: what a pod template needs, and each kind with the API's defaults."""

from typing import Any

import pytest

from tests.adapters.cluster.objects.deployments import TEMPLATE, raw_deployment
from tests.judges.samples import deployment
from upkeep.adapters.cluster import fields, objects
from upkeep.adapters.wire.decoding import convert
from upkeep.adapters.wire.meta import LabelSelector
from upkeep.domain import discovery
from upkeep.domain.discovery import secret_references
from upkeep.errors import Malformed


def test_every_place_that_needs_a_secret_is_found():
    found = secret_references(deployment(template=objects.template(TEMPLATE)))
    assert [(one.name, one.keys, one.optional, one.place) for one in found] == [
        ("destinations", (), False, "volume destinations"),
        ("certificate", ("tls.crt",), True, "volume some"),
        ("a", (), False, "volume both"),
        ("sentry", (), True, "envFrom of container cano-collector"),
        ("slack", ("token",), False, "env SLACK of container cano-collector"),
        ("slack", ("other",), True, "env KEY of container sidecar"),
        ("registry", (), False, "imagePullSecrets"),
    ]


def test_the_prefix_of_variables_from_an_object_is_kept():
    """core/v1 EnvFromSource.prefix: KEY of the object is the variable SLACK_KEY."""
    container = TEMPLATE["spec"]["containers"][0] | {
        "envFrom": [{"prefix": "SLACK_", "secretRef": {"name": "slack"}}, {"configMapRef": {"name": "env"}}]
    }  # fmt: skip
    found = objects.template(TEMPLATE | {"spec": TEMPLATE["spec"] | {"containers": [container]}})
    assert found.containers[0].env_prefixes == ("SLACK_", "")


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("azureFile", {"secretName": "storage", "shareName": "s"}),
        ("cephfs", {"monitors": ["m"], "secretRef": {"name": "storage"}}),
        ("cinder", {"volumeID": "v", "secretRef": {"name": "storage"}}),
        ("csi", {"driver": "d.example", "nodePublishSecretRef": {"name": "storage"}}),
        ("flexVolume", {"driver": "d/x", "secretRef": {"name": "storage"}}),
        ("iscsi", {"targetPortal": "p", "iqn": "i", "lun": 0, "secretRef": {"name": "storage"}}),
        ("rbd", {"monitors": ["m"], "image": "i", "secretRef": {"name": "storage"}}),
        ("scaleIO", {"gateway": "g", "system": "s", "secretRef": {"name": "storage"}}),
        ("storageos", {"volumeName": "v", "secretRef": {"name": "storage"}}),
    ],
)
def test_every_volume_of_the_core_api_that_reads_a_secret_is_found(
    kind: str, source: dict[str, Any]
):
    """https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/volume/"""
    spec = TEMPLATE["spec"] | {"volumes": [{"name": "data", kind: source}]}
    found = secret_references(deployment(template=objects.template(TEMPLATE | {"spec": spec})))
    assert [one.name for one in found if one.place == "volume data"] == ["storage"]


def test_a_volume_of_the_secrets_store_is_known_by_its_driver():
    volumes = [{"name": "vault", "csi": {"driver": "secrets-store.csi.k8s.io"}}]
    spec = TEMPLATE["spec"] | {"volumes": volumes}
    found = deployment(template=objects.template(TEMPLATE | {"spec": spec}))
    assert discovery.syncing_volume(found) == "vault"
    assert discovery.syncing_volume(deployment(template=objects.template(TEMPLATE))) == ""


@pytest.mark.parametrize(
    ("selector", "labels", "holds"),
    [
        ({}, {}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]},
            {"a": "2"},
            True,
        ),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        (
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
            {"a": "1"},
            False,
        ),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        (
            {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]},
            {"a": "1"},
            False,
        ),
    ],
)
def test_a_label_selector_holds_when_every_term_does(selector: dict, labels: dict, holds: bool):
    assert (
        discovery.matches(fields.label_selector(convert(selector, LabelSelector)), labels) is holds
    )
    assert discovery.matches(None, labels) is False


@pytest.mark.parametrize(
    ("spec", "types", "wide"),
    [
        ({"podSelector": {}}, ("Ingress",), ()),
        ({"podSelector": {}, "egress": [{}]}, ("Ingress", "Egress"), ()),
        ({"podSelector": {}, "policyTypes": ["Egress"], "ingress": [{}]}, ("Egress",), ()),
        ({"podSelector": {}, "ingress": [{}]}, ("Ingress",), ("ingress rule 1: any source",)),
        (
            {"podSelector": {}, "ingress": [{"from": []}]},
            ("Ingress",),
            ("ingress rule 1: any source",),
        ),
        (
            {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]},
            ("Ingress",),
            ("ingress rule 1: 0.0.0.0/0",),
        ),
        (
            {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "0::0/0"}}]}]},
            ("Ingress",),
            ("ingress rule 1: 0::0/0",),
        ),
        (
            {"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]},
            ("Ingress",),
            (),
        ),
        (
            {
                "podSelector": {},
                "ingress": [{"from": [{"podSelector": {}}]}, {"from": [{"namespaceSelector": {}}]}],
            },
            ("Ingress",),
            ("ingress rule 2: every namespace",),
        ),
        (
            {
                "podSelector": {},
                "ingress": [
                    {
                        "from": [
                            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}
                        ]
                    }
                ],
            },
            ("Ingress",),
            (),
        ),
    ],
)
def test_a_network_policy_with_the_apis_defaults(spec: dict, types: tuple, wide: tuple):
    policy = objects.network_policy({"metadata": {"name": "x"}, "spec": spec})
    assert (policy.types, policy.from_everywhere) == (types, wide)


def test_an_autoscaler_names_the_metrics_that_it_cannot_read():
    """kubernetes/kubernetes#74052: the status keeps an empty entry in the metric's place."""
    metrics = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}},
        {"type": "External", "external": {"metric": {"name": "queue_length"}, "target": {}}},
    ]
    raw = {
        "metadata": {"name": "h", "uid": "u"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "cano"},
            "maxReplicas": 5,
            "metrics": metrics,
        },
        "status": {"currentReplicas": 2, "currentMetrics": [{"type": "Resource"}, {"type": ""}]},
    }
    found = objects.autoscaler(raw, deployment="cano")
    assert found is not None
    assert found.unread == ("External queue_length",)
    raw["status"].pop("currentMetrics")
    assert objects.autoscaler(raw, deployment="cano").unread == ()


@pytest.mark.parametrize(
    ("fields", "last", "count"),
    [
        ({"lastTimestamp": "2026-01-01T00:00:00Z", "count": 4}, "2026-01-01T00:00:00", 4),
        (
            {"lastTimestamp": None, "eventTime": "2026-01-01T00:00:00.000001Z"},
            "2026-01-01T00:00:00.000001",
            1,
        ),
        (
            {
                "eventTime": "2026-01-01T00:00:00Z",
                "series": {"count": 7, "lastObservedTime": "2026-01-01T01:00:00Z"},
            },
            "2026-01-01T01:00:00",
            7,
        ),
        # Whichever client wrote what of it, the latest counts.
        (
            {
                "series": {"lastObservedTime": "2026-01-01T00:00:00Z"},
                "lastTimestamp": "2026-01-01T02:00:00Z",
            },
            "2026-01-01T02:00:00",
            1,
        ),
        ({}, "2025-12-31T00:00:00", 1),
        # A node whose clock is wrong: the API server stored it at its own time.
        ({"lastTimestamp": "2020-01-01T00:00:00Z"}, "2025-12-31T00:00:00", 1),
    ],
)
def test_an_event_as_old_and_new_clients_write_it(fields: dict, last: str, count: int):
    head = {
        "metadata": {"name": "x", "creationTimestamp": "2025-12-31T00:00:00Z"},
        "involvedObject": {"kind": "Pod", "name": "p"},
    }
    event = objects.event(head | fields)
    assert (event.last.replace(tzinfo=None).isoformat(), event.count, event.kind, event.name) == (
        last,
        count,
        "Pod",
        "p",
    )


@pytest.mark.parametrize(
    ("get", "expected"),
    [
        ({"path": "/livez", "port": 8080, "scheme": "HTTPS"}, ("/livez", 8080, "HTTPS")),
        ({"port": "http"}, ("/", "http", "HTTP")),
        ({"path": "livez?full=1", "port": 8080}, ("/livez?full=1", 8080, "HTTP")),
    ],
)
def test_a_probe_with_the_apis_defaults(get: dict[str, Any], expected: tuple[str, Any, str]):
    container = {
        "name": "c",
        "image": "i",
        "livenessProbe": {"httpGet": get},
        "readinessProbe": {"exec": {"command": ["true"]}},
    }
    (probe,) = objects.template({"spec": {"containers": [container]}}).containers[0].probes
    assert (probe.kind, probe.path, probe.port, probe.scheme) == ("liveness", *expected)


def test_what_cannot_be_written_to_is_told_by_the_mount_and_by_the_volume():
    mounts = [
        {"name": "a", "mountPath": "/a"},
        {"name": "b", "mountPath": "/b", "readOnly": True},
        {"name": "c", "mountPath": "/c"},
    ]
    volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": name, "readOnly": name == "c"}}
        for name in "abc"
    ]
    spec = {"containers": [{"name": "c", "image": "i", "volumeMounts": mounts}], "volumes": volumes}
    assert objects.template({"spec": spec}).containers[0].read_only == ("/b", "/c")


@pytest.mark.parametrize(
    "words", [{"command": ["sh", None]}, {"command": ["sh"], "args": [0]}, {"args": [["-c"]]}]
)
def test_a_command_that_is_not_all_texts_is_malformed(words: dict[str, Any]):
    with pytest.raises(Malformed, match="PodTemplate is not as the API describes it"):
        objects.template({"spec": {"containers": [{"name": "c", **words}]}})


@pytest.mark.parametrize(
    ("text", "number"),
    [("20Pi", 20 * 1024**5), ("100E", 2**63 - 1), ("1e999999999", 2**63 - 1), (10**30, 2**63 - 1)],
)
def test_a_quantity_is_never_more_than_the_greatest_that_there_is(text: str | int, number: int):
    """Such a number of digits would be written out to no end."""
    assert fields.bytes_of(text) == number


@pytest.mark.parametrize("labels", [{"app": {}}, {"app": None}, ["app"]])
def test_labels_that_are_no_texts_make_a_service_malformed(labels: Any):
    """Asked for the program that it is of, one ended every check that reads Prometheus in a traceback."""
    raw = {"metadata": {"name": "s", "namespace": "n", "labels": labels}, "spec": {}}
    with pytest.raises(Malformed, match="Service/s is not as the API describes it"):
        objects.service(raw)


def test_a_type_of_policy_that_is_no_text_makes_it_malformed():
    with pytest.raises(Malformed, match="NetworkPolicy/p is not as the API describes it"):
        objects.network_policy({"metadata": {"name": "p"}, "spec": {"policyTypes": [None]}})


def test_a_deployment_that_does_not_select_its_own_pods_is_impossible() -> None:
    raw = raw_deployment({}, {})
    assert objects.deployment(raw).name == "c"
    raw["spec"] = raw["spec"] | {"selector": {"matchLabels": {"app": "another"}}}
    with pytest.raises(Malformed, match="does not select the labels"):
        objects.deployment(raw)


def test_a_status_of_no_container_is_no_pod() -> None:
    """A status under another name hid which image the container runs."""
    raw = {
        "metadata": {"name": "x", "uid": "u", "creationTimestamp": "2026-01-02T12:00:00Z"},
        "spec": {"containers": [{"name": "cano-collector", "image": "i"}]},
        "status": {"phase": "Running"},
    }
    assert objects.pod(raw).name == "x"
    for name in ("another", "cano-collector\u200b"):
        status = {
            "name": name,
            "ready": True,
            "restartCount": 0,
            "image": "i",
            "imageID": "",
            "state": {},
        }
        raw["status"] = {"phase": "Running", "containerStatuses": [status]}
        with pytest.raises(Malformed, match="names a container that the spec does not have"):
            objects.pod(raw)


def test_a_mount_of_no_volume_is_no_template() -> None:
    """A mount under another name hid a document of the configuration."""
    container = TEMPLATE["spec"]["containers"][0] | {
        "volumeMounts": [{"name": "another", "mountPath": "/etc/x"}]
    }
    with pytest.raises(Malformed, match="a volumeMount names no volume of the pod"):
        objects.template(TEMPLATE | {"spec": TEMPLATE["spec"] | {"containers": [container]}})
