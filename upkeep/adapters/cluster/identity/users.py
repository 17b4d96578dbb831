"""The user of a kubeconfig: how it proves who it is, and whom it acts as.

Every credential is checked before it is used: one that no header may hold would come back in an
exception of a library, whole. Source: https://pkg.go.dev/k8s.io/client-go/tools/clientcmd/api
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from upkeep.adapters.cluster.identity import exec_plugin
from upkeep.adapters.cluster.identity.certificates import Certificate, client_certificate
from upkeep.adapters.cluster.identity.connection import TOKEN_SECONDS, Impersonation
from upkeep.adapters.cluster.identity.kubeconfig_entries import EXEC, Entry, checked
from upkeep.clock import Clock
from upkeep.errors import BadInput
from upkeep.masking import hide

# What a header may hold (RFC 9110, 5.5), and of it what a token may (RFC 6750, 2.1: no space).
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HEADER = re.compile(r"[\x20-\x7e\x80-\U0010ffff]*")
_CLOCK = Clock()
# A credential is renewed before it ends: requests take time.
_EARLY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Identity:
    """The credentials of a user; none for an anonymous one."""

    authorization: Callable[[], str] | None = field(default=None, repr=False)
    certificate: Certificate | None = field(default=None, repr=False)


def identity(user: Entry, cluster: Entry, environ: Mapping[str, str]) -> Identity:
    """Return the credentials of a user. A plugin runs where nothing comes before it, as in kubectl.

    :raises BadInput: they cannot be used, or contradict each other.
    """
    certificate = client_certificate(user)
    tokens = bool(user.text("token") or user.text("tokenFile"))
    if tokens and user.text("username"):
        raise user.refused("a token and a username are both given. Remove one of them")
    if user.fields.get("exec") and user.fields.get("auth-provider"):
        raise user.refused("exec and auth-provider are both given. Remove auth-provider")
    if user.text("tokenFile"):
        return Identity(token_file(user, "tokenFile", otherwise=user.text("token")), certificate)
    if user.text("token"):
        value = bearer(user.text("token"), where=f"{user.where}: token")
        return Identity(lambda: value, certificate)
    if user.text("username"):
        return Identity(basic(user.text("username"), user.text("password")), certificate)
    if user.fields.get("exec"):
        return _plugged(_plugin(user, cluster), environ, certificate)
    if user.fields.get("auth-provider"):
        return Identity(_provided(user), certificate)
    return Identity(None, certificate)


def impersonation(user: Entry) -> Impersonation:
    """Return whom a user acts as.

    :raises BadInput: groups, a uid or extra without a user, or what no header may hold.
    """
    name, uid = user.text("as"), user.text("as-uid")
    groups = tuple(user.fields.get("as-groups") or ())
    extra = user.fields.get("as-user-extra") or {}
    if not name and (uid or groups or extra):
        raise user.refused("as-uid, as-groups and as-user-extra need as. Add as: USER")
    pairs = tuple((str(key), tuple(values)) for key, values in sorted(extra.items()))
    texts = [name, uid, *groups, *(value for _, values in pairs for value in values)]
    if not all(_HEADER.fullmatch(text) for text in texts):
        raise user.refused("as… holds a line end or another control character. Write it in a line")
    return Impersonation(name, uid, groups, pairs)


def bearer(token: str, *, where: str) -> str:
    """Return the header's value for a token.

    :raises BadInput: it is empty, or holds a line end, a space or another character that none may.
    """
    hide(token)
    if not token:
        raise BadInput(f"{where} is empty. Log in again")
    if not _TOKEN.fullmatch(token):
        what = "a line end" if "\n" in token or "\r" in token else "a space or a control character"
        raise BadInput(f"{where} holds {what}. Write the token in one line, without spaces")
    return f"Bearer {token}"


def basic(name: str, password: str) -> Callable[[], str]:
    """Return what gives the header's value for a name and a password."""
    value = base64.b64encode(f"{name}:{password}".encode()).decode()
    hide(password, value)
    return lambda: f"Basic {value}"


