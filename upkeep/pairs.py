"""Ways to a Secret that need two rights: whether one identity may have the second beside the first.

Which groups a user is in RBAC does not say. So rights of a user and of a group, or of two groups, count together, except with the groups and users
of the system's own; of a service account the groups are known.
Source: k8s.io/kubernetes pkg/registry/rbac (what is checked beside the right to write), apiserver/pkg/endpoints/filters/impersonation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from upkeep.access import EVERY, everything, gives, may_be_one
from upkeep.records import PolicyRule, RbacPolicy

RBAC, AUTHENTICATION = "rbac.authorization.k8s.io", "authentication.k8s.io"
CHANGES = ("update", "patch")
# From Kubernetes 1.36 on: impersonation for certain actions alone, each of which is a right of its own, impersonate-on:MODE:VERB.
ON = "impersonate-on:"
# What second rights are about.
ABOUT = frozenset({"secrets", "roles", "clusterroles", "rolebindings", "clusterrolebindings", "users", "serviceaccounts", "pods", "jobs"})


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the first right: a subject, and the roles that it can take beside what it has, each with its place."""

    subject: str
    taken: frozenset[tuple[str, str]] = frozenset()

    def with_role(self, role: str, place: str) -> "Holder":
        return Holder(self.subject, self.taken | {(role, place)})


