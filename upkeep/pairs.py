"""Ways to a Secret that need two rights: whether one identity may have the second beside the first.

Which groups a user is in RBAC does not say. So rights of a user and of a group, or of two groups, count together, except with the groups and users
of the system's own; of a service account the groups are known.
Source: k8s.io/kubernetes pkg/registry/rbac (what is checked beside the right to write), apiserver/pkg/endpoints/filters/impersonation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from upkeep.access import EVERY, everything, gives, may_be_one
from upkeep.records import PolicyRule, RbacPolicy

RBAC, AUTHENTICATION = "rbac.authorization.k8s.io", "authentication.k8s.io"
CHANGES = ("update", "patch")
# From Kubernetes 1.36 on: impersonation for certain actions alone, each of which is a right of its own, impersonate-on:MODE:VERB.
ON = "impersonate-on:"
# What second rights are about.
ABOUT = frozenset({"secrets", "roles", "clusterroles", "rolebindings", "clusterrolebindings", "users", "serviceaccounts", "pods", "jobs"})


class Pairs:
    """The second rights, of a policy."""

    def __init__(self, policy: RbacPolicy) -> None:
        self._policy = policy
        # Who may do anything needs no second right, and whoever is in such a group reads by that.
        self._halves: dict[str, list[tuple[str, PolicyRule]]] = {}
        self._given: dict[str, set[tuple[str, str]]] = {}
        for one in policy.grants:
            self._given.setdefault(one.subject, set()).add((one.role, one.namespace))
            if one.namespace or not any(map(everything, one.rules)):
                self._halves.setdefault(one.subject, []).extend((one.namespace, rule) for rule in one.rules if _is_about(rule))
        self._bound = {one.binding: one.role for one in policy.grants} | dict(policy.bindings)
        self._roles, self._bindings = _by_home(policy.roles), _by_home(self._bound)
        self._of: dict[str, list[tuple[str, PolicyRule]]] = {}
        self._found: dict[tuple[str, tuple[str, ...], str, str], list[tuple[str, PolicyRule]]] = {}
        self._has: dict[str, set[tuple[str, str]]] = {}
        self._taken: set[tuple[str, str, str]] = set()

    def take(self, subject: str, role: str, place: str) -> None:
        """A role that a subject was found able to bind in a place: it may have that beside all else."""
        if (subject, role, place) not in self._taken:
            self._taken.add((subject, role, place))
            self._roles_of(subject).add((role, place))
            self._beside(subject).extend((place, rule) for rule in self._policy.roles.get(role, ()) if _is_about(rule))
            self._found.clear()

    def _roles_of(self, subject: str) -> set[tuple[str, str]]:
        """(role, where) of all that it may have."""
        if subject not in self._has:
            self._has[subject] = {one for other, given in self._given.items() if may_be_one(subject, other) for one in given}
        return self._has[subject]

    def _beside(self, subject: str) -> list[tuple[str, PolicyRule]]:
        """(where, rule) of all that it may have; ``""`` is everywhere."""
        if subject not in self._of:
            self._of[subject] = [one for other, halves in self._halves.items() if may_be_one(subject, other) for one in halves]
        return self._of[subject]

    def _rules(self, subject: str, place: str, verbs: tuple[str, ...], group: str, resource: str) -> Iterator[PolicyRule]:
        """Those that give any of the verbs in a place."""
        key = (subject, verbs, group, resource)
        if key not in self._found:
            beside = self._beside(subject)
            self._found[key] = [(where, rule) for where, rule in beside if any(gives(rule, verb, group, resource) for verb in verbs)]
        return (rule for where, rule in self._found[key] if where in ("", place))

    def has(self, subject: str, place: str, verb: str, group: str, resource: str, *, names: Sequence[str] = ()) -> bool:
        """Whether a rule gives it in a place, for any object, or for one of some names."""
        return any(_meet(names, rule.names) for rule in self._rules(subject, place, (verb,), group, resource))

    def _creates(self, subject: str, place: str, resource: str) -> bool:
        """By a request without a name, or by an apply, which has one and needs to patch, too."""
        return any(
            not rule.names or self.has(subject, place, "patch", RBAC, resource, names=rule.names)
            for rule in self._rules(subject, place, ("create",), RBAC, resource)
        )

    def fills_own_role(self, subject: str, place: str, kind: str, names: Sequence[str]) -> bool:
        """Whether it may write a role that it has in a place, or can have there.

        :param names: to which its right to escalate is narrowed; empty for all.
        """
        resource, home = f"{kind.lower()}s", "" if kind == "ClusterRole" else place
        own = f"{kind}/" if kind == "ClusterRole" else f"{kind}/{place}/"
        changed = [
            [name for name in names if not rule.names or name in rule.names] or rule.names
            for rule in self._rules(subject, home, CHANGES, RBAC, resource)
            if _meet(names, rule.names)
        ]
        created = not names and self._creates(subject, home, resource)
        has = [role for role, where in self._roles_of(subject) if where == place]
        if any(role.startswith(own) and (not some or role.removeprefix(own) in some) for role in has for some in changed):
            return True
        if created and any(role.startswith(own) and role not in self._policy.roles for role in has):
            return True  # it is bound, and not there yet
        if (created or changed) and any(role in self._policy.aggregated for role in has if kind == "ClusterRole"):
            return True  # by a label it becomes a part of what is bound
        # A role that says nothing may be bound by whoever may write bindings, and filled then.
        return bool(changed) and any(self._binds(subject, place, one) for one in _bindings(kind, place))

    def _binds(self, subject: str, place: str, resource: str) -> bool:
        return self._creates(subject, place, resource) or any(self._rules(subject, place, CHANGES, RBAC, resource))

    def bindable(self, subject: str, place: str, kind: str, names: Sequence[str]) -> Iterator[str]:
        """The roles that it may bind in a place; an empty name where it may make one of any rules, or cluster-admin is among them.

        :param names: to which its right to bind is narrowed; empty for all.
        """
        own = f"{kind}/" if kind == "ClusterRole" else f"{kind}/{place}/"
        for resource in _bindings(kind, place):
            if self._creates(subject, place, resource):
                there = (role.removeprefix(own) for role in self._roles.get(own, ()))
                if names or kind == "Role":
                    yield from (name for name in there if not names or name in names)
                if not names and (kind == "ClusterRole" or self._makes_any_role(subject, place)):
                    yield ""
            head = f"RoleBinding/{place}/" if place else "ClusterRoleBinding/"
            for rule in self._rules(subject, place, CHANGES, RBAC, resource):
                for binding in self._bindings.get(head, ()):
                    role = self._bound[binding]
                    if role.startswith(own) and _among(binding.removeprefix(head), rule.names) and _among(role.removeprefix(own), names):
                        yield role.removeprefix(own)

    def _makes_any_role(self, subject: str, place: str) -> bool:
        return any(self._rules(subject, place, ("escalate",), RBAC, "roles")) and any(
            self._rules(subject, place, ("create", *CHANGES), RBAC, "roles")
        )

    def acts_as_somebody(self, subject: str) -> bool:
        """Whether there is a user or a service account that it may impersonate."""
        accounts = (gives(rule, "impersonate", "", "serviceaccounts") for _, rule in self._beside(subject))
        return self.has(subject, "", "impersonate", "", "users") or any(accounts)

    def acts_as_a_node(self, subject: str) -> bool:
        """Whether there is a node that it may impersonate as a user."""
        users = self._rules(subject, "", ("impersonate",), "", "users")
        return any(not rule.names or any(name.startswith("system:node:") for name in rule.names) for rule in users)

    def on_behalf(self, subject: str, mode: str) -> Iterator[tuple[PolicyRule, str]]:
        """(rule, where) of what it may do while it impersonates, as if it were a right of its own."""
        head = f"{ON}{mode}:"
        for where, rule in self._beside(subject):
            verbs = tuple(verb.removeprefix(head) for verb in rule.verbs if verb.startswith(head))
            if verbs:
                yield replace(rule, verbs=verbs), where


def _bindings(kind: str, place: str) -> tuple[str, ...]:
    """What binds a role of a kind in a place; in all of them a ClusterRoleBinding does."""
    return ("rolebindings",) if place else ("clusterrolebindings",) if kind == "ClusterRole" else ()


def _by_home(names: Iterable[str]) -> dict[str, list[str]]:
    """Names by all that stands before the last slash, which has none in it."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(f"{name.rpartition('/')[0]}/", []).append(name)
    return found


def _meet(names: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two rules, each narrowed to names or to none, are about one object."""
    return not names or not others or not set(names).isdisjoint(others)


def _among(name: str, names: Sequence[str]) -> bool:
    return not names or name in names


def _is_about(rule: PolicyRule) -> bool:
    return EVERY in rule.resources or not ABOUT.isdisjoint(rule.resources) or any(verb.startswith(ON) for verb in rule.verbs)
