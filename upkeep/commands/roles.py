"""What a choice of controls must be allowed to do, as Roles (rbac.authorization.k8s.io/v1).

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upkeep.model import CADENCES
from upkeep.sweep import Right

# The names that a Role can be narrowed to, where the install at hand was not looked at: those of both layouts and of the Prometheus operator.
# A proxied Service is named with its port, as it stands in the request's path.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "destinations-configmaps": ("cano-collector-config",),
    "destinations-secrets": ("cano-collector-destination-secrets",),
    "teams-configmaps": ("cano-collector-teams",),
    "workflows-secrets": ("cano-collector-workflows-secrets",),
    "environment-configmaps": (),  # asked only where a document needs what is not in env; add them by name where doctor says so
    "environment-secrets": (),
    "referenced-configmaps": ("cano-collector-config", "cano-collector-teams"),
    "referenced-secrets": (
        "cano-collector-secrets",
        "cano-collector-destination-secrets",
        "cano-collector-workflows-secrets",
        "cano-collector-secret",
    ),
    "prometheus": ("prometheus-operated:9090",),
    "alertmanager": ("alertmanager-operated:9093",),
    # Read where --alertmanager-config names one, which upkeep rbac makes a Role of its own for: it holds every receiver's keys.
    "alertmanager-config-secrets": (),
    "alertmanager-config-configmaps": (),
}
NAME = "upkeep"
MONITORING = "monitoring"
# What the shipped Role is for; those of an emergency are among them.
ALL = tuple(cadence for cadence in CADENCES if cadence != "emergency")


def name_for(cadences: Sequence[str]) -> str:
    """What the Role for a choice of cadences is called. ``kubectl apply`` replaces what has the same name, so that another choice has another one:
    it never takes away what the one before gave."""
    if set(ALL) <= set(cadences):
        return NAME
    return "-".join([NAME, *(cadence for cadence in CADENCES if cadence in cadences)])


def roles(
    rights: Iterable[Right],
    *,
    namespace: str,
    name: str = NAME,
    names: Mapping[str, tuple[str, ...]] = USUAL_NAMES,
    monitoring: str = MONITORING,
) -> list[dict[str, Any]]:
    """The smallest Roles that hold the rights: one in the collector's namespace, one in that of Prometheus and Alertmanager, and a ClusterRole for what
    is in no namespace, or in all of them.

    What is for Prometheus has a Role of its own, whose name ends in ``-monitoring``, but where both are in the namespace of the guide: else the Roles
    of two collectors, or of one whose Prometheus was looked for elsewhere, would have the same name and not the same rules.

    :param name: of each of them.
    :param names: for each word of ``Right.names`` the objects' names; a right whose word has none there is left out.
    """
    apart = "" if namespace == monitoring == MONITORING else "-monitoring"
    places = {"monitoring": (monitoring, apart), "cluster": ("", "")}
    wanted: dict[tuple[tuple[str, str], str, str, str], set[str]] = {}
    for right in rights:
        objects = names.get(right.names, ()) if right.names else ("",)
        if objects:
            place = places.get(right.scope, (namespace, ""))
            wanted.setdefault((place, right.group, right.resource, right.verb), set()).update(
                objects
            )
    by_place: dict[tuple[str, str], dict[tuple[str, str, tuple[str, ...]], set[str]]] = {}
    for (place, group, resource, verb), found in wanted.items():
        # Rules never overlap: who may have all needs no names, and each object is named once.
        narrowed = () if "" in found else tuple(sorted(found))
        by_place.setdefault(place, {}).setdefault((group, resource, narrowed), set()).add(verb)
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role" if place else "ClusterRole",
            "metadata": {"name": f"{name}{part}"}
            | ({"namespace": place} if place else {})
            | {"labels": {"app.kubernetes.io/name": NAME}},
            "rules": [
                {"apiGroups": [group], "resources": [resource], "verbs": sorted(verbs)}
                | ({"resourceNames": list(objects)} if objects else {})
                for (group, resource, objects), verbs in sorted(rules.items())
            ],
        }
        for (place, part), rules in sorted(
            by_place.items(), key=lambda entry: (entry[0] != (namespace, ""), not entry[0][0])
        )
    ]


def bindings(
    roles: Iterable[Mapping[str, Any]], *, subject: Mapping[str, str]
) -> list[dict[str, Any]]:
    """A RoleBinding of the subject for each Role, a ClusterRoleBinding for a ClusterRole. Its name holds that of the subject, unless it is the usual one:
    of two accounts in two namespaces, which may share a ClusterRole, neither takes it from the other."""
    usual = (subject["namespace"], subject["name"]) == (MONITORING, NAME)
    whose = "" if usual else f":{subject['namespace']}:{subject['name']}"
    return [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": f"{role['kind']}Binding",
            "metadata": {**role["metadata"], "name": f"{role['metadata']['name']}{whose}"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": role["kind"],
                "name": role["metadata"]["name"],
            },
            "subjects": [dict(subject)],
        }
        for role in roles
    ]