class Pairs:
    """The second rights, of a policy."""

    def __init__(self, policy: RbacPolicy) -> None:
        self._policy = policy
        # Who may do anything needs no second right, and whoever is in such a group reads by that.
        self._halves = [
            (grant.subject, grant.namespace, rule)
            for grant in policy.grants
            if grant.namespace or not any(map(everything, grant.rules))
            for rule in grant.rules
            if _is_about(rule)
        ]
        self._roles = {grant.binding: grant.role for grant in policy.grants} | dict(policy.bindings)
        self._of: dict[str, list[tuple[str, PolicyRule]]] = {}

    def _beside(self, holder: Holder) -> Iterator[tuple[str, PolicyRule]]:
        """(where, rule) of all that it may have; ``""`` is everywhere."""
        if holder.subject not in self._of:
            self._of[holder.subject] = [(where, rule) for other, where, rule in self._halves if may_be_one(holder.subject, other)]
        yield from self._of[holder.subject]
        for role, place in holder.taken:
            yield from ((place, rule) for rule in self._policy.roles.get(role, ()) if _is_about(rule))

    def _rules(self, holder: Holder, place: str, verbs: Sequence[str], group: str, resource: str) -> Iterator[PolicyRule]:
        for where, rule in self._beside(holder):
            if where in ("", place) and any(gives(rule, verb, group, resource) for verb in verbs):
                yield rule

    def has(self, holder: Holder, place: str, verb: str, group: str, resource: str, *, names: Sequence[str] = ()) -> bool:
        """Whether a rule gives it in a place, for any object, or for one of some names."""
        return any(_meet(names, rule.names) for rule in self._rules(holder, place, (verb,), group, resource))

    def _creates(self, holder: Holder, place: str, resource: str) -> bool:
        """By a request without a name, or by an apply, which has one and needs to patch, too."""
        return any(
            not rule.names or self.has(holder, place, "patch", RBAC, resource, names=rule.names)
            for rule in self._rules(holder, place, ("create",), RBAC, resource)
        )

    def fills_own_role(self, holder: Holder, place: str, kind: str, names: Sequence[str]) -> bool:
        """Whether it may write a role that it has in a place, or can have there.

        :param names: to which its right to escalate is narrowed; empty for all.
        """
        resource, home = f"{kind.lower()}s", "" if kind == "ClusterRole" else place
        own = f"{kind}/" if kind == "ClusterRole" else f"{kind}/{place}/"
        changed = [
            [name for name in names if not rule.names or name in rule.names] or rule.names
            for rule in self._rules(holder, home, CHANGES, RBAC, resource)
            if _meet(names, rule.names)
        ]
        created = not names and self._creates(holder, home, resource)
        has = [one.role for one in self._policy.grants if one.namespace == place and may_be_one(holder.subject, one.subject)]
        has += [role for role, where in holder.taken if where == place]
        if any(role.startswith(own) and (not some or role.removeprefix(own) in some) for role in has for some in changed):
            return True
        if created and any(role.startswith(own) and role not in self._policy.roles for role in has):
            return True  # it is bound, and not there yet
        if (created or changed) and any(role in self._policy.aggregated for role in has if kind == "ClusterRole"):
            return True  # by a label it becomes a part of what is bound
        # A role that says nothing may be bound by whoever may write bindings, and filled then.
        return bool(changed) and any(self._binds(holder, place, one) for one in _bindings(kind, place))

    def _binds(self, holder: Holder, place: str, resource: str) -> bool:
        return self._creates(holder, place, resource) or any(self._rules(holder, place, CHANGES, RBAC, resource))

    def bindable(self, holder: Holder, place: str, kind: str, names: Sequence[str]) -> Iterator[str]:
        """The roles that it may bind in a place; an empty name where it may make one of any rules, or cluster-admin is among them.

        :param names: to which its right to bind is narrowed; empty for all.
        """
        own = f"{kind}/" if kind == "ClusterRole" else f"{kind}/{place}/"
        for resource in _bindings(kind, place):
            if self._creates(holder, place, resource):
                there = (role.removeprefix(own) for role in self._policy.roles if role.startswith(own))
                if names or kind == "Role":
                    yield from (name for name in there if not names or name in names)
                if not names and (kind == "ClusterRole" or self._makes_any_role(holder, place)):
                    yield ""
            head = f"RoleBinding/{place}/" if place else "ClusterRoleBinding/"
            for rule in self._rules(holder, place, CHANGES, RBAC, resource):
                for binding, role in self._roles.items():
                    name, here = role.removeprefix(own), binding.startswith(head) and role.startswith(own)
                    if here and _among(binding.removeprefix(head), rule.names) and _among(name, names):
                        yield name

    def _makes_any_role(self, holder: Holder, place: str) -> bool:
        return any(self._rules(holder, place, ("escalate",), RBAC, "roles")) and any(
            self._rules(holder, place, ("create", *CHANGES), RBAC, "roles")
        )

    def acts_as_somebody(self, holder: Holder) -> bool:
        """Whether there is a user or a service account that it may impersonate."""
        accounts = (gives(rule, "impersonate", "", "serviceaccounts") for _, rule in self._beside(holder))
        return self.has(holder, "", "impersonate", "", "users") or any(accounts)

    def acts_as_a_node(self, holder: Holder) -> bool:
        """Whether there is a node that it may impersonate as a user."""
        users = self._rules(holder, "", ("impersonate",), "", "users")
        return any(not rule.names or any(name.startswith("system:node:") for name in rule.names) for rule in users)

    def on_behalf(self, holder: Holder, mode: str) -> Iterator[tuple[PolicyRule, str]]:
        """(rule, where) of what it may do while it impersonates, as if it were a right of its own."""
        head = f"{ON}{mode}:"
        for where, rule in self._beside(holder):
            verbs = tuple(verb.removeprefix(head) for verb in rule.verbs if verb.startswith(head))
            if verbs:
                yield replace(rule, verbs=verbs), where


def _bindings(kind: str, place: str) -> tuple[str, ...]:
    """What binds a role of a kind in a place; in all of them a ClusterRoleBinding does."""
    return ("rolebindings",) if place else ("clusterrolebindings",) if kind == "ClusterRole" else ()


def _meet(names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two rules, each narrowed to names or to none, are about one object."""
    return not names or not others or not set(names).isdisjoint(others)


def _among(name: str, names: Sequence[str]) -> bool:
    return not names or name in names


def _is_about(rule: PolicyRule) -> bool:
    return EVERY in rule.resources or not ABOUT.isdisjoint(rule.resources) or any(verb.startswith(ON) for verb in rule.verbs)
