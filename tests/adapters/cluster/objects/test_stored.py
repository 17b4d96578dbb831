"""ConfigMaps and Secrets by their metadata: keys, managers, controllers, restores."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upkeep.adapters.cluster import objects
from upkeep.domain.access.secret_writers import controllers
from upkeep.errors import Malformed
from upkeep.records.configuration import FieldOwner


def entry(
    fields: dict[str, Any], *, manager: str = "helm", time: str | None = "2026-01-02T12:00:00Z"
) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Update",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    } | ({"time": time} if time else {})


def stored(*entries: dict[str, Any], **metadata: Any):
    plain = {
        "name": "slack",
        "creationTimestamp": "2025-12-01T00:00:00Z",
        "managedFields": list(entries),
    }
    return objects.stored({"metadata": plain | metadata}, kind="Secret")


AT = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "keys", "owned", "others"),
    [
        ({"f:data": {"f:a": {}}}, ("a",), ("a",), False),
        ({"f:data": {".": {}, "f:a": {}}}, ("a",), ("a",), True),
        ({"f:data": {"f:a": {}}, "f:type": {}}, ("a",), ("a",), True),
        ({"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:team": {}}}}, ("a",), ("a",), True),
        ({"f:binaryData": {"f:a": {}}}, ("a",), ("a",), False),
        # The API server forgets an owner of stringData only with the entry: the key may be gone.
        ({"f:stringData": {"f:a": {}}}, (), ("a",), False),
        ({"f:metadata": {"f:labels": {}}}, (), (), True),
    ],
)
def test_what_a_manager_owns(
    fields: dict[str, Any], keys: tuple[str, ...], owned: tuple[str, ...], others: bool
):
    one = stored(entry(fields))
    assert one.keys == keys
    assert one.owners == (FieldOwner("helm", AT, owned, others),)


def test_stripped_fields_and_times_that_are_not_told():
    assert stored({}).owners == ()
    assert stored(entry({"f:data": {"f:a": {}}}, time=None)).owners == (
        FieldOwner("helm", None, ("a",), False),
    )


def owned(kind: str, *, version: str, controller: bool | None = None) -> dict[str, Any]:
    reference = {"kind": kind, "name": "x", "uid": "1", "apiVersion": version}
    return reference | ({} if controller is None else {"controller": controller})


def written(manager: str):
    return stored(entry({"f:data": {"f:a": {}}}, manager=manager))


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (stored(ownerReferences=[owned("ExternalSecret", version="x/v1")]), ("ExternalSecret/x",)),
        (stored(ownerReferences=[owned("VaultDynamicSecret", version="secrets.hashicorp.com/v1beta1")]), ("VaultDynamicSecret/x",)),
        (stored(ownerReferences=[owned("InfisicalSecret", version="secrets.infisical.com/v1alpha1", controller=True)]), ("InfisicalSecret/x",)),
        (stored(ownerReferences=[owned("OnePasswordItem", version="onepassword.com/v1")]), ("OnePasswordItem/x",)),
        (stored(ownerReferences=[owned("SecretProviderClassPodStatus", version="secrets-store.csi.x-k8s.io/v1")]), ("SecretProviderClassPodStatus/x",)),
        # Of Kubernetes' own kinds an owner may be there for garbage collection alone.
        (stored(ownerReferences=[owned("Deployment", version="apps/v1")]), ()),
        (stored(ownerReferences=[owned("ReplicaSet", version="apps/v1", controller=True)]), ("ReplicaSet/x",)),
        (written("externalsecrets.external-secrets.io/cano-slack"), ("externalsecrets.external-secrets.io/cano-slack",)),
        (written("externalsecrets.external-secrets.io/sha3/0abc"), ("externalsecrets.external-secrets.io/sha3/0abc",)),
        (written("vault-secrets-operator"), ("vault-secrets-operator",)),
        (written("secrets-store-csi-driver"), ("secrets-store-csi-driver",)),
        (written("argocd-controller"), ("argocd-controller",)),
        (written("kustomize-controller"), ("kustomize-controller",)),
        (written("helm-controller"), ("helm-controller",)),
        (written("controller"), ("controller",)),
        (written("manager"), ("manager",)),
        (stored(entry({"f:metadata": {}}, manager="external-secrets")), ()),
        *((written(tool), ()) for tool in ("kubectl", "kubectl-patch", "kubectl-client-side-apply", "oc", "helm", "upkeep", "Mozilla",
                                           "before-first-apply")),
        (stored(labels={"reconcile.external-secrets.io/managed": "true"}), ("external-secrets",)),
        (stored(annotations={"sealedsecrets.bitnami.com/patch": "true", "sealedsecrets.bitnami.com/managed": "true"}), ("sealed-secrets",)),
        (written("kyverno"), ("kyverno",)),
        (stored(annotations={"argocd.argoproj.io/tracking-id": "a:/Secret:n/x"}), ("Argo CD",)),
        (stored(labels={"kustomize.toolkit.fluxcd.io/name": "apps"}), ("Flux kustomize-controller",)),
    ],
)  # fmt: skip
def test_controllers_that_write_it_are_named(one, names: tuple[str, ...]):
    assert controllers(one) == names


def test_two_controllers_of_two_keys_are_told_apart():
    one = stored(
        entry({"f:data": {"f:a": {}}}, manager="externalsecrets.external-secrets.io/one"),
        entry({"f:data": {"f:b": {}}}, manager="externalsecrets.external-secrets.io/two"),
    )
    assert controllers(one, "a") == ("externalsecrets.external-secrets.io/one",)
    assert controllers(one, "c") == ()


def test_what_velero_restored_is_known_by_its_label():
    assert stored(labels={"velero.io/restore-name": "r", "velero.io/backup-name": "b"}).restored
    assert not stored().restored


def test_an_annotation_that_holds_values_is_a_fact_and_nothing_more():
    one = stored(annotations={"kubectl.kubernetes.io/last-applied-configuration": "canary"})
    assert one.last_applied
    assert "canary" not in repr(one)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_whatever_the_fields_are_it_is_read_or_malformed(fields: Any):
    with contextlib.suppress(Malformed):
        assert stored(entry(fields)).name == "slack"
