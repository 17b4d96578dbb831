"""Who may do what: roles, bindings, service accounts, and access reviews.

Source: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/ v1.36 (rbac.authorization.k8s.io/v1,
authorization.k8s.io/v1) and authentication-resources/service-account-v1/
"""

from typing import Annotated, Literal

from msgspec import Meta

from upkeep.adapters.wire.decoding import Wire
from upkeep.adapters.wire.meta import Nothing, ObjectMeta, Text


class Rule(Wire, frozen=True):
    """rbac.authorization.k8s.io/v1 PolicyRule: verbs, and of either URLs or resources at least one.

    Source: https://github.com/kubernetes/kubernetes/blob/v1.36.0/pkg/apis/rbac/validation/validation.go
    """

    verbs: Annotated[tuple[str, ...], Meta(min_length=1)]
    apiGroups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resourceNames: tuple[str, ...] = ()
    nonResourceURLs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.nonResourceURLs and not (self.apiGroups and self.resources):
            raise ValueError("a rule has API groups and resources, or URLs")


class Role(Wire, frozen=True):
    """rbac.authorization.k8s.io/v1 Role: its rules have no omitempty, so that null is none."""

    metadata: ObjectMeta
    rules: tuple[Rule, ...] | None
    kind: str = ""


class ClusterRole(Role, frozen=True):
    """rbac.authorization.k8s.io/v1 ClusterRole."""

    aggregationRule: Nothing | None = None


class Subject(Wire, frozen=True):
    """rbac.authorization.k8s.io/v1 Subject."""

    kind: Literal["ServiceAccount", "User", "Group"]
    name: Text
    namespace: str = ""


class RoleReference(Wire, frozen=True):
    """rbac.authorization.k8s.io/v1 RoleRef."""

    kind: Literal["Role", "ClusterRole"]
    name: Text


class RoleBinding(Wire, frozen=True):
    """rbac.authorization.k8s.io/v1 RoleBinding."""

    metadata: ObjectMeta
    roleRef: RoleReference
    subjects: tuple[Subject, ...] = ()
    kind: str = ""


class ClusterRoleBinding(RoleBinding, frozen=True):
    """rbac.authorization.k8s.io/v1 ClusterRoleBinding."""


class ServiceAccount(Wire, frozen=True):
    """core/v1 ServiceAccount; its automount is a pointer, absent where nothing is said."""

    metadata: ObjectMeta
    automountServiceAccountToken: bool | None = None
    kind: str = ""


class ResourceAttributes(Wire, frozen=True):
    """authorization.k8s.io/v1 ResourceAttributes."""

    namespace: str = ""
    verb: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""


class ReviewSpec(Wire, frozen=True):
    """authorization.k8s.io/v1 SelfSubjectAccessReviewSpec and SubjectAccessReviewSpec."""

    resourceAttributes: ResourceAttributes
    user: str = ""
    groups: tuple[str, ...] = ()


class ReviewStatus(Wire, frozen=True):
    """authorization.k8s.io/v1 SubjectAccessReviewStatus: ``allowed`` has no omitempty."""

    allowed: bool
    denied: bool = False
    evaluationError: str = ""


class AccessReview(Wire, frozen=True):
    """authorization.k8s.io/v1 SelfSubjectAccessReview and LocalSubjectAccessReview."""

    kind: Literal["SelfSubjectAccessReview", "LocalSubjectAccessReview"]
    spec: ReviewSpec
    status: ReviewStatus
