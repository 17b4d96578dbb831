"""Every subject that can read certain Secrets, by one right or by two.

Two rights count where one identity may hold both. Not decided by RBAC, and so not read: rights of nodes, webhooks,
approvers of certificates, access to a node, and the tokens that a Secret of another namespace holds already.
Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/;
https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/; k8s.io/kubernetes pkg/registry/rbac and
apiserver/pkg/endpoints/filters/impersonation.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from upkeep.domain.access.one_right import ALONE, READS, Kind, OneRight, Wanted, Way, matters, said
from upkeep.domain.access.rbac import everything, gives, identity
from upkeep.domain.access.two_rights import AUTHENTICATION, RBAC, Pairs
from upkeep.errors import Malformed
from upkeep.records.access import Grant, PolicyRule, RbacPolicy

__all__ = ["MOST_STEPS", "Kind", "Reader", "Wanted", "Way", "readers"]

# Resources whose creation by a server-side apply is a path, though a change of an existing one is none.
MADE_BY_APPLY = (("", "pods"), ("batch", "jobs"))
NODE_MODES = ("arbitrary-node", "associated-node")
# Steps from impersonator to impersonator: more than any cluster has, and each step reads all bindings.
MOST_STEPS = 30
# Rules that give a path only with a second right.
TOGETHER = {
    "secrets": ("create",),
    **{resource: ("create",) for _, resource in MADE_BY_APPLY},
    **dict.fromkeys(("roles", "clusterroles"), ("bind", "escalate")),
    "groups": ("impersonate", "impersonate:user-info"),
    "users": ("impersonate:user-info",),
    "serviceaccounts": ("impersonate:serviceaccount",),
    "nodes": tuple(f"impersonate:{mode}" for mode in NODE_MODES),
}


class Reader(Struct, frozen=True):
    """A subject that can read the Secrets by one binding, with its paths, the shortest first."""

    grant: Grant
    ways: tuple[Way, ...]


def readers(policy: RbacPolicy, wanted: Wanted) -> tuple[Reader, ...]:
    """Return every subject that can read any of the Secrets, binding by binding; none without a Secret.

    A subject that may impersonate a reader is a reader, and so on until no round finds a new one.

    :raises Malformed: a round finds a new one after ``MOST_STEPS``.
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
        f"The chain of impersonations does not end after {MOST_STEPS} steps.",
        source="Roles and bindings",
    )


