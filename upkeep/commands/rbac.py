"""``upkeep rbac``: print the Roles that the chosen cadences need, as YAML for kubectl apply.

The command is offline. Each choice of cadences, option and service account has Roles of its own name,
so a later apply removes no right. List all of them for a removal with:
kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -l app.kubernetes.io/name=upkeep
Exit codes: 0 printed; 4 bad input.
"""

import argparse
import re
from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from upkeep.commands.roles import NAME, USUAL_NAMES, bindings, name_for, roles
from upkeep.commands.suite import declared
from upkeep.errors import BadInput
from upkeep.model import CADENCES
from upkeep.records.rights import EXEC, HELM, IDENTITY, Right
from upkeep.settings.access import stored_object

KINDS = ("configmap", "secret")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--cadence", action="append", choices=CADENCES, help="cadence (repeatable; default: daily)"
    )
    parser.add_argument(
        "--namespace", default="monitoring", help="namespace of the collector (default: monitoring)"
    )
    parser.add_argument(
        "--monitoring-namespace",
        default="monitoring",
        help="namespace of Prometheus and Alertmanager (default: monitoring; empty: no Role for them)",
    )
    parser.add_argument(
        "--alertmanager-config",
        metavar="KIND/NS/NAME",
        help="add a Role to read Alertmanager's configuration, with the keys of every receiver",
    )
    for option, kind in (("--configmap", "ConfigMap"), ("--secret", "Secret")):
        parser.add_argument(
            option,
            action="append",
            default=[],
            metavar="NAME",
            help=f"add a Role to read this {kind} of the collector (repeatable)",
        )
    parser.add_argument(
        "--service",
        action="append",
        default=[],
        metavar="[NAMESPACE/]NAME:PORT",
        help="add a Role to ask this Service of Prometheus or Alertmanager (repeatable;"
        " default of NAMESPACE: --monitoring-namespace)",
    )
    parser.add_argument(
        "--exec",
        action="store_true",
        help="add a Role for df and netstat; exec allows any command in the namespace's containers",
    )
    parser.add_argument(
        "--helm",
        action="store_true",
        help="add a Role to read Helm's releases; it allows reading every Secret of the namespace",
    )
    subject = parser.add_mutually_exclusive_group()
    subject.add_argument(
        "--service-account",
        default=NAME,
        help=f"service account of the RoleBindings, in the collector's namespace (default: {NAME})",
    )
    subject.add_argument(
        "--user",
        default="",
        metavar="NAME",
        help="user of the RoleBindings instead, as kubectl auth whoami names it",
    )


def run(options: argparse.Namespace) -> int:
    """Print the Roles, their bindings and the service account."""
    cadences = options.cadence or ["daily"]
    stored = stored_object(options.alertmanager_config, "--alertmanager-config")
    monitoring = options.monitoring_namespace
    if stored is not None and stored[1] != monitoring:
        raise BadInput(
            f"--alertmanager-config is in namespace {stored[1]}, Alertmanager in {monitoring}."
            f" Add --monitoring-namespace={stored[1]}."
        )
    named = [(kind, options.namespace, name) for kind in KINDS for name in getattr(options, kind)]
    named += [_service(text, monitoring or options.namespace) for text in options.service]
    names = options.namespace, monitoring, options.service_account
    print(
        document(
            cadences, *names, user=options.user, exec_too=options.exec, helm_too=options.helm,
            named=[*named, *([] if stored is None else [(stored[0].lower(), *stored[1:])])],
        ),
        end="",
    )  # fmt: skip
    return 0


def _service(text: str, monitoring: str) -> tuple[str, str, str]:
    """Return the word ``service``, the namespace, and ``NAME:PORT``.

    :raises BadInput: no name or no port.
    """
    namespace, _, name = text.rpartition("/")
    if not re.fullmatch(r"[a-z0-9-]+:[a-z0-9-]+", name):
        raise BadInput(f"--service={text}: expected [NAMESPACE/]NAME:PORT, for instance prom:9090.")
    return "service", namespace or monitoring, name


def document(
    cadences: Sequence[str],
    namespace: str,
    monitoring: str,
    service_account: str,
    *,
    user: str = "",
    exec_too: bool = False,
    helm_too: bool = False,
    named: Sequence[tuple[str, str, str]] = (),
    names: Mapping[str, tuple[str, ...]] = USUAL_NAMES,
    beside: Collection[str] = (),
) -> str:
    """Return the YAML documents.

    :param monitoring: the namespace of Prometheus and Alertmanager; empty where the cluster has none,
        and a Role for it could not be applied.
    :param user: bind the Roles to this user, and make no service account.
    :param exec_too: add a Role for exec.
    :param helm_too: add a Role for Helm's releases.
    :param named: add a Role for each of these objects: ``configmap``, ``secret`` or ``service``, then
        namespace and name.
    :param names: the object names of each word of ``Right.names``.
    :param beside: the words of programs that run in the collector's namespace.
    """
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
    rights[IDENTITY] = None
    placed = [replace(one, scope="namespace") if one.names in beside else one for one in rights]
    placed = [one for one in placed if monitoring or one.scope != "monitoring"]
    made = roles(
        placed, namespace=namespace, name=name_for(cadences), names=names, monitoring=monitoring
    )
    if exec_too:
        made += roles(EXEC, namespace=namespace, name=f"{NAME}-exec")
    if helm_too:
        made += roles(HELM, namespace=namespace, name=f"{NAME}-helm")
    for kind, place, name in dict.fromkeys(named):
        read = Right("get", "services/proxy" if kind == "service" else f"{kind}s", names="named")
        role = f"{NAME}-{kind}-{name.replace(':', '-')}"
        made += roles([read], namespace=place, name=role, names={"named": (name,)})
    subject = {"kind": "ServiceAccount", "name": service_account, "namespace": namespace}
    if user:
        subject = {"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}
    head = f"# What the {' and '.join(cadences)} controls must be allowed to do, and nothing else. Made by `upkeep rbac`; it only reads.\n"
    return head + str(
        yaml.safe_dump_all(
            [*([] if user else [account]), *made, *bindings(made, subject=subject)],
            sort_keys=False,
        )
    )