def token_file(entry: Entry, key: str, *, otherwise: str = "") -> Callable[[], str]:
    """Return what gives the header's value for the token in a file, read again when it is old.

    :param otherwise: the token that counts while the file cannot be read.
    :raises BadInput: from the call, where it cannot be read or holds no token.
    """
    kept, read_at = "", 0.0

    def value() -> str:
        nonlocal kept, read_at
        if kept and _CLOCK.monotonic() - read_at < TOKEN_SECONDS:
            return kept
        try:
            token = entry.file(key).strip()
        except BadInput:
            if not otherwise:
                raise
            token = otherwise
        kept = bearer(token, where=f"{entry.where}: {key} {entry.folder / entry.text(key)}")
        read_at = _CLOCK.monotonic()
        return kept

    if not otherwise:
        value()  # A file that is not there is the user's mistake, told before the run.
    return value


def _plugin(user: Entry, cluster: Entry) -> exec_plugin.Plugin:
    """Return the plugin of a user.

    :raises BadInput: its entry cannot be used.
    """
    where = f"{user.where}, exec"
    entry = Entry(checked(user.fields["exec"], EXEC, where=where), where, user.folder)
    command, version = entry.text("command"), entry.text("apiVersion")
    if not command:
        raise entry.refused("there is no command")
    if version not in exec_plugin.VERSIONS:
        raise entry.refused(f"apiVersion must be {' or '.join(exec_plugin.VERSIONS)}")
    mode = entry.text("interactiveMode")
    if not mode and version.endswith("v1beta1"):
        mode = "IfAvailable"
    if mode not in exec_plugin.MODES:
        raise entry.refused(f"interactiveMode must be {', '.join(exec_plugin.MODES)}")
    variables = entry.fields.get("env") or []
    pair = {"name": "text", "value": "text"}
    if not isinstance(variables, list) or not all(isinstance(one, dict) for one in variables):
        raise entry.refused("env must be a list of names and values")
    named = [checked(one, pair, where=f"{where}, env") for one in variables]
    return exec_plugin.Plugin(
        user.where,
        exec_plugin.command_of(command, folder=user.folder),
        tuple(entry.fields.get("args") or ()),
        tuple((str(one.get("name") or ""), str(one.get("value") or "")) for one in named),
        version,
        mode,
        entry.text("installHint"),
        _told(cluster) if entry.flag("provideClusterInfo") else None,
    )


def _told(cluster: Entry) -> dict[str, object]:
    """Return the cluster information for a plugin: the authority as data, and its own config."""
    told: dict[str, object] = {
        key: cluster.fields[key]
        for key in ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
        if cluster.fields.get(key)
    }
    authority = cluster.text("certificate-authority-data")
    if cluster.text("certificate-authority"):
        authority = base64.b64encode(cluster.file("certificate-authority").encode()).decode()
    if authority:
        told["certificate-authority-data"] = authority
    for one in cluster.fields.get("extensions") or []:
        if isinstance(one, dict) and one.get("name") == "client.authentication.k8s.io/exec":
            told["config"] = one.get("extension")
    return told


def _plugged(
    plugin: exec_plugin.Plugin, environ: Mapping[str, str], certificate: Certificate | None
) -> Identity:
    """Return the credentials of a plugin, which is asked again when its token ends."""
    kept = plugin.run(environ)
    own = (kept.certificate, kept.key) if kept.certificate and kept.key else certificate

    def value() -> str:
        nonlocal kept
        if kept.expires is not None and _CLOCK.now() >= kept.expires - _EARLY:
            kept = plugin.run(environ)
        if not kept.token:
            return ""
        return bearer(kept.token, where=f"{plugin.where}: the token of {plugin.command}")

    value()
    return Identity(value, own)


def _provided(user: Entry) -> Callable[[], str]:
    """Return the identity token of an OIDC provider; kubectl removed every other one.

    :raises BadInput: another provider, or its token has ended.
    """
    provider = user.fields["auth-provider"]
    settings = provider.get("config")
    if provider.get("name") != "oidc" or not isinstance(settings, dict):
        raise user.refused("this auth-provider was removed from kubectl. Use its exec plugin")
    token = str(settings.get("id-token") or "")
    value = bearer(token, where=f"{user.where}: auth-provider, id-token")
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        ends = datetime.fromtimestamp(claims["exp"], tz=_CLOCK.now().tzinfo)
    except (IndexError, ValueError, KeyError, TypeError, OverflowError):
        raise user.refused("auth-provider: id-token is no JSON Web Token that ends") from None
    if _CLOCK.now() >= ends:
        # kubectl renews it and writes the file; here nothing is written.
        raise user.refused("the id-token of the auth-provider has ended. Run kubectl get pods once")
    return lambda: value
