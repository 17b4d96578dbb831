"""Who can read certain Secrets: every subject of every binding, directly or by a way around.

The ways are those that Kubernetes' own documentation calls privilege escalation by RBAC. What RBAC does not decide (the Node authorizer, webhooks,
who may approve certificates, who is on the node) is not looked at.
Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/; k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac, pkg/registry/rbac.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from upkeep.access import EVERY, covers, groups_of
from upkeep.records import Grant, PolicyRule, RbacPolicy

RBAC = "rbac.authorization.k8s.io"
# A patch is answered with the whole object, and a deletion of a list with all that it deleted, also in a dry run.
READS = ("get", "list", "watch", "patch", "deletecollection")
# Into a running pod: pods/exec by a WebSocket was a get before Kubernetes 1.35.
ENTERS = {"exec": ("create", "get"), "attach": ("create", "get"), "ephemeralcontainers": ("update", "patch")}
MAKES = ("create", "update", "patch")
# What starts pods with any volumes and variables. A Job's template cannot be changed; of a pod the image can.
STARTS = {
    ("", "pods"): MAKES,
    ("", "replicationcontrollers"): MAKES,
    ("apps", "deployments"): MAKES,
    ("apps", "daemonsets"): MAKES,
    ("apps", "statefulsets"): MAKES,
    ("apps", "replicasets"): MAKES,
    ("batch", "jobs"): ("create",),
    ("batch", "cronjobs"): MAKES,
}
# Of thousands of rules in a large cluster most are about something else: what is looked at more closely.
MATTERS = {
    "secrets": READS,
    **{f"pods/{part}": verbs for part, verbs in ENTERS.items()},
    "nodes/proxy": ("create", "get"),
    **{resource: verbs for (_, resource), verbs in STARTS.items()},
    **dict.fromkeys(("roles", "clusterroles"), ("bind", "escalate")),
    **dict.fromkeys(("users", "groups", "serviceaccounts"), ("impersonate",)),
    "serviceaccounts/token": ("create",),
}


class Kind(IntEnum):
    """How a subject comes to the values, the shortest way first."""

    READS = 1
    BECOMES = 2
    RAISES = 3
    ENTERS = 4
    STARTS = 5


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """A way to the values. ``what`` is the right, as a person says it: ``list secrets``."""

    kind: Kind
    what: str


@dataclass(frozen=True, slots=True)
class Reader:
    """A subject that can read the Secrets by one binding, with its ways, the shortest first."""

    grant: Grant
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read: Secrets of a namespace, mounted by the pods of a Deployment."""

    namespace: str
    deployment: str
    secrets: tuple[str, ...]


def readers(policy: RbacPolicy, wanted: Wanted) -> tuple[Reader, ...]:
    """Everybody who can read any of the Secrets, binding by binding; nobody where there is none to read.

    Who may act as a reader is one, and so is who may act as that one: looked for until nobody is new.
    """
    if not wanted.secrets:
        return ()
    search = _Search(policy, wanted)
    while True:
        found = tuple(Reader(grant, ways) for grant in policy.grants if (ways := search.ways(grant.rules, grant.namespace)))
        if not search.learn(found):
            return found


def identity(subject: str) -> str:
    """One name for one subject: a service account may be bound as the user that it is."""
    kind, _, name = subject.partition(" ")
    if kind == "User" and name.startswith("system:serviceaccount:") and name.count(":") == 3:
        _, _, namespace, account = name.split(":")
        return f"ServiceAccount {namespace}/{account}"
    return subject


