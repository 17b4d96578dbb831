"""The collector's documents and variables, read from a real HTTP server, as facts."""

import base64
import json

import pytest

from tests.adapters.scripted import JSON, Reply, Server, kube
from tests.judges.samples import deployment, install, template
from upkeep.adapters.cluster.configuration import documents, environment_of, keys_of
from upkeep.errors import Absent, Malformed
from upkeep.records.workload import ContainerSpec

SECRETS = "/api/v1/namespaces/monitoring/secrets"


def metadata(*keys: str) -> Reply:
    fields = {"f:data": {f"f:{key}": {} for key in keys}}
    entry = {"manager": "helm", "time": "2026-01-02T12:00:00Z", "fieldsV1": fields}
    head = {"name": "env", "namespace": "monitoring", "creationTimestamp": "2026-01-01T00:00:00Z"}
    body = {"kind": "PartialObjectMetadata", "metadata": head | {"managedFields": [entry]}}
    return (200, JSON, json.dumps(body if keys else body | {"metadata": head}).encode())


def stored(kind: str, **data: object) -> Reply:
    return (
        200,
        JSON,
        json.dumps(
            {"kind": kind, "metadata": {"name": "x", "namespace": "monitoring"}, "data": data}
        ).encode(),
    )


def test_a_variable_of_an_object_has_the_prefix_of_its_source(server: Server) -> None:
    server.on(f"{SECRETS}/env", metadata("KEY", "b"))
    collector = ContainerSpec(
        install().container, "i", env_from=(("Secret", "env", False),), env_prefixes=("SLACK_",)
    )
    found = deployment(template=template(containers=(collector,)))
    environment = environment_of(kube(server.url), found, install(), ["SLACK_KEY"])
    assert (environment.names, environment.unread) == (("SLACK_KEY", "SLACK_b"), ())


def test_the_keys_of_a_secret_without_managed_fields_are_unknown(server: Server) -> None:
    server.on(f"{SECRETS}/env", metadata())
    with pytest.raises(Absent, match="Secret/env has no managedFields, which name its keys"):
        keys_of(kube(server.url), "monitoring", "Secret", "env")


def test_the_document_of_a_secret_is_decoded_and_becomes_facts(server: Server) -> None:
    text = "destinations: {slack: [{name: a, api_key: canary, slack_channel: c}]}"
    server.on(
        f"{SECRETS}/x", stored("Secret", **{"destinations.yaml": base64.b64encode(text.encode()).decode()})
    )  # fmt: skip
    (document,) = documents(kube(server.url), install(), "Secret", "x")
    assert [one.name for one in document.names] == ["a"]
    assert "canary" not in repr(document)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("%%", "is not base64 of a text"),
        ("\ufeffYQ==", "is not base64 of a text"),
        (1, r"Secret/x .*: data\[\.\.\.\] is not of its type"),
    ],
)
def test_data_of_another_form_are_malformed(server: Server, value: object, words: str) -> None:
    server.on(f"{SECRETS}/x", stored("Secret", **{"destinations.yaml": value}))
    with pytest.raises(Malformed, match=words):
        documents(kube(server.url), install(), "Secret", "x")
