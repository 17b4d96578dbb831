"""The rights that measurements need: rules of Roles, and who holds them."""

from typing import Literal

from msgspec import Struct

Holder = Literal["role", "exec", "helm", "everybody", "acting"]


class Right(Struct, frozen=True):
    """A right that a measurement needs: a rule of a Role.

    :ivar resource: ``plural`` or ``plural/subresource``; a path (``/apis``) for what is no object.
    :ivar names: a word for the names it is about, resolved per install (``prometheus`` …), or
        ``""`` for all.
    :ivar scope: ``namespace`` of the collector, ``monitoring``, that of Prometheus and
        Alertmanager, ``kube-system``, or ``cluster``.
    :ivar held_by: what gives the right. ``role`` is the Role of ``upkeep rbac``; ``exec`` and
        ``helm`` are its Roles on request; ``everybody`` has it by Kubernetes' default Roles
        ``system:basic-user`` and ``system:discovery``; ``acting`` is the identity of
        ``--acting-context``, which asks an access review before each verb.
    :ivar optional: the measurement says in its record what it did without.
    """

    verb: str
    resource: str
    group: str = ""
    names: str = ""
    scope: str = "namespace"
    held_by: Holder = "role"
    optional: bool = False


# The service account of ``upkeep rbac``, unless another subject is named.
ACCOUNT = "upkeep"
# What several measurements ask, by rights that no Role of ours gives.
REVIEW = Right(
    "create",
    "selfsubjectaccessreviews",
    group="authorization.k8s.io",
    scope="cluster",
    held_by="everybody",
)
DISCOVERY = Right("get", "/apis", scope="cluster", held_by="everybody")
ACTING = Right("*", "*", held_by="acting")
# Of the run itself, and of no control: which cluster this is. RBAC asks for a namespace in itself.
IDENTITY = Right("get", "namespaces", names="kube-system", scope="kube-system", optional=True)
# Each revision of a release has another name, and RBAC cannot narrow a list to labels. Whoever may
# list Secrets reads all of them in the namespace: a Role of its own, on request.
HELM = (
    Right("list", "secrets", held_by="helm"),
    Right("list", "configmaps", held_by="helm"),
)
# Whoever may run df in a container may run anything there: a Role of its own, on request.
EXEC = (
    Right("create", "pods/exec", held_by="exec"),
    Right("get", "pods/exec", held_by="exec"),
)
