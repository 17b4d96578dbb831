"""Who may do what, and what became of what was rehearsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """The API server's own answer to "may this subject do that" (authorization.k8s.io)."""

    subject: str
    verb: str
    group: str
    resource: str
    name: str
    namespace: str
    allowed: bool
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What the API server would do with a write: its own answer to the dry run.

    :ivar action: ``patch``, ``create`` …, the verb of the right that it needs.
    :ivar object: ``ConfigMap/x``.
    :ivar reason: of a refusal, the API's word: ``Conflict``, ``Invalid`` …; ``message`` is masked, and without any value that was sent.
    :ivar fields: which fields it refuses, where it says so: ``spec.selector``.
    """

    action: str
    object: str
    accepted: bool
    status: int
    reason: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RestoreRehearsal:
    """A restore of one set, rehearsed: what the acting identity may do, and what became of each object over the live one and where it is gone."""

    stamp: str
    access: tuple[AccessAnswer, ...]
    dry_runs: tuple[DryRun, ...]


@dataclass(frozen=True, slots=True)
class ActionRehearsal:
    """What the acting identity may do, and what became of it when it was rehearsed."""

    access: tuple[AccessAnswer, ...]
    dry_runs: tuple[DryRun, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule of a Role or ClusterRole; ``resources`` hold subresources (``pods/exec``), ``names`` narrow it, ``urls`` are no resources."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a binding gives to a subject.

    :ivar binding: ``RoleBinding/NAMESPACE/NAME`` or ``ClusterRoleBinding/NAME``; ``role`` likewise.
    :ivar subject: to whom: ``ServiceAccount NAMESPACE/NAME``, ``User NAME``, ``Group NAME``.
    :ivar namespace: where; ``""`` is everywhere.
    :ivar default: the binding has the label of those that the API server makes itself; anybody who may write bindings can set it, too.
    """

    binding: str
    role: str
    subject: str
    namespace: str
    rules: tuple[PolicyRule, ...]
    default: bool = False


@dataclass(frozen=True, slots=True)
class RbacPolicy:
    """All that RBAC grants in a cluster: one grant for each subject of each binding, and the rules of every role by its name, bound or not.

    :ivar bindings: the role of every binding, also of those without a subject.
    :ivar aggregated: the ClusterRoles that take in the rules of others by their labels.
    """

    grants: tuple[Grant, ...]
    roles: Mapping[str, tuple[PolicyRule, ...]]
    bindings: Mapping[str, str] = field(default_factory=dict)
    aggregated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exposure:
    """What looks like a credential.

    :ivar object: ``ConfigMap/x`` or ``Deployment/x``.
    :ivar place: where in it: ``key destinations.yaml``, ``env TOKEN of container x``, ``annotation x``.
    :ivar shape: how it was recognised: ``Slack token``, ``value of webhookURL``.
    :ivar lines: of the text in that place, from 1; the first ones where there are many.
    """

    object: str
    place: str
    shape: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ExposureSurvey:
    """ConfigMaps that were looked through.

    :ivar looked: ``ConfigMap/x`` of each; ``missing`` of those that do not exist.
    """

    looked: tuple[str, ...]
    missing: tuple[str, ...]
    found: tuple[Exposure, ...]
