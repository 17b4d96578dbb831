"""Roles: which Roles hold the rights of a choice of controls (rbac.authorization.k8s.io/v1)?

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upkeep.model import CADENCES
from upkeep.records.rights import ACCOUNT, Right

# The resourceNames of both layouts and of the Prometheus operator, for an offline command.
# A proxied Service has its port in its name, as in the path of the request.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "destinations-configmaps": ("cano-collector-config",),
    "destinations-secrets": ("cano-collector-destination-secrets",),
    "teams-configmaps": ("cano-collector-teams",),
    "workflows-secrets": ("cano-collector-workflows-secrets",),
    "environment-configmaps": (),  # read only for a document that needs more than env; doctor names them
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
    "kube-system": ("kube-system",),
    # Read with --alertmanager-config, which has a Role of its own: it holds every receiver's keys.
    "alertmanager-config-secrets": (),
    "alertmanager-config-configmaps": (),
}
NAME = ACCOUNT
MONITORING = "monitoring"
# The cadences of the shipped Role; they include the controls of an emergency.
ALL = tuple(cadence for cadence in CADENCES if cadence != "emergency")


def name_for(cadences: Sequence[str]) -> str:
    """Return the name of the Role for a choice of cadences.

    ``kubectl apply`` replaces a Role of the same name, so each choice has its own.
    """
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
    """Return the smallest Roles with the rights.

    One Role is in the collector's namespace and one in that of Prometheus and Alertmanager. Cluster-wide
    rights have a ClusterRole. The second Role's name ends in ``-monitoring``, unless both namespaces are
    ``monitoring``: otherwise two collectors would share a name with different rules.

    :param name: the name of each Role.
    :param names: the object names of each word of ``Right.names``; a right without names is left out.
    """
    apart = "" if namespace == monitoring == MONITORING else "-monitoring"
    places = {
        "monitoring": (monitoring, apart),
        "kube-system": ("kube-system", ""),
        "cluster": ("", ""),
    }
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
        # Rules never overlap: a rule for all objects needs no names, and each object is named once.
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
    """Return a RoleBinding of the subject for each Role, a ClusterRoleBinding for a ClusterRole.

    Its name holds that of the subject, unless it is the default one: two accounts can share a ClusterRole.
    """
    place, name = subject.get("namespace", ""), subject["name"]
    legal = re.sub("[^A-Za-z0-9.:@+-]", "-", name)
    if legal != name:  # a user's: no name of an object holds / or %
        name = f"{legal}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    whose = "" if (place, name) == (MONITORING, NAME) else f":{place}:{name}"
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
