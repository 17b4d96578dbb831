"""Who can read certain Secrets: every subject of every binding, directly or by a way around.

The ways are those that Kubernetes' own documentation calls privilege escalation by RBAC. Some need two rights; they count where one identity may
have both. What RBAC does not decide (what a node may read, webhooks, who may approve certificates, who is on the node) is not looked at, nor
are the tokens that a Secret of another namespace may hold already.
Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/; https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/;
k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac, pkg/registry/rbac, apiserver/pkg/endpoints/filters/impersonation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice

from upkeep.domain.pod_names import LONGEST_PREFIX
from upkeep.domain.rbac import EVERY, covers, everything, gives, groups_of, identity
from upkeep.domain.two_rights import AUTHENTICATION, RBAC, Pairs
from upkeep.errors import Malformed
from upkeep.records.access import Grant, PolicyRule, RbacPolicy

# A patch is answered with the whole object, and a deletion of a list with all that it deleted, also in a dry run.
READS = ("get", "list", "watch", "patch", "deletecollection")
# Into a running pod: pods/exec by a WebSocket was a get before Kubernetes 1.35.
ENTERS = {
    "exec": ("create", "get"),
    "attach": ("create", "get"),
    "ephemeralcontainers": ("update", "patch"),
}
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
# Of those that a server-side apply makes, what changes nothing that is there: its making is a way where its change is none.
MADE_BY_APPLY = (("", "pods"), ("batch", "jobs"))
NODE_MODES = ("arbitrary-node", "associated-node")
# From one who may act as another to the next: more than anybody sets up, and each step looks at all bindings.
MOST_STEPS = 30
# Of thousands of rules in a large cluster most are about something else: what is looked at more closely, by itself,
ALONE = {
    "secrets": READS,
    **{f"pods/{part}": verbs for part, verbs in ENTERS.items()},
    "nodes/proxy": ("create", "get"),
    **{resource: verbs for (_, resource), verbs in STARTS.items()},
    "users": ("impersonate",),
    "serviceaccounts": ("impersonate",),
    "serviceaccounts/token": ("create",),
}
# and beside a second right.
TOGETHER = {
    "secrets": ("create",),
    **{resource: ("create",) for _, resource in MADE_BY_APPLY},
    **dict.fromkeys(("roles", "clusterroles"), ("bind", "escalate")),
    "groups": ("impersonate", "impersonate:user-info"),
    "users": ("impersonate:user-info",),
    "serviceaccounts": ("impersonate:serviceaccount",),
    "nodes": tuple(f"impersonate:{mode}" for mode in NODE_MODES),
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

    :raises Malformed: somebody is still new after ``MOST_STEPS``.
    """
    if not wanted.secrets:
        return ()
    search = _Search(policy, wanted)
    for _ in range(MOST_STEPS):
        found = tuple(
            Reader(grant, ways)
            for grant in policy.grants
            if (ways := search.ways(grant.rules, grant.namespace, subject=grant.subject))
        )
        if not search.learn(found):
            return found
    raise Malformed(
        f"who reaches the Secrets by acting as somebody else was followed for {MOST_STEPS} steps, and has no end there",
        source="Roles and bindings",
    )