class _Search:
    """What rules lead to, given the readers, and the roles that make readers, that are known so far."""

    def __init__(self, policy: RbacPolicy, wanted: Wanted) -> None:
        self._policy, self._wanted = policy, wanted
        # It is in no binding that it may do everything: the API server's own code says so.
        self._known = {"Group system:masters"}
        # Of each namespace, and of all under "": the accounts that are known to be readers, and a group of them.
        self._accounts: dict[str, list[tuple[str, str]]] = {}
        self._groups: dict[str, str] = {}
        self._asked: set[tuple[str, str]] = set()
        self._leading: set[tuple[str, str]] = set()
        self._seen: dict[tuple[tuple[PolicyRule, ...], str], tuple[Way, ...]] = {}

    def learn(self, found: Sequence[Reader]) -> bool:
        """Whether any of these readers is new, or any of the roles that were asked for makes readers and was not known to."""
        before = len(self._known), len(self._asked), len(self._leading)
        for subject in sorted({identity(reader.grant.subject) for reader in found} - self._known):
            self._known.add(subject)
            kind, _, name = subject.partition(" ")
            namespace, _, account = name.partition("/")
            if kind == "ServiceAccount":
                for place in ("", namespace):
                    self._accounts.setdefault(place, []).append((account, subject))
            elif kind == "Group" and name.startswith("system:serviceaccounts:"):
                for place in ("", name.removeprefix("system:serviceaccounts:")):
                    self._groups.setdefault(place, subject)
        self._leading |= {(role, place) for role, place in set(self._asked) if self.ways(self._policy.roles.get(role, ()), place)}
        self._seen.clear()
        return (len(self._known), len(self._asked), len(self._leading)) != before

    def ways(self, rules: tuple[PolicyRule, ...], where: str) -> tuple[Way, ...]:
        """The ways that rules give in a namespace, or everywhere."""
        if (rules, where) not in self._seen:
            self._seen[rules, where] = tuple(sorted({way for rule in rules if _matters(rule) for way in self._of_rule(rule, where)}))
        return self._seen[rules, where]

    def _of_rule(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        here = where in ("", self._wanted.namespace)
        if here and EVERY in rule.verbs and EVERY in rule.groups and EVERY in rule.resources and not rule.names:
            yield Way(Kind.READS, "do anything")
            return
        if here:
            yield from self._read(rule)
            yield from self._enter(rule, where)
        if here or self._account_in(where):
            yield from self._start(rule, where)
            yield from self._raise(rule, where)
        yield from self._become(rule, where)

    def _read(self, rule: PolicyRule) -> Iterator[Way]:
        verbs = []
        for verb in READS:
            # The deletion of a list has no name that a rule could be narrowed to.
            names = ("",) if verb == "deletecollection" else self._wanted.secrets
            if any(covers(rule, verb=verb, group="", resource="secrets", name=name) for name in names):
                verbs.append(verb)
        if verbs:
            yield Way(Kind.READS, _said(verbs, "secrets", tuple(name for name in rule.names if name in self._wanted.secrets)))

    def _enter(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        if not rule.names or any(self._a_pod(name) for name in rule.names):
            for part, verbs in ENTERS.items():
                if may := [verb for verb in verbs if _has(rule, verb, "", "pods", part)]:
                    yield Way(Kind.ENTERS, _said(may, f"pods/{part}", rule.names))
        if where == "" and (may := [verb for verb in ("create", "get") if _has(rule, verb, "", "nodes", "proxy")]):
            yield Way(Kind.ENTERS, _said(may, "nodes/proxy", rule.names))

    def _start(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        """Pods that mount the Secret, or in another namespace pods that run as a reader."""
        here = where in ("", self._wanted.namespace)
        found: dict[tuple[str, ...], list[str]] = {}
        for (group, resource), verbs in STARTS.items():
            may = tuple(verb for verb in verbs if _has(rule, verb, group, resource))
            if resource == "pods" and (not here or (rule.names and not any(self._a_pod(name) for name in rule.names))):
                may = tuple(verb for verb in may if verb == "create")
            if may:
                found.setdefault(may, []).append(f"{resource}.{group}" if group else resource)
        for may, resources in found.items():
            words = _said(may, ", ".join(resources), rule.names)
            yield Way(Kind.STARTS, words) if here else Way(Kind.BECOMES, f"{words} in namespace {where}, as {self._account_in(where)}")

    def _raise(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        """``escalate`` writes more into a role than one has, ``bind`` hands out a role that one has not. ClusterRoles can be bound in a namespace,
        and written only in all of them."""
        if _has(rule, "escalate", RBAC, "roles"):
            yield Way(Kind.RAISES, _said(["escalate"], "roles", rule.names))
        if where == "" and _has(rule, "escalate", RBAC, "clusterroles"):
            yield Way(Kind.RAISES, _said(["escalate"], "clusterroles", rule.names))
        for resource, kind in (("roles", "Role"), ("clusterroles", "ClusterRole")):
            if _has(rule, "bind", RBAC, resource):
                names = tuple(name for name in rule.names if self._role_leads(kind, name, where))
                if names or not rule.names:
                    yield Way(Kind.RAISES, _said(["bind"], resource, names))

    def _role_leads(self, kind: str, name: str, where: str) -> bool:
        """Asked for now, and known from the next round on."""
        home = where or self._wanted.namespace
        role = f"{kind}/{name}" if kind == "ClusterRole" else f"{kind}/{home}/{name}"
        asked = {(role, place) for place in {where, home}}
        self._asked |= asked
        return bool(asked & self._leading)

    def _become(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        for resource, kind in (("users", "User"), ("groups", "Group")):
            if where == "" and _has(rule, "impersonate", "", resource):
                names = tuple(name for name in rule.names if f"{kind} {name}" in self._known)
                if names or not rule.names:
                    yield Way(Kind.BECOMES, _said(["impersonate"], resource, names))
        for verb, part in (("impersonate", ""), ("create", "token")):
            if _has(rule, verb, "", "serviceaccounts", part) and (account := self._account_in(where, rule.names)):
                yield Way(Kind.BECOMES, f"{verb} serviceaccounts{'/token' if part else ''} of {account}")

    def _account_in(self, where: str, names: Sequence[str] = ()) -> str:
        """A service account that is a reader, of a namespace or of all; narrowed to names where there are some. Empty for none."""
        for account, subject in self._accounts.get(where, ()):
            if not names or account in names:
                return subject
        return self._groups.get(where) or next((f"Group {group}" for group in groups_of(where) if f"Group {group}" in self._known), "")

    def _a_pod(self, name: str) -> bool:
        return name.startswith(f"{self._wanted.deployment}-")


def _matters(rule: PolicyRule) -> bool:
    return any(
        resource.startswith(EVERY) or (resource in MATTERS and (EVERY in rule.verbs or not set(rule.verbs).isdisjoint(MATTERS[resource])))
        for resource in rule.resources
    )


def _has(rule: PolicyRule, verb: str, group: str, resource: str, subresource: str = "") -> bool:
    """Whether a rule gives the right for anything, whatever it is narrowed to."""
    return covers(rule, verb=verb, group=group, resource=resource, subresource=subresource, name=next(iter(rule.names), ""))


def _said(verbs: Sequence[str], resource: str, names: Sequence[str]) -> str:
    return f"{', '.join(verbs)} {resource}{' ' + ', '.join(names) if names else ''}"
