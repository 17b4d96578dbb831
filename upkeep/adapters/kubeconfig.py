"""How the API server is reached: kubeconfig contexts and lists, exec plugins, or the cluster that we run in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.settings import TargetSettings

if TYPE_CHECKING:
    from kubernetes.client import Configuration

IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Access:
    """An identity at an API server, and the namespace that it means."""

    configuration: "Configuration"
    namespace: str
    context: str
    server: str


def load(target: TargetSettings, *, environ: Mapping[str, str]) -> Access:
    """The access of a target. No request is made, but an exec plugin runs.

    :raises BadInput: no cluster, an unreadable or malformed kubeconfig, an unknown context, a plugin that fails.
    """
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, incluster_config, kube_config

    configuration = Configuration()
    text = target.kubeconfig or environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    files = [path for path in text.split(os.pathsep) if path]
    there = [path for path in files if Path(path).expanduser().is_file()]
    if not there:
        if target.kubeconfig is None and target.context is None and "KUBERNETES_SERVICE_HOST" in environ:
            incluster_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the client has no types
            namespace = target.namespace or IN_CLUSTER_NAMESPACE.read_text(encoding="utf-8").strip()
            return Access(configuration, namespace, "in-cluster", str(configuration.host))
        raise BadInput(f"no cluster: there is no kubeconfig at {text}, and this is no pod; name one with --kubeconfig=FILE, or try --demo")
    contexts: dict[str, dict[str, Any]] = {}
    current = ""
    for path in there:
        document = _document(path)
        current = current or str(document.get("current-context") or "")
        for entry in document.get("contexts") or []:
            contexts.setdefault(str(entry["name"]), entry.get("context") or {})
    name = target.context or current
    if name not in contexts:
        what = (
            f"--context={target.context}: no such context{nearest(name, contexts)}"
            if target.context
            else f"current-context {name!r} does not exist"
        )
        raise BadInput(f"{what}; {text} has {', '.join(contexts) or 'none'}")
    try:
        kube_config.load_kube_config(text, context=name, client_configuration=configuration, persist_config=False)  # type: ignore[no-untyped-call]  # the client has no types
    except ConfigException as error:
        raise BadInput(f"kubeconfig {text}, context {name}: {str(error).splitlines()[0][:200]}") from None
    namespace = target.namespace or str(contexts[name].get("namespace") or "default")
    return Access(configuration, namespace, name, str(configuration.host))


def _document(path: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"kubeconfig {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadInput(f"kubeconfig {path}{f', line {mark.line + 1}' if mark else ''} is not YAML") from None
    if not isinstance(document, dict):
        raise BadInput(f"kubeconfig {path} holds no configuration")
    return document
