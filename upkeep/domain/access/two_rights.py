"""Second rights: may one identity hold a right beside another one?

RBAC does not tell who is in which group. So rights of a user and of a group, or of two groups, count together, except
with the system's own users and groups. The groups of a service account are known.
Source: k8s.io/kubernetes pkg/registry/rbac, apiserver/pkg/endpoints/filters/impersonation.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from msgspec.structs import replace

from upkeep.domain.access.rbac import EVERY, everything, gives, identity, may_be_one
from upkeep.records.access import PolicyRule, RbacPolicy

T = TypeVar("T")
RBAC, AUTHENTICATION = "rbac.authorization.k8s.io", "authentication.k8s.io"
CHANGES = ("update", "patch")
# From Kubernetes 1.36 on a right of its own allows each action of an impersonation: impersonate-on:MODE:VERB.
ON = "impersonate-on:"
# The resources of second rights.
ABOUT = frozenset(
    {
        "secrets",
        "roles",
        "clusterroles",
        "rolebindings",
        "clusterrolebindings",
        "users",
        "serviceaccounts",
        "pods",
        "jobs",
    }
)


class _Subjects(Generic[T]):
    """Things of subjects, indexed so that those of one identity are found without a scan of all."""

    def __init__(self) -> None:
        self._groups: dict[str, list[T]] = {}
        self._others: dict[str, list[T]] = {}

    def add(self, subject: str, what: Iterable[T]) -> None:
        one = identity(subject)
        (self._groups if one.startswith("Group ") else self._others).setdefault(one, []).extend(
            what
        )

    def of(self, subject: str) -> Iterator[T]:
        """Yield the things of every subject that may be the same identity."""
        one = identity(subject)
        others = self._others if one.startswith("Group ") else {one: self._others.get(one, [])}
        for other, what in (*self._groups.items(), *others.items()):
            if may_be_one(one, other):
                yield from what


class Pairs:
    """The second rights of a policy.

    :param leading: the roles whose rules may lead to the values. Most roles of a large cluster do not, and are skipped.
    """

    def __init__(self, policy: RbacPolicy, *, leading: Collection[str]) -> None:
        self._policy = policy
        # By namespace; "" is all. A subject with all rights needs no second one, and its members read by that one.
        self._halves: dict[str, _Subjects[PolicyRule]] = {}
        self._given: dict[str, _Subjects[str]] = {}
        for one in policy.grants:
            self._given.setdefault(one.namespace, _Subjects()).add(one.subject, [one.role])
            halves = [rule for rule in one.rules if _is_about(rule)]
            if halves and (one.namespace or not any(map(everything, one.rules))):
                self._halves.setdefault(one.namespace, _Subjects()).add(one.subject, halves)
        self._bound = {one.binding: one.role for one in policy.grants} | dict(policy.bindings)
        self._roles = _by_home(leading)
        self._bindings = _by_home(
            binding for binding, role in self._bound.items() if role in leading
        )
        self._of: dict[tuple[str, str], list[PolicyRule]] = {}
        self._found: dict[str, dict[tuple[str, tuple[str, ...], str, str], list[PolicyRule]]] = {}
        self._has: dict[tuple[str, str], set[str]] = {}
        self._taken: set[tuple[str, str, str]] = set()

    def take(self, subject: str, role: str, place: str) -> None:
        """Add a role that a subject can bind in a namespace to its rights."""
        if (subject, role, place) not in self._taken:
            self._taken.add((subject, role, place))
            self._roles_of(subject, place).add(role)
            self._beside(subject, place).extend(
                rule for rule in self._policy.roles.get(role, ()) if _is_about(rule)
            )
            self._found.pop(subject, None)

    def _roles_of(self, subject: str, place: str) -> set[str]:
        """Return the roles that bindings of a namespace may give a subject."""
        if (subject, place) not in self._has:
            self._has[subject, place] = (
                set(self._given[place].of(subject)) if place in self._given else set()
            )
        return self._has[subject, place]

    def _beside(self, subject: str, place: str) -> list[PolicyRule]:
        """Return the rules that bindings of a namespace may give a subject."""
        if (subject, place) not in self._of:
            self._of[subject, place] = (
                list(self._halves[place].of(subject)) if place in self._halves else []
            )
        return self._of[subject, place]

    def _places(self, subject: str) -> set[str]:
        """Return the namespaces with bindings, or with roles that the subject took."""
        return {*self._halves, *(place for one, _, place in self._taken if one == subject)}

    def _rules(
        self, subject: str, place: str, verbs: tuple[str, ...], group: str, resource: str
    ) -> list[PolicyRule]:
        """Return the rules that give any of the verbs in a namespace."""
        found, key = self._found.setdefault(subject, {}), (place, verbs, group, resource)
        if key not in found:
            beside = (
                rule
                for where in dict.fromkeys(("", place))
                for rule in self._beside(subject, where)
            )
            found[key] = [
                rule for rule in beside if any(gives(rule, verb, group, resource) for verb in verbs)
            ]
        return found[key]

    def has(
        self,
        subject: str,
        place: str,
        verb: str,
        group: str,
        resource: str,
        *,
        names: Sequence[str] = (),
    ) -> bool:
        """Return whether a rule gives the right in a namespace, for any object or one of the names."""
        return any(
            _meet(names, rule.names)
            for rule in self._rules(subject, place, (verb,), group, resource)
        )

    def _creates(self, subject: str, place: str, resource: str) -> bool:
        """Return whether it can create: without a name, or by an apply, which has a name and needs patch, too."""
        return any(
            not rule.names or self.has(subject, place, "patch", RBAC, resource, names=rule.names)
            for rule in self._rules(subject, place, ("create",), RBAC, resource)
        )

    def fills_own_role(self, subject: str, place: str, kind: str, names: Sequence[str]) -> bool:
        """Return whether it may write a role that it holds, or can hold, in a namespace.

        :param names: the resourceNames of its right to escalate; empty for all.
        """
        resource, home = f"{kind.lower()}s", "" if kind == "ClusterRole" else place
        own = f"{kind}/" if kind == "ClusterRole" else f"{kind}/{place}/"
        changed = [
            [name for name in names if not rule.names or name in rule.names] or rule.names
            for rule in self._rules(subject, home, CHANGES, RBAC, resource)
            if _meet(names, rule.names)
        ]
        created = not names and self._creates(subject, home, resource)
        has = self._roles_of(subject, place)
        if any(
            role.startswith(own) and (not some or role.removeprefix(own) in some)
            for role in has
            for some in changed
        ):
            return True
        if created and any(role.startswith(own) and role not in self._policy.roles for role in has):
            return True  # bound, and not created yet
        if (created or changed) and any(
            role in self._policy.aggregated for role in has if kind == "ClusterRole"
        ):
            return True  # a label makes it part of a bound aggregated role
        # An empty role needs no bind right: a binding of it can be written, and the role filled then.
        return bool(changed) and any(
            self._binds(subject, place, one) for one in _bindings(kind, place)
        )

    def _binds(self, subject: str, place: str, resource: str) -> bool:
        return self._creates(subject, place, resource) or bool(
            self._rules(subject, place, CHANGES, RBAC, resource)
        )

    def bindable(self, subject: str, place: str, kind: str, names: Sequence[str]) -> Iterator[str]:
        """Yield the roles that it may bind in a namespace; "" where it may create any, or bind cluster-admin.

        :param names: the resourceNames of its right to bind; empty for all.
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
                    if (
                        role.startswith(own)
                        and _among(binding.removeprefix(head), rule.names)
                        and _among(role.removeprefix(own), names)
                    ):
                        yield role.removeprefix(own)

    def _makes_any_role(self, subject: str, place: str) -> bool:
        return bool(
            self._rules(subject, place, ("escalate",), RBAC, "roles")
            and self._rules(subject, place, ("create", *CHANGES), RBAC, "roles")
        )

    def acts_as_somebody(self, subject: str) -> bool:
        """Return whether it may impersonate some user or service account."""
        return self.has(subject, "", "impersonate", "", "users") or any(
            gives(rule, "impersonate", "", "serviceaccounts")
            for place in self._places(subject)
            for rule in self._beside(subject, place)
        )

    def acts_as_a_node(self, subject: str) -> bool:
        """Return whether it may impersonate some node as a user."""
        users = self._rules(subject, "", ("impersonate",), "", "users")
        return any(
            not rule.names or any(name.startswith("system:node:") for name in rule.names)
            for rule in users
        )

    def on_behalf(self, subject: str, mode: str) -> Iterator[tuple[PolicyRule, str]]:
        """Yield (rule, namespace) of its rights during an impersonation, as rights of its own."""
        head = f"{ON}{mode}:"
        for where in sorted(self._places(subject)):
            for rule in self._beside(subject, where):
                if verbs := tuple(
                    verb.removeprefix(head) for verb in rule.verbs if verb.startswith(head)
                ):
                    yield replace(rule, verbs=verbs), where


def _bindings(kind: str, place: str) -> tuple[str, ...]:
    """Return the resource that binds a role of a kind in a namespace; "" stands for all namespaces."""
    return ("rolebindings",) if place else ("clusterrolebindings",) if kind == "ClusterRole" else ()


def _by_home(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the names by their part up to the last slash."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(f"{name.rpartition('/')[0]}/", []).append(name)
    return found


def _meet(names: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether two lists of resourceNames, empty for all, share an object."""
    return not names or not others or not set(names).isdisjoint(others)


def _among(name: str, names: Sequence[str]) -> bool:
    return not names or name in names


def _is_about(rule: PolicyRule) -> bool:
    return (
        EVERY in rule.resources
        or not ABOUT.isdisjoint(rule.resources)
        or any(verb.startswith(ON) for verb in rule.verbs)
    )
