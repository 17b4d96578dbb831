"""Which API server is meant and as whom: kubeconfig contexts, or the pod that this runs in.

kubectl is the judge: the same file gives the same server, identity and proxy, or one sentence.
Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

from upkeep.adapters.cluster.identity.certificates import context_of, decoded
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.cluster.identity.kubeconfig_entries import Entry, merged
from upkeep.adapters.cluster.identity.users import basic, identity, impersonation, token_file
from upkeep.adapters.wire.proxies import hide_user, proxy_of, proxy_url
from upkeep.addressing import Address, addressed
from upkeep.errors import BadInput
from upkeep.limits import nearest
from upkeep.settings.targets import TargetSettings

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ANONYMOUS = "anonymous (the context names no user)"


@dataclass(frozen=True)
class Access:
    """An identity at an API server, and the namespace that it means.

    :ivar address: what kubectl must be told to go there, too.
    :ivar user: the user of the kubeconfig and whom it acts as, or the pod's service account.
    :ivar beside: the other contexts of the same cluster, with another user.
    """

    configuration: Configuration
    namespace: str
    context: str
    server: str
    address: Address = field(default_factory=Address)
    user: str = "the pod's service account"
    beside: tuple[str, ...] = ()


def load(target: TargetSettings, *, environ: Mapping[str, str], said: str | None = None) -> Access:
    """Return the access of a target. No request is made, but an exec plugin runs.

    :param said: how the user named the context; ``--context=NAME`` by default, empty where the caller says it.
    :raises BadInput: no cluster, a kubeconfig that cannot be used, a plugin that fails.
    """
    default = environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    text = target.kubeconfig or default
    files = [path for path in text.split(os.pathsep) if path]
    # Whether it may be opened is for the reading to say.
    there = [path for path in files if Path(path).expanduser().exists()]
    if not there:
        asked = target.kubeconfig is not None or target.context is not None
        if not asked and "KUBERNETES_SERVICE_HOST" in environ:
            return _in_cluster(target, environ)
        if target.kubeconfig is None and environ.get("KUBECONFIG"):
            raise BadInput(
                f"no cluster: the variable KUBECONFIG names {text}, and no such file exists; "
                "correct it, or name a kubeconfig with --kubeconfig=FILE"
            )
        if target.name and target.kubeconfig is not None:
            raise BadInput(
                f"no cluster: there is no kubeconfig at {text}; "
                f"correct the kubeconfig of target {target.name} in the settings, or make the file"
            )
        raise BadInput(
            f"no cluster: there is no kubeconfig at {text}, and this is no pod; "
            "name one with --kubeconfig=FILE, or try --demo"
        )
    found = merged(there)
    name = target.context or found.current
    if name not in found.contexts:
        if target.context:
            words = f"--context={target.context}" if said is None else said
            missing = f"no such context{nearest(name, list(found.contexts))}"
            what = f"{words}: {missing}" if words else missing
        else:
            what = f"current-context {name!r} does not exist"
        raise BadInput(f"{what}; {text} has {', '.join(found.contexts) or 'none'}")
    context = found.contexts[name]
    nobody = Entry({}, f"kubeconfig {text}, context {name}", context.folder)
    user, cluster = context.text("user"), context.text("cluster")
    for kind, wanted, known in (
        ("user", user, found.users),
        ("cluster", cluster, found.clusters),
    ):
        # A context without a user is anonymous, as behind `kubectl proxy`.
        if wanted not in known and (wanted or kind == "cluster"):
            raise BadInput(
                f"kubeconfig {text}, context {name}: there is no {kind} {wanted!r}; "
                f"there are {', '.join(known) or 'none'}"
            )
    who = found.users.get(user, nobody)
    acting = target.acting_context
    address = Address(
        context="" if name == found.current else name,
        kubeconfig="" if text == default else text,
        acting="" if acting == found.current else acting,
    )
    try:
        configuration = _configuration(found.clusters[cluster], who, environ)
    except BadInput as error:  # of an exec plugin, with the command that runs it
        raise BadInput(addressed(str(error), address)) from None
    acts_as = configuration.impersonation.user
    return Access(
        configuration,
        target.namespace or context.text("namespace") or "default",
        name,
        configuration.host,
        address,
        f"{user or ANONYMOUS}{f', acting as {acts_as}' if acts_as else ''}",
        tuple(
            other
            for other, one in found.contexts.items()
            if one.text("cluster") == cluster and one.text("user") not in ("", user)
        ),
    )


def _configuration(cluster: Entry, user: Entry, environ: Mapping[str, str]) -> Configuration:
    """Return how a cluster is asked as a user.

    :raises BadInput: one of the two cannot be used.
    """
    insecure = cluster.flag("insecure-skip-tls-verify")
    authority = _authority(cluster)
    if insecure and authority is not None:
        raise cluster.refused(
            "insecure-skip-tls-verify and a certificate-authority contradict each other. "
            "Remove insecure-skip-tls-verify"
        )
    parts = _server(cluster)
    shown = quote(parts.path, safe="/:@%~").rstrip("/")
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{shown}"
    proxy = (
        proxy_url(cluster.text("proxy-url"), where=f"{cluster.where}: proxy-url")
        if cluster.text("proxy-url")
        else proxy_of(host, environ)
    )
    who = identity(user, cluster, environ)
    tls = None
    if parts.scheme == "https":
        tls = context_of(cluster, user, authority=authority, certificate=who.certificate)
    authorization = who.authorization
    if parts.username and authorization is None:
        # Go's HTTP client sends what stands in the URL where there is nothing else.
        authorization = basic(unquote(parts.username), unquote(parts.password or ""))
    return Configuration(
        host,
        tls,
        cluster.text("tls-server-name"),
        proxy,
        authorization or (lambda: ""),
        impersonation(user),
    )


def _server(cluster: Entry) -> SplitResult:
    """Return the server's URL; ``host:port`` alone is plain HTTP, as kubectl takes it.

    :raises BadInput: there is none, or it is none.
    """
    server = cluster.text("server")
    if not server:
        raise cluster.refused("there is no server. Write server: https://HOST:PORT")
    if not server.isprintable():
        raise cluster.refused(
            "server holds a character that does not print. Write server: https://HOST:PORT"
        )
    try:
        parts = urlsplit(server if "://" in server else f"http://{server}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise cluster.refused("server is no URL. Write server: https://HOST:PORT")
    hide_user(parts)
    return parts


def _authority(cluster: Entry) -> str | None:
    """Return the certificates of the authorities; ``None`` for those of the system.

    :raises BadInput: both ways are used, or the file cannot be read.
    """
    if cluster.text("certificate-authority-data"):
        if cluster.text("certificate-authority"):
            raise cluster.refused(
                "certificate-authority and certificate-authority-data are both given. "
                "Remove one of them"
            )
        return decoded(cluster, "certificate-authority-data")
    if cluster.text("certificate-authority"):
        return cluster.file("certificate-authority")
    return None


def _in_cluster(target: TargetSettings, environ: Mapping[str, str]) -> Access:
    """Return the access of the pod's service account.

    Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/

    :raises BadInput: it is not mounted, or does not tell the namespace.
    """
    host, port = environ["KUBERNETES_SERVICE_HOST"], environ.get("KUBERNETES_SERVICE_PORT")
    where = "this is a pod without a usable service account"
    step = "Mount one, or give --kubeconfig=FILE"
    if not host or not port:
        raise BadInput(f"{where}: KUBERNETES_SERVICE_PORT is not set. {step}")
    named = f"[{host}]" if ":" in host else host
    mounted = Entry({"token": "token", "ca": "ca.crt"}, where, SERVICE_ACCOUNT)
    try:
        authority = mounted.file("ca")
        authorization = token_file(mounted, "token")
        authorization()
    except BadInput as error:
        raise BadInput(f"{error}. {step}") from None
    tls = context_of(mounted, mounted, authority=authority, certificate=None)
    configuration = Configuration(
        f"https://{named}:{port}",
        tls,
        proxy=proxy_of(f"https://{named}:{port}", environ),
        authorization=authorization,
    )
    namespace = target.namespace or _own_namespace()
    return Access(configuration, namespace, "in-cluster", configuration.host)


def _own_namespace() -> str:
    """Return the namespace of the pod that this runs in.

    :raises BadInput: its service account's volume, made by hand, does not tell.
    """
    file = SERVICE_ACCOUNT / "namespace"
    try:
        namespace = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        namespace = ""
    if not namespace:
        raise BadInput(
            f"this pod does not say its namespace: {file} is not there, or empty; "
            "give --namespace=NAME"
        )
    return namespace
