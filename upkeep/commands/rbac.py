"""``upkeep rbac``: the Roles that a choice of cadences needs, as YAML for kubectl apply.

Offline. Applying it never takes a right away: each choice of cadences, each further right that is asked for and each service account has Roles and bindings
of its own name. What is no longer wanted is deleted: ``kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -l app.kubernetes.io/name=upkeep``
lists all of them. Exit codes: 0, 4 for bad input.
"""

import argparse
from collections.abc import Sequence

from upkeep.commands.roles import NAME, bindings, name_for, roles
from upkeep.commands.suite import declared
from upkeep.errors import BadInput
from upkeep.model import CADENCES
from upkeep.settings import stored_object
from upkeep.sweep import EXEC, HELM, Right

SUMMARY = "print the Role that a choice of cadences needs"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument(
        "--cadence", action="append", choices=CADENCES, help="repeatable (default: daily)"
    )
    parser.add_argument(
        "--namespace", default="monitoring", help="the collector's namespace (default: monitoring)"
    )
    parser.add_argument(
        "--monitoring-namespace",
        default="monitoring",
        help="that of Prometheus and Alertmanager (default: monitoring)",
    )
    parser.add_argument(
        "--alertmanager-config",
        metavar="KIND/NS/NAME",
        help="and a Role to read Alertmanager's configuration, where it hides its webhooks' URLs; it holds every receiver's keys",
    )
    parser.add_argument(
        "--exec",
        action="store_true",
        help="and a Role to run commands in the namespace's containers, for df and netstat; who may that may do anything there",
    )
    parser.add_argument(
        "--helm",
        action="store_true",
        help="and a Role to list the namespace's Secrets and ConfigMaps, among which Helm keeps its releases; who may that may read all of them",
    )
    parser.add_argument(
        "--service-account",
        default=NAME,
        help=f"whom the Role is bound to, in the collector's namespace (default: {NAME})",
    )


def run(options: argparse.Namespace) -> int:
    """Prints the Roles, their bindings and the service account."""
    cadences = options.cadence or ["daily"]
    stored = stored_object(options.alertmanager_config, "--alertmanager-config")
    monitoring = options.monitoring_namespace
    if stored is not None and stored[1] != monitoring:
        raise BadInput(
            f"--alertmanager-config is in namespace {stored[1]}, Alertmanager in {monitoring}: --monitoring-namespace={stored[1]}"
        )
    names = options.namespace, monitoring, options.service_account
    print(
        document(cadences, *names, exec_too=options.exec, helm_too=options.helm, stored=stored),
        end="",
    )
    return 0


def document(
    cadences: Sequence[str],
    namespace: str,
    monitoring: str,
    service_account: str,
    *,
    exec_too: bool = False,
    helm_too: bool = False,
    stored: tuple[str, str, str] | None = None,
) -> str:
    """The YAML documents; ``exec_too`` adds a Role to look into containers, ``helm_too`` one to look for Helm's releases, ``stored`` one to read
    Alertmanager's configuration."""
    import yaml

    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "name": service_account,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": NAME},
        },
    }
    rights = dict.fromkeys(right for control in declared(cadences).values() for right in control)
    made = roles(rights, namespace=namespace, name=name_for(cadences), monitoring=monitoring)
    if exec_too:
        made += roles(EXEC, namespace=namespace, name=f"{NAME}-exec")
    if helm_too:
        made += roles(HELM, namespace=namespace, name=f"{NAME}-helm")
    if stored is not None:
        kind, place, name = stored
        read = Right("get", f"{kind.lower()}s", names="stored")
        made += roles(
            [read], namespace=place, name=f"{NAME}-{kind.lower()}-{name}", names={"stored": (name,)}
        )
    subject = {"kind": "ServiceAccount", "name": service_account, "namespace": namespace}
    head = f"# What the {' and '.join(cadences)} controls must be allowed to do, and nothing else. Made by `upkeep rbac`; it only reads.\n"
    return head + str(
        yaml.safe_dump_all([account, *made, *bindings(made, subject=subject)], sort_keys=False)
    )