class _Search:
    """What rules lead to, given the readers, and the roles that make readers, that are known so far."""

    def __init__(self, policy: RbacPolicy, wanted: Wanted) -> None:
        self._policy, self._wanted = policy, wanted
        leading = {
            role: True
            for role, rules in policy.roles.items()
            if any(_matters(one, ALONE) or _matters(one, TOGETHER) for one in rules)
        }
        self._pairs = Pairs(policy, leading=leading)
        # It is in no binding that it may do everything: the API server's own code says so.
        self._known = {"Group system:masters"}
        self._known_users: set[str] = set()
        # Of each namespace, and of all under "": the accounts that are known to be readers, and a group of them.
        self._accounts: dict[str, list[tuple[str, str]]] = {}
        self._groups: dict[str, str] = {}
        self._asked: set[tuple[str, str, str]] = set()
        self._leading: set[tuple[str, str, str]] = set()
        self._seen: dict[
            tuple[tuple[PolicyRule, ...], str], tuple[frozenset[Way], tuple[PolicyRule, ...]]
        ] = {}

    def learn(self, found: Sequence[Reader]) -> bool:
        """Whether any of these readers is new, or any of the roles that were asked for makes readers and was not known to."""
        before = len(self._known), len(self._asked), len(self._leading)
        for subject in sorted({identity(reader.grant.subject) for reader in found} - self._known):
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
        self._seen.clear()
        for role, place, subject in self._asked:
            self._pairs.take(subject, role, place)
        open_questions = self._asked - self._leading
        self._leading |= {
            one
            for one in open_questions
            if self.ways(self._policy.roles.get(one[0], ()), one[1], subject=one[2])
        }
        self._seen.clear()
        return (len(self._known), len(self._asked), len(self._leading)) != before

    def ways(self, rules: tuple[PolicyRule, ...], where: str, *, subject: str) -> tuple[Way, ...]:
        """The ways that rules give a subject in a namespace, or everywhere."""
        alone, more = self._sorted(rules, where)
        return tuple(
            sorted({*alone, *(way for rule in more for way in self._of_two(rule, where, subject))})
        )

    def _sorted(
        self, rules: tuple[PolicyRule, ...], where: str
    ) -> tuple[frozenset[Way], tuple[PolicyRule, ...]]:
        """What rules give by themselves, and those that may give more beside others."""
        if (rules, where) not in self._seen:
            alone = frozenset(
                way for rule in rules if _matters(rule, ALONE) for way in self._of_rule(rule, where)
            )
            self._seen[rules, where] = (
                alone,
                tuple(rule for rule in rules if _matters(rule, TOGETHER)),
            )
        return self._seen[rules, where]

    def _of_rule(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        """What a rule gives by itself."""
        here = where in ("", self._wanted.namespace)
        if here and everything(rule):
            yield Way(Kind.READS, "do anything")
            return
        if here:
            yield from self._read(rule)
            yield from self._enter(rule, where)
        if here or self._account_in(where):
            yield from self._start(rule, where)
        if where == "" and (names := self._users(rule, "impersonate", "")) is not None:
            yield Way(Kind.BECOMES, _said(["impersonate"], "users", names))
        for verb, part in (("impersonate", ""), ("create", "token")):
            if gives(rule, verb, "", "serviceaccounts", part) and (
                account := self._account_in(where, rule.names)
            ):
                yield Way(
                    Kind.BECOMES, f"{verb} serviceaccounts{'/token' if part else ''} of {account}"
                )

    def _of_two(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """What a rule gives beside another one that the subject has, or may have as a member of a group."""
        here = where in ("", self._wanted.namespace)
        if here and everything(rule):
            return
        if here or self._account_in(where):
            if rule.names:
                yield from self._start_named(rule, where, subject)
            yield from self._raise(rule, where, subject)
        yield from self._take_token(rule, where, subject)
        if where == "":
            yield from self._become_group(rule, subject)
        yield from self._become_for_one_action(rule, where, subject)

    def _read(self, rule: PolicyRule) -> Iterator[Way]:
        verbs = []
        for verb in READS:
            # The deletion of a list has no name that a rule could be narrowed to.
            names = ("",) if verb == "deletecollection" else self._wanted.secrets
            if any(
                covers(rule, verb=verb, group="", resource="secrets", name=name) for name in names
            ):
                verbs.append(verb)
        if verbs:
            yield Way(
                Kind.READS,
                _said(
                    verbs,
                    "secrets",
                    tuple(name for name in rule.names if name in self._wanted.secrets),
                ),
            )

    def _enter(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        if not rule.names or any(self._a_pod(name) for name in rule.names):
            for part, verbs in ENTERS.items():
                if may := [verb for verb in verbs if gives(rule, verb, "", "pods", part)]:
                    yield Way(Kind.ENTERS, _said(may, f"pods/{part}", rule.names))
        if where == "" and (
            may := [verb for verb in ("create", "get") if gives(rule, verb, "", "nodes", "proxy")]
        ):
            yield Way(Kind.ENTERS, _said(may, "nodes/proxy", rule.names))

    def _start(self, rule: PolicyRule, where: str) -> Iterator[Way]:
        """Pods that mount the Secret, or in another namespace pods that run as a reader. What is yet to be made has no name in the request, so
        that a rule with names does not reach it."""
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
            yield self._started(_said(may, ", ".join(resources), rule.names), where)

    def _start_named(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """A server-side apply makes what is not there, and has its name: it needs both verbs."""
        for group, resource in MADE_BY_APPLY:
            if gives(rule, "create", group, resource) and self._pairs.has(
                subject, where, "patch", group, resource, names=rule.names
            ):
                yield self._started(
                    _said(
                        ["create", "patch"],
                        f"{resource}.{group}" if group else resource,
                        rule.names,
                    ),
                    where,
                )

    def _started(self, words: str, where: str) -> Way:
        here = where in ("", self._wanted.namespace)
        return (
            Way(Kind.STARTS, words)
            if here
            else Way(Kind.BECOMES, f"{words} in namespace {where}, as {self._account_in(where)}")
        )

    def _take_token(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """A Secret of the type service-account-token is filled with one, and who made it needs to read it alone."""
        if gives(rule, "create", "", "secrets") and not rule.names:
            for place in self._places(where):
                account = self._account_in(place) if place else ""
                if account and any(
                    self._pairs.has(subject, place, verb, "", "secrets") for verb in READS
                ):
                    yield Way(
                        Kind.BECOMES,
                        f"create and read secrets in namespace {place}, with a token of {account}",
                    )
                    return

    def _raise(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """``escalate`` writes more into a role than one has, ``bind`` hands out a role that one has not. Each is a check beside the right to write
        that very role, or a binding. ClusterRoles can be bound in a namespace, and written only in all of them."""
        for resource, kind in (("roles", "Role"), ("clusterroles", "ClusterRole")):
            places = [place for place in self._places(where) if place or kind == "ClusterRole"]
            escalates = gives(rule, "escalate", RBAC, resource) and (kind == "Role" or where == "")
            if escalates and any(
                self._pairs.fills_own_role(subject, place, kind, rule.names) for place in places
            ):
                yield Way(Kind.RAISES, _said(["escalate"], resource, rule.names))
            if gives(rule, "bind", RBAC, resource):
                found = (
                    name
                    for place in places
                    for name in self._handed_out(rule, kind, place, subject)
                )
                handed = set(found) if rule.names else set(islice(found, 1))
                if handed:
                    yield Way(
                        Kind.RAISES,
                        _said(["bind"], resource, [name for name in rule.names if name in handed]),
                    )

    def _handed_out(self, rule: PolicyRule, kind: str, place: str, subject: str) -> Iterator[str]:
        """The roles that lead to the values and that the subject can bind in a place."""
        for name in self._pairs.bindable(subject, place, kind, rule.names):
            if not name or self._role_leads(kind, name, place, subject):
                yield name

    def _role_leads(self, kind: str, name: str, place: str, subject: str) -> bool:
        """By itself, or beside what the subject has: asked for now, and known from the next round on."""
        role = f"{kind}/{name}" if kind == "ClusterRole" else f"{kind}/{place}/{name}"
        alone, more = self._sorted(self._policy.roles.get(role, ()), place)
        if more and not alone:
            self._asked.add((role, place, subject))
        return bool(alone) or (role, place, subject) in self._leading

    def _places(self, where: str) -> list[str]:
        """Where a right of a namespace, or of all, may lead to the values: there, or where a reader's account is."""
        return (
            [where]
            if where
            else list(dict.fromkeys(["", self._wanted.namespace, *self._accounts, *self._groups]))
        )

    def _users(self, rule: PolicyRule, verb: str, group: str) -> tuple[str, ...] | None:
        """The users that are readers and that a rule is narrowed to, none where it is not; ``None`` where there is no such user. A service account
        or a node is none: the API server asks for those rights by their own resources."""
        if not gives(rule, verb, group, "users") or not self._known_users:
            return None
        names = tuple(name for name in rule.names if name in self._known_users)
        return names if names or not rule.names else None

    def _become_group(self, rule: PolicyRule, subject: str) -> Iterator[Way]:
        """A group is impersonated beside a user, whoever that is, and never without one."""
        if not gives(rule, "impersonate", "", "groups"):
            return
        names = [name for name in rule.names if f"Group {name}" in self._known]
        if "system:nodes" in rule.names and self._pairs.acts_as_a_node(subject):
            names.append("system:nodes")  # what its pods mount
        if (names or not rule.names) and self._pairs.acts_as_somebody(subject):
            yield Way(Kind.BECOMES, _said(["impersonate"], "groups", names))

    def _become_for_one_action(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """Impersonation that is constrained: as whom, and for what."""
        for mode, what in self._whom(rule, where, subject):
            if any(
                self._leads(stripped, place, mode)
                for stripped, place in self._pairs.on_behalf(subject, mode)
            ):
                yield Way(Kind.BECOMES, f"impersonate:{mode} {what}")

    def _whom(self, rule: PolicyRule, where: str, subject: str) -> Iterator[tuple[str, str]]:
        """(mode, whom): a node reads what its pods mount; system:masters cannot be had so."""
        if where == "":
            if (users := self._users(rule, "impersonate:user-info", AUTHENTICATION)) is not None:
                yield "user-info", _said([], "users", users)
            groups = {
                one.removeprefix("Group ") for one in self._known if one.startswith("Group ")
            } - {"system:masters"}
            names = [name for name in rule.names if name in groups]
            some = gives(rule, "impersonate:user-info", AUTHENTICATION, "groups") and (
                names or (groups and not rule.names)
            )
            if some and self._pairs.has(
                subject, "", "impersonate:user-info", AUTHENTICATION, "users"
            ):
                yield "user-info", _said([], "groups", names)
            for mode in NODE_MODES:
                if gives(rule, f"impersonate:{mode}", AUTHENTICATION, "nodes"):
                    yield mode, _said([], "nodes", rule.names)
        account = self._account_in(where, rule.names)
        if account and gives(rule, "impersonate:serviceaccount", AUTHENTICATION, "serviceaccounts"):
            yield "serviceaccount", f"serviceaccounts of {account}"

    def _leads(self, rule: PolicyRule, where: str, mode: str) -> bool:
        """Whether it is a way by itself, and a node's is to read."""
        kinds = {way.kind for way in self._of_rule(rule, where)}
        return Kind.READS in kinds if mode in NODE_MODES else bool(kinds)

    def _account_in(self, where: str, names: Sequence[str] = ()) -> str:
        """A service account that is a reader, of a namespace or of all; narrowed to names where there are some. Empty for none."""
        for account, subject in self._accounts.get(where, ()):
            if not names or account in names:
                return subject
        return self._groups.get(where) or next(
            (f"Group {group}" for group in groups_of(where) if f"Group {group}" in self._known), ""
        )

    def _a_pod(self, name: str) -> bool:
        """Return whether a pod of the Deployment can have the name: the API server cuts it."""
        return name.startswith(f"{self._wanted.deployment}-"[:LONGEST_PREFIX])


def _matters(rule: PolicyRule, table: Mapping[str, tuple[str, ...]]) -> bool:
    return any(
        resource.startswith(EVERY)
        or (
            resource in table
            and (EVERY in rule.verbs or not set(rule.verbs).isdisjoint(table[resource]))
        )
        for resource in rule.resources
    )


def _said(verbs: Sequence[str], resource: str, names: Sequence[str]) -> str:
    return f"{', '.join(verbs)} {resource}{' ' + ', '.join(names) if names else ''}".strip()
