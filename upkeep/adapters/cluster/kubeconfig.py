"""How the API server is reached: kubeconfig contexts and lists, exec plugins, or the cluster that we run in."""

import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from upkeep.addressing import Address
from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.masking import mask
from upkeep.settings import TargetSettings

if TYPE_CHECKING:
    from kubernetes.client import Configuration

IN_CLUSTER_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


_FILE = "(file)"
# A plugin fetches a token within seconds, unless it waits for somebody who is not there.
PLUGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Access:
    """An identity at an API server, and the namespace that it means.

    :ivar address: what kubectl must be told to go there, too.
    :ivar user: as which user of the kubeconfig, or that it is the pod's service account.
    :ivar beside: the other contexts of the same cluster, with another user.
    """

    configuration: "Configuration"
    namespace: str
    context: str
    server: str
    address: Address = field(default_factory=Address)
    user: str = "the pod's service account"
    beside: tuple[str, ...] = ()


def load(target: TargetSettings, *, environ: Mapping[str, str]) -> Access:
    """The access of a target. No request is made, but an exec plugin runs.

    :raises BadInput: no cluster, an unreadable or malformed kubeconfig, an unknown context, a plugin that fails.
    """
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, incluster_config, kube_config

    configuration = Configuration()
    default = environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    text = target.kubeconfig or default
    files = [path for path in text.split(os.pathsep) if path]
    there = [path for path in files if Path(path).expanduser().is_file()]
    if not there:
        if (
            target.kubeconfig is None
            and target.context is None
            and "KUBERNETES_SERVICE_HOST" in environ
        ):
            try:
                incluster_config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the client has no types
            except ConfigException as error:
                raise BadInput(
                    f"this is a pod without a usable service account: {error}; mount one, or give --kubeconfig=FILE"
                ) from None
            namespace = target.namespace or _own_namespace()
            return Access(configuration, namespace, "in-cluster", str(configuration.host))
        if target.kubeconfig is None and environ.get("KUBECONFIG"):
            raise BadInput(
                f"no cluster: the variable KUBECONFIG names {text}, and no such file exists; "
                "correct it, or name a kubeconfig with --kubeconfig=FILE"
            )
        raise BadInput(
            f"no cluster: there is no kubeconfig at {text}, and this is no pod; name one with --kubeconfig=FILE, or try --demo"
        )
    contexts: dict[str, dict[str, Any]] = {}
    users: dict[str, dict[str, Any]] = {}
    clusters: dict[str, dict[str, Any]] = {}
    current = ""
    for path in there:
        document = _document(path)
        current = current or str(document.get("current-context") or "")
        for kind, found in (("context", contexts), ("user", users), ("cluster", clusters)):
            for name, entry in _entries(document, kind, path):
                found.setdefault(name, entry)
    name = target.context or current
    if name not in contexts:
        what = (
            f"--context={target.context}: no such context{nearest(name, contexts)}"
            if target.context
            else f"current-context {name!r} does not exist"
        )
        raise BadInput(f"{what}; {text} has {', '.join(contexts) or 'none'}")
    user, cluster = (str(contexts[name].get(kind) or "") for kind in ("user", "cluster"))
    for kind, wanted, known in (("user", user, users), ("cluster", cluster, clusters)):
        if wanted not in known:  # without a user the loader would go on, as nobody
            raise BadInput(
                f"kubeconfig {text}, context {name}: there is no {kind} {wanted!r}; there are {', '.join(known) or 'none'}"
            )
    _require_files(users.get(user, {}), clusters.get(cluster, {}), context=name)
    said = _Said()
    logging.getLogger().addHandler(
        said
    )  # the loader only logs that an exec plugin failed, and goes on without credentials
    plugin = users[user].get("exec")

    def read() -> None:
        kube_config.load_kube_config(
            text, context=name, client_configuration=configuration, persist_config=False
        )  # type: ignore[no-untyped-call]  # the client has no types

    try:
        if isinstance(plugin, dict) and not sys.stdout.isatty():
            if not _ends(read, within_seconds=PLUGIN_SECONDS):
                raise BadInput(
                    f"kubeconfig {text}, user {user}: the exec plugin {plugin.get('command')} had not answered after {PLUGIN_SECONDS:g} s, and there "
                    "is no terminal to ask at; log in first, or give a kubeconfig with a token"
                )
        else:
            read()
    except ConfigException as error:
        raise BadInput(
            f"kubeconfig {text}, context {name}: {_without_values(str(error))}"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        # What it says may hold values of the file.
        raise BadInput(
            f"kubeconfig {text}, context {name}: its user {user!r} or cluster {cluster!r} cannot be used ({type(error).__name__})"
        ) from None
    finally:
        logging.getLogger().removeHandler(said)
    if (
        isinstance(plugin, dict)
        and not configuration.auth_settings()
        and not configuration.cert_file
    ):
        why = f": {mask(said.last)[:200]}" if said.last else ""
        raise BadInput(
            f"kubeconfig {text}, user {user}: the exec plugin {plugin.get('command')} gave no credentials{why}; run it by hand, or log in again"
        )
    namespace = target.namespace or str(contexts[name].get("namespace") or "default")
    acting = target.acting_context
    address = Address(
        context="" if name == current else name,
        kubeconfig="" if text == default else text,
        acting="" if acting == current else acting,
    )
    beside = tuple(
        other
        for other, one in contexts.items()
        if one.get("cluster") == cluster and one.get("user") not in (None, user)
    )
    return Access(configuration, namespace, name, str(configuration.host), address, user, beside)


def _ends(call: Callable[[], None], *, within_seconds: float) -> bool:
    """Whether a call ends in time; what it raises is raised here. One that does not is left behind, and does not keep the run from ending."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - handed on, to where it is waited for
            raised.append(error)

    thread = threading.Thread(target=run, name="upkeep-exec-plugin", daemon=True)
    thread.start()
    thread.join(within_seconds)
    if raised:
        raise raised[0]
    return not thread.is_alive()


def _own_namespace() -> str:
    """The namespace of the pod that we run in.

    :raises BadInput: its service account's volume, made by hand, does not tell.
    """
    try:
        namespace = IN_CLUSTER_NAMESPACE.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        namespace = ""
    if not namespace:
        raise BadInput(
            f"this pod does not say its namespace: {IN_CLUSTER_NAMESPACE} is not there, or empty; give --namespace=NAME"
        )
    return namespace


class _Said(logging.Handler):
    """Keeps the last thing that was logged."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = " ".join(record.getMessage().split())


def _entries(
    document: dict[str, Any], kind: str, path: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The named contexts, users or clusters of a file, each with the file that paths in it are relative to.

    :raises BadInput: they are no list of named mappings.
    """
    entries = document.get(f"{kind}s") or []
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        raise BadInput(f"kubeconfig {path}: {kind}s must be a list of entries with a name each")
    for entry in entries:
        value = entry.get(kind)
        if value is not None and not isinstance(value, dict):
            raise BadInput(f"kubeconfig {path}: {kind} {entry['name']} must be a mapping")
        yield entry["name"], {**(value or {}), _FILE: path}


def _require_files(user: dict[str, Any], cluster: dict[str, Any], *, context: str) -> None:
    """The loader finds a missing file late, or never.

    :raises BadInput: a file that the context names cannot be read.
    """
    for entry, keys in (
        (user, ("client-certificate", "client-key", "tokenFile")),
        (cluster, ("certificate-authority",)),
    ):
        for key in keys:
            if (
                entry.get(key)
                and not entry.get(f"{key}-data")
                and not (key == "tokenFile" and entry.get("token"))
            ):
                file = Path(entry[_FILE]).expanduser().parent / Path(str(entry[key])).expanduser()
                if not os.access(file, os.R_OK):
                    state = "cannot be read" if file.exists() else "does not exist"
                    raise BadInput(
                        f"kubeconfig {entry[_FILE]}, context {context}: {key} {file} {state}"
                    )


def _without_values(message: str) -> str:
    """What the loader complains about, without the part of the file that it quotes."""
    expected = re.search(r"Expected (?:key|object with name) (\S+)", message)
    return (
        f"{expected[1]} is missing, or empty"
        if expected
        else mask(message.splitlines()[0].partition("{")[0])[:200]
    )


def _document(path: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"kubeconfig {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadInput(
            f"kubeconfig {path}{f', line {mark.line + 1}' if mark else ''} is not YAML"
        ) from None
    if not isinstance(document, dict):
        raise BadInput(f"kubeconfig {path} holds no configuration")
    return document
