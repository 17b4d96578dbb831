"""Access reviews: the API server's own answer to whether an account may do something. They are POSTs, and store nothing.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from typing import Any

from upkeep.adapters.cluster.kube import Kube
from upkeep.adapters.wire.access import ResourceAttributes
from upkeep.errors import Malformed
from upkeep.records.access import AccessAnswer

REVIEWS = "/apis/authorization.k8s.io/v1"


def may(
    kube: Kube,
    verb: str,
    resource: str,
    *,
    namespace: str,
    name: str = "",
    group: str = "",
    subresource: str = "",
    subject: str = "",
) -> AccessAnswer:
    """Whether the identity of ``kube`` may, or the service account that ``subject`` names (``system:serviceaccount:NAMESPACE:NAME``).

    :raises Unmeasured: as ``Kube.review``; Malformed for an answer without a verdict.
    """
    attributes = {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "name": name,
    }
    spec: dict[str, Any] = {
        "resourceAttributes": {key: value for key, value in attributes.items() if value}
    }
    if subject:
        _, _, account_namespace, _ = subject.split(":")
        groups = [
            "system:serviceaccounts",
            f"system:serviceaccounts:{account_namespace}",
            "system:authenticated",
        ]
        path, kind = (
            f"{REVIEWS}/namespaces/{namespace}/localsubjectaccessreviews",
            "LocalSubjectAccessReview",
        )
        body = {
            "metadata": {"namespace": namespace},
            "spec": {"user": subject, "groups": groups, **spec},
        }
    else:
        path, kind, body = (
            f"{REVIEWS}/selfsubjectaccessreviews",
            "SelfSubjectAccessReview",
            {"spec": spec},
        )
    answer = kube.review(path, {"apiVersion": "authorization.k8s.io/v1", "kind": kind, **body})
    asked = ResourceAttributes(**attributes)
    if (answer.kind, answer.spec.resourceAttributes, answer.spec.user) != (kind, asked, subject):
        raise Malformed("The access review answers another question", source=f"POST {path}")
    if answer.status.evaluationError or (answer.status.allowed and answer.status.denied):
        # "It may be that an authorizer could not evaluate": what it says next to it is no verdict.
        raise Malformed("The access review has no verdict", source=f"POST {path}")
    return AccessAnswer(
        subject, verb, group, resource, name, namespace, answer.status.allowed, subresource
    )