class _Search(OneRight):
    """The paths that rules give, with the readers, and the roles that make readers, that are known so far."""

    def __init__(self, policy: RbacPolicy, wanted: Wanted) -> None:
        super().__init__(wanted)
        self._policy = policy
        leading = {
            role: True
            for role, rules in policy.roles.items()
            if any(matters(one, ALONE) or matters(one, TOGETHER) for one in rules)
        }
        self._pairs = Pairs(policy, leading=leading)
        self._asked: set[tuple[str, str, str]] = set()
        self._leading: set[tuple[str, str, str]] = set()
        self._seen: dict[
            tuple[tuple[PolicyRule, ...], str], tuple[frozenset[Way], tuple[PolicyRule, ...]]
        ] = {}

    def learn(self, found: Sequence[Reader]) -> bool:
        """Return whether a reader is new, or a role that was asked for is newly known to make readers."""
        before = len(self._known), len(self._asked), len(self._leading)
        for subject in sorted({identity(reader.grant.subject) for reader in found} - self._known):
            self._note(subject)
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
        """Return the paths that rules give a subject in a namespace, or everywhere."""
        alone, more = self._sorted(rules, where)
        return tuple(
            sorted({*alone, *(way for rule in more for way in self._of_two(rule, where, subject))})
        )

    def _sorted(
        self, rules: tuple[PolicyRule, ...], where: str
    ) -> tuple[frozenset[Way], tuple[PolicyRule, ...]]:
        """Return the paths that rules give by themselves, and the rules that may give more with others."""
        if (rules, where) not in self._seen:
            alone = frozenset(
                way for rule in rules if matters(rule, ALONE) for way in self._of_rule(rule, where)
            )
            self._seen[rules, where] = (
                alone,
                tuple(rule for rule in rules if matters(rule, TOGETHER)),
            )
        return self._seen[rules, where]

    def _of_two(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """Yield the paths that a rule gives with another one of the subject, or of a group that it may be in."""
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

    def _start_named(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """Yield creations by a server-side apply, whose request has a name: it needs both verbs."""
        for group, resource in MADE_BY_APPLY:
            if gives(rule, "create", group, resource) and self._pairs.has(
                subject, where, "patch", group, resource, names=rule.names
            ):
                yield self._started(
                    said(
                        ["create", "patch"],
                        f"{resource}.{group}" if group else resource,
                        rule.names,
                    ),
                    where,
                )

    def _take_token(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """Yield token Secrets: the controller fills one, and its creator needs only to read it."""
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
        """Yield paths by ``escalate`` (write rights into a role that one lacks) and ``bind`` (bind a role that one lacks).

        Each needs the right to write that role, or a binding, too. A namespace can bind a ClusterRole, not write it.
        """
        for resource, kind in (("roles", "Role"), ("clusterroles", "ClusterRole")):
            places = [place for place in self._places(where) if place or kind == "ClusterRole"]
            escalates = gives(rule, "escalate", RBAC, resource) and (kind == "Role" or where == "")
            if escalates and any(
                self._pairs.fills_own_role(subject, place, kind, rule.names) for place in places
            ):
                yield Way(Kind.RAISES, said(["escalate"], resource, rule.names))
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
                        said(["bind"], resource, [name for name in rule.names if name in handed]),
                    )

    def _handed_out(self, rule: PolicyRule, kind: str, place: str, subject: str) -> Iterator[str]:
        """Yield the roles that lead to the values and that the subject can bind in a namespace."""
        for name in self._pairs.bindable(subject, place, kind, rule.names):
            if not name or self._role_leads(kind, name, place, subject):
                yield name

    def _role_leads(self, kind: str, name: str, place: str, subject: str) -> bool:
        """Return whether a role leads to the values, alone or with the subject's rights, as known since the last round."""
        role = f"{kind}/{name}" if kind == "ClusterRole" else f"{kind}/{place}/{name}"
        alone, more = self._sorted(self._policy.roles.get(role, ()), place)
        if more and not alone:
            self._asked.add((role, place, subject))
        return bool(alone) or (role, place, subject) in self._leading

    def _places(self, where: str) -> list[str]:
        """Return the namespaces in which a right may lead to the values: its own, or those of readers' accounts."""
        return (
            [where]
            if where
            else list(dict.fromkeys(["", self._wanted.namespace, *self._accounts, *self._groups]))
        )

    def _become_group(self, rule: PolicyRule, subject: str) -> Iterator[Way]:
        """Yield impersonated groups, which a request names beside some user."""
        if not gives(rule, "impersonate", "", "groups"):
            return
        names = [name for name in rule.names if f"Group {name}" in self._known]
        if "system:nodes" in rule.names and self._pairs.acts_as_a_node(subject):
            names.append("system:nodes")  # what its pods mount
        if (names or not rule.names) and self._pairs.acts_as_somebody(subject):
            yield Way(Kind.BECOMES, said(["impersonate"], "groups", names))

    def _become_for_one_action(self, rule: PolicyRule, where: str, subject: str) -> Iterator[Way]:
        """Yield constrained impersonations: as whom, and for which action."""
        for mode, what in self._whom(rule, where, subject):
            if any(
                self._leads(stripped, place, mode)
                for stripped, place in self._pairs.on_behalf(subject, mode)
            ):
                yield Way(Kind.BECOMES, f"impersonate:{mode} {what}")

    def _whom(self, rule: PolicyRule, where: str, subject: str) -> Iterator[tuple[str, str]]:
        """Yield (mode, whom). A node reads the Secrets that its pods mount; system:masters cannot be impersonated so."""
        if where == "":
            if (users := self._users(rule, "impersonate:user-info", AUTHENTICATION)) is not None:
                yield "user-info", said([], "users", users)
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
                yield "user-info", said([], "groups", names)
            for mode in NODE_MODES:
                if gives(rule, f"impersonate:{mode}", AUTHENTICATION, "nodes"):
                    yield mode, said([], "nodes", rule.names)
        account = self._account_in(where, rule.names)
        if account and gives(rule, "impersonate:serviceaccount", AUTHENTICATION, "serviceaccounts"):
            yield "serviceaccount", f"serviceaccounts of {account}"

    def _leads(self, rule: PolicyRule, where: str, mode: str) -> bool:
        """Return whether it is a path by itself; for a node, whether it reads."""
        kinds = {way.kind for way in self._of_rule(rule, where)}
        return Kind.READS in kinds if mode in NODE_MODES else bool(kinds)
