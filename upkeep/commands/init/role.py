"""Role: the rights of the measuring account, with the names of this installation's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from upkeep.commands import rbac
from upkeep.commands.roles import ALL, MONITORING, NAME, USUAL_NAMES
from upkeep.domain import discovery
from upkeep.domain.mounted_configuration import configuration_objects, destination_objects
from upkeep.settings.access import stored_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from upkeep.commands.init.found import Found
    from upkeep.records.workload import Deployment


def role(collector: Deployment, found: Found, *, monitoring: bool, stored: str | None) -> str:
    """Return the Roles, bindings and service account as YAML for ``kubectl apply``.

    :param monitoring: whether the namespace ``monitoring`` exists.
    :param stored: the object with Alertmanager's configuration, where the user named it.
    """
    install = discovery.install(collector)
    references = [(one.kind, one.name) for one in discovery.references(collector, install)]
    references += [("Secret", name) for name in install.secrets]
    destinations = destination_objects(install)
    others = configuration_objects(install)
    names = {
        "kube-system": USUAL_NAMES["kube-system"],
        "destinations-configmaps": _of("ConfigMap", destinations),
        "destinations-secrets": _of("Secret", destinations),
        "teams-configmaps": _of("ConfigMap", others),
        "workflows-secrets": _of("Secret", others),
        "referenced-configmaps": _of("ConfigMap", references),
        "referenced-secrets": _of("Secret", references),
        **{program: (name,) for program, (_, name) in found.services.items()},
    }
    beside = {
        program
        for program, (namespace, _) in found.services.items()
        if namespace == collector.namespace
    }
    kept = stored_object(stored, "--alertmanager-config")
    return rbac.document(
        ALL,
        collector.namespace,
        MONITORING if monitoring else "",
        NAME,
        named=[] if kept is None else [(kept[0].lower(), *kept[1:])],
        names=names,
        beside=beside,
    )


def _of(kind: str, objects: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one, name in objects if one == kind))
