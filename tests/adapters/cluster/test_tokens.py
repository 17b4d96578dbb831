"""Tokens for the API server in pods: projected volumes, their audience, and who lets Kubernetes mount them."""

from typing import Any

import pytest

from upkeep.adapters.cluster import objects
from upkeep.adapters.cluster.objects.grants import service_account
from upkeep.errors import Malformed
from upkeep.records.access import ServiceAccount

PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"


def mounted(*sources: dict[str, Any], **spec: Any):
    """The template of a container that mounts a projected volume with the sources."""
    mount = {"name": "v", "mountPath": PLACE, "readOnly": True}
    container = {"name": "c", "image": "i", "volumeMounts": [mount]}
    volume = {"name": "v", "projected": {"sources": list(sources)}}
    return objects.template({"spec": {"containers": [container], "volumes": [volume]} | spec})


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({"path": "token"}, (PLACE,)),
        ({"path": "token", "audience": ""}, (PLACE,)),
        ({"path": "token", "audience": "https://kubernetes.default.svc"}, (PLACE,)),
        ({"path": "token", "audience": "sts.amazonaws.com"}, ()),
        ({"path": "istio-token", "audience": "istio-ca"}, ()),
    ],
)
def test_a_token_is_for_the_api_server_unless_its_audience_is_another(
    token: dict[str, Any], expected: tuple[str, ...]
):
    certificate = {"configMap": {"name": "kube-root-ca.crt"}}
    found = mounted(certificate, {"serviceAccountToken": token})
    assert found.containers[0].token_mounts == expected


def test_a_projected_volume_without_a_token_holds_none():
    assert mounted({"secret": {"name": "s"}}).containers[0].token_mounts == ()


@pytest.mark.parametrize("said", [True, False, None])
def test_template_and_account_say_yes_no_or_nothing(said: bool | None):
    field = {} if said is None else {"automountServiceAccountToken": said}
    assert mounted(**field).automount is said
    account = service_account({"metadata": {"name": "cano"}} | field)
    assert account == ServiceAccount("cano", said)


def test_a_field_of_another_type_is_malformed():
    with pytest.raises(Malformed):
        service_account({"metadata": {"name": "cano"}, "automountServiceAccountToken": "false"})
