"""Paths from one right to certain Secrets: read them, become a reader, enter or create pods.

These are the escalations that Kubernetes' own documentation lists. Rights that need a second one are in
``secret_readers``.
Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks;
k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

from msgspec import Struct

from upkeep.domain.access.rbac import EVERY, covers, everything, gives, groups_of
from upkeep.domain.pod_names import of_deployment
from upkeep.records.access import PolicyRule

# The answer to a patch is the whole object, that to deletecollection all deleted ones, also in a dry run.
READS = ("get", "list", "watch", "patch", "deletecollection")
# Rights into a running pod: pods/exec by a WebSocket was a get before Kubernetes 1.35.
ENTERS = {
    "exec": ("create", "get"),
    "attach": ("create", "get"),
    "ephemeralcontainers": ("update", "patch"),
}
MAKES = ("create", "update", "patch")
# Resources that create pods with any volumes and variables. A Job's template is immutable; a pod's image is not.
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
# Most rules of a large cluster are about other resources: a rule is read closely only if it gives one of these alone,
ALONE = {
    "secrets": READS,
    **{f"pods/{part}": verbs for part, verbs in ENTERS.items()},
    "nodes/proxy": ("create", "get"),
    **{resource: verbs for (_, resource), verbs in STARTS.items()},
    "users": ("impersonate",),
    "serviceaccounts": ("impersonate",),
    "serviceaccounts/token": ("create",),
}


class Kind(IntEnum):
    """The path of a subject to the values, the shortest first."""

    READS = 1
    BECOMES = 2
    RAISES = 3
    ENTERS = 4
    STARTS = 5


class Way(Struct, frozen=True, order=True):
    """A path to the values. ``what`` is the right: ``list secrets``."""

    kind: Kind
    what: str


class Wanted(Struct, frozen=True):
    """The Secrets of a namespace, and the Deployment whose pods mount them."""

    namespace: str
    deployment: str
    secrets: tuple[str, ...]


class OneRight:
    """The paths that single rules give, for the subjects that are known to be readers so far."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        # No binding grants system:masters all rights: the API server's own code does.
        self._known = {"Group system:masters"}
        self._known_users: set[str] = set()
        # The accounts that are known readers, and a group of them, by namespace; "" holds those of all.
        self._accounts: dict[str, list[tuple[str, str]]] = {}
        self._groups: dict[str, str] = {}

    def _note(self, subject: str) -> None:
        """Remember a subject as a reader."""
        self._known.add(subject)
        kind, _, name = subject.partition(" ")
        namespace, _, account = name.partition("/")
        if kind == "User":
            self._known_users.add(name)
        if kind == "ServiceAccount":
            for place in ("", namespace):
                self._accounts.setdefault(place, []).append((account, subject))
        elif kind == "Group" and name.startswith("system:serviceaccounts:"):
            for place in ("", name.removeprefix("system:serviceaccounts:")):
                self._groups.setdefault(place, subject)

    def _of_rule(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        """Yield the paths that a rule gives by itself."""
        here = where in ("", self._wanted.namespace)
        if here and everything(rule):
            yield Way(Kind.READS, "all verbs on all resources")
            return
        if here:
            yield from self._read(rule)
            yield from self._enter(rule, where)
        if here or self._account_in(where):
            yield from self._start(rule, where)
        if where == "" and (names := self._users(rule, "impersonate", "")) is not None:
            yield Way(Kind.BECOMES, said(["impersonate"], "users", names))
        for verb, part in (("impersonate", ""), ("create", "token")):
            if gives(rule, verb, "", "serviceaccounts", part) and (
                account := self._account_in(where, rule.names)
            ):
                yield Way(
                    Kind.BECOMES, f"{verb} serviceaccounts{'/token' if part else ''} of {account}"
                )

    def _read(self, rule: PolicyRule) -> Iterator[Way]:
        verbs = []
        for verb in READS:
            # A request for deletecollection has no name, so that a rule with resourceNames does not allow it.
            names = ("",) if verb == "deletecollection" else self._wanted.secrets
            if any(
                covers(rule, verb=verb, group="", resource="secrets", name=name) for name in names
            ):
                verbs.append(verb)
        if verbs:
            yield Way(
                Kind.READS,
                said(
                    verbs,
                    "secrets",
                    tuple(name for name in rule.names if name in self._wanted.secrets),
                ),
            )

    def _enter(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        if not rule.names or any(self._a_pod(name) for name in rule.names):
            for part, verbs in ENTERS.items():
                if may := [verb for verb in verbs if gives(rule, verb, "", "pods", part)]:
                    yield Way(Kind.ENTERS, said(may, f"pods/{part}", rule.names))
        if where == "" and (
            may := [verb for verb in ("create", "get") if gives(rule, verb, "", "nodes", "proxy")]
        ):
            yield Way(Kind.ENTERS, said(may, "nodes/proxy", rule.names))

    def _start(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        """Yield rights to create pods that mount the Secret, or in another namespace pods that run as a reader.

        A create request has no name, so that a rule with resourceNames does not allow it.
        """
        here = where in ("", self._wanted.namespace)
        found: dict[tuple[str, ...], list[str]] = {}
        for (group, resource), verbs in STARTS.items():
            may = tuple(
                verb
                for verb in verbs
                if gives(rule, verb, group, resource) and not (verb == "create" and rule.names)
            )
            if resource == "pods" and (
                not here or (rule.names and not any(self._a_pod(name) for name in rule.names))
            ):
                may = tuple(verb for verb in may if verb == "create")
            if may:
                found.setdefault(may, []).append(f"{resource}.{group}" if group else resource)
        for may, resources in found.items():
            yield self._started(said(may, ", ".join(resources), rule.names), where)

    def _started(self, words: str, where: str) -> Way:
        here = where in ("", self._wanted.namespace)
        return (
            Way(Kind.STARTS, words)
            if here
            else Way(Kind.BECOMES, f"{words} in namespace {where}, as {self._account_in(where)}")
        )

    def _users(self, rule: PolicyRule, verb: str, group: str) -> tuple[str, ...] | None:
        """Return the readers among the users that a rule names, none for a rule without names; ``None`` for no such user.

        A service account or a node is no user here: the API server checks these by resources of their own.
        """
        if not gives(rule, verb, group, "users") or not self._known_users:
            return None
        names = tuple(name for name in rule.names if name in self._known_users)
        return names if names or not rule.names else None

    def _account_in(self, where: str, names: Sequence[str] = ()) -> str:
        """Return a reading service account of a namespace, or of all, among the names if there are any; empty for none."""
        for account, subject in self._accounts.get(where, ()):
            if not names or account in names:
                return subject
        return self._groups.get(where) or next(
            (f"Group {group}" for group in groups_of(where) if f"Group {group}" in self._known), ""
        )

    def _a_pod(self, name: str) -> bool:
        return re.fullmatch(of_deployment(self._wanted.deployment), name) is not None


def matters(rule: PolicyRule, table: Mapping[str, tuple[str, ...]]) -> bool:
    return any(
        resource.startswith(EVERY)
        or (
            resource in table
            and (EVERY in rule.verbs or not set(rule.verbs).isdisjoint(table[resource]))
        )
        for resource in rule.resources
    )


def said(verbs: Sequence[str], resource: str, names: Sequence[str]) -> str:
    return f"{', '.join(verbs)} {resource}{' ' + ', '.join(names) if names else ''}".strip()
