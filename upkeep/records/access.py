"""Rights of subjects, answers of access reviews and dry runs, and exposed credentials."""

from collections.abc import Mapping

from msgspec import Struct, field


class AccessAnswer(Struct, frozen=True):
    """The API server's answer to an access review (authorization.k8s.io)."""

    subject: str
    verb: str
    group: str
    resource: str
    name: str
    namespace: str
    allowed: bool
    subresource: str = ""


class DryRun(Struct, frozen=True):
    """The API server's answer to a dry run.

    :ivar action: the verb of the right that it needs: ``patch``, ``create`` …
    :ivar object: ``ConfigMap/x``.
    :ivar reason: of a refusal: ``Conflict``, ``Invalid`` …; ``message`` is masked and holds no value that was sent.
    :ivar fields: the refused fields, where the answer names them: ``spec.selector``.
    :ivar warnings: what Pod Security says of the pods that would follow; it refuses pods alone.
    """

    action: str
    object: str
    accepted: bool
    status: int
    reason: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class RestoreRehearsal(Struct, frozen=True):
    """A rehearsed restore of one set: the acting identity's rights, and the dry runs over live objects and as new ones."""

    stamp: str
    access: tuple[AccessAnswer, ...]
    dry_runs: tuple[DryRun, ...]


class ActionRehearsal(Struct, frozen=True):
    """The acting identity's rights for an action, and its dry runs."""

    access: tuple[AccessAnswer, ...]
    dry_runs: tuple[DryRun, ...] = ()


class PolicyRule(Struct, frozen=True):
    """A rule of a Role or ClusterRole. ``resources`` hold subresources (``pods/exec``), ``names`` are its resourceNames."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


class Grant(Struct, frozen=True):
    """The rules that a binding grants to a subject.

    :ivar binding: ``RoleBinding/NAMESPACE/NAME`` or ``ClusterRoleBinding/NAME``; ``role`` likewise.
    :ivar subject: ``ServiceAccount NAMESPACE/NAME``, ``User NAME``, ``Group NAME``.
    :ivar namespace: ``""`` is every namespace.
    :ivar role_listed: the role is in the list of roles. One that is not there grants nothing.
    :ivar default: the binding has the label of the API server's own; a writer of bindings can set it, too.
    """

    binding: str
    role: str
    subject: str
    namespace: str
    rules: tuple[PolicyRule, ...]
    default: bool = False
    role_listed: bool = True


class RbacPolicy(Struct, frozen=True):
    """All grants of a cluster: one for each subject of each binding, and the rules of every role by its name.

    :ivar bindings: the role of every binding, also of those without a subject.
    :ivar aggregated: the ClusterRoles that aggregate the rules of others by labels.
    """

    grants: tuple[Grant, ...]
    roles: Mapping[str, tuple[PolicyRule, ...]]
    bindings: Mapping[str, str] = field(default_factory=dict)
    aggregated: tuple[str, ...] = ()


class ServiceAccount(Struct, frozen=True):
    """A service account.

    :ivar automount: whether its pods mount its token where they say nothing themselves; ``None``
        where it says nothing either, and Kubernetes mounts the token.
    """

    name: str
    automount: bool | None = None


class Exposure(Struct, frozen=True):
    """A credential in plain text, by its place and shape.

    :ivar object: ``ConfigMap/x`` or ``Deployment/x``.
    :ivar place: ``key destinations.yaml``, ``env TOKEN of container x``, ``annotation x``.
    :ivar shape: ``Slack token``, ``value of webhookURL``.
    :ivar lines: its first lines in that text, from 1.
    """

    object: str
    place: str
    shape: str
    lines: tuple[int, ...] = ()


class ExposureSurvey(Struct, frozen=True):
    """The searched ConfigMaps.

    :ivar looked: ``ConfigMap/x`` of each; ``missing`` of those that do not exist.
    """

    looked: tuple[str, ...]
    missing: tuple[str, ...]
    found: tuple[Exposure, ...]
