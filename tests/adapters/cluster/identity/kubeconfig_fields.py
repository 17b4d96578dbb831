"""The table: every field of the kubeconfig v1 reference, and what becomes of it."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import trustme

SECRET = "canary-token-17-of-a-field"
HERE, OTHER = trustme.CA(), trustme.CA()
PAIR = OTHER.issue_cert("client@example.org")
CERTIFICATE = PAIR.cert_chain_pems[0].bytes().decode()
KEY = PAIR.private_key_pem.bytes().decode()
ASKED = ("authorization", "impersonate-user")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Field:
    """What a field does.

    :ivar path: as the reference names it: ``AuthInfo.token``.
    :ivar cluster: what the cluster says; likewise ``user``, ``context``, ``top``.
    :ivar sent: headers that every request carries; ``refused``: words of the sentence instead.
    """

    path: str
    cluster: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)
    refused: str = ""


def plugin(**more: Any) -> dict[str, Any]:
    """An exec entry that prints a token; ``$SUFFIX`` stands behind it."""
    status = json.dumps(
        {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": f"{SECRET}SUFFIX"},
        }
    )
    script = f"""case "$KUBERNETES_EXEC_INFO" in *certificate-authority-data*) SUFFIX=-told;; esac
printf '%s' '{status}' | sed "s/SUFFIX/$SUFFIX$1/" """
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
        "command": "sh",
        "args": ["-c", script, "sh"],
    } | more


BEARER = {"authorization": [f"Bearer {SECRET}"]}
FIELDS = [
    # Config
    Field("Config.kind", top={"kind": "Pod"}, refused="must say apiVersion: v1 and kind: Config"),
    Field("Config.apiVersion", top={"apiVersion": "v2"}, refused="must say apiVersion: v1"),
    Field("Config.preferences", top={"preferences": {"colors": True}}),
    Field("Config.extensions", top={"extensions": [{"name": "x", "extension": {"a": 1}}]}),
    Field("Config.unknown", top={"later": {"when": "2026-13-45"}}),
    Field("Config.clusters", top={"clusters": {}}, refused="clusters must be a list"),
    Field("Config.users", top={"users": "x"}, refused="users must be a list"),
    Field("Config.contexts", top={"contexts": [7]}, refused="contexts must be a list"),
    Field("Config.current-context", top={"current-context": 7}, refused="must be a text"),
    # Cluster
    Field("Cluster.server", cluster={"server": None}, refused="there is no server"),
    Field("Cluster.server.scheme", cluster={"server": "ftp://x"}, refused="server is no URL"),
    Field("Cluster.server.port", cluster={"server": "https://x:99999"}, refused="is no URL"),
    Field("Cluster.server.type", cluster={"server": 5}, refused="server must be a text"),
    Field("Cluster.tls-server-name", cluster={"tls-server-name": "kubernetes.default"}),
    Field("Cluster.tls-server-name.type", cluster={"tls-server-name": 5}, refused="a text"),
    Field(
        "Cluster.insecure-skip-tls-verify",
        cluster={"insecure-skip-tls-verify": True, "certificate-authority-data": None},
    ),
    Field(
        "Cluster.insecure-skip-tls-verify.type",
        cluster={"insecure-skip-tls-verify": "true"},
        refused="insecure-skip-tls-verify must be true or false",
    ),
    Field(
        "Cluster.insecure-skip-tls-verify.contradiction",
        cluster={"insecure-skip-tls-verify": True},
        refused="contradict each other",
    ),
    Field(
        "Cluster.certificate-authority",
        cluster={"certificate-authority": "ca.pem", "certificate-authority-data": None},
    ),
    Field(
        "Cluster.certificate-authority.both",
        cluster={"certificate-authority": "ca.pem"},
        refused="are both given",
    ),
    Field(
        "Cluster.certificate-authority-data",
        cluster={"certificate-authority-data": b64("garbage")},
        refused="holds no certificate in PEM",
    ),
    Field(
        "Cluster.certificate-authority-data.base64",
        cluster={"certificate-authority-data": "%%%"},
        refused="is not base64",
    ),
    Field("Cluster.proxy-url", cluster={"proxy-url": "ftp://x:1"}, refused="socks5://HOST:PORT"),
    Field("Cluster.proxy-url.bare", cluster={"proxy-url": "proxy:3128"}, refused="is no proxy"),
    Field("Cluster.proxy-url.4", cluster={"proxy-url": "socks4://x:1"}, refused="is no proxy"),
    Field("Cluster.disable-compression", cluster={"disable-compression": True}),
    Field("Cluster.extensions", cluster={"extensions": [{"name": "x", "extension": {}}]}),
    # AuthInfo
    Field("AuthInfo.token", user={"token": SECRET}, sent=BEARER),
    Field("AuthInfo.token.type", user={"token": 12345}, refused="token must be a text"),
    Field("AuthInfo.token.line", user={"token": f"{SECRET}\nx"}, refused="holds a line end"),
    Field("AuthInfo.token.space", user={"token": f"{SECRET} x"}, refused="holds a space"),
    Field("AuthInfo.tokenFile", user={"token": "other", "tokenFile": "token"}, sent=BEARER),
    Field("AuthInfo.tokenFile.alone", user={"tokenFile": "token"}, sent=BEARER),
    Field("AuthInfo.tokenFile.lines", user={"tokenFile": "lines"}, refused="holds a line end"),
    Field("AuthInfo.tokenFile.gone", user={"token": SECRET, "tokenFile": "gone"}, sent=BEARER),
    Field("AuthInfo.tokenFile.none", user={"tokenFile": "gone"}, refused="does not exist"),
    Field("AuthInfo.tokenFile.fifo", user={"tokenFile": "fifo"}, refused="is no regular file"),
    Field(
        "AuthInfo.as",
        user={"token": SECRET, "as": "oncall"},
        sent=BEARER | {"impersonate-user": ["oncall"]},
    ),
    Field("AuthInfo.as.line", user={"token": SECRET, "as": "a\nb"}, refused="holds a line end"),
    Field(
        "AuthInfo.as-uid",
        user={"as": "oncall", "as-uid": "7"},
        sent={"impersonate-user": ["oncall"], "impersonate-uid": ["7"]},
    ),
    Field(
        "AuthInfo.as-groups",
        user={"as": "oncall", "as-groups": ["sre", "ops"]},
        sent={"impersonate-user": ["oncall"], "impersonate-group": ["sre", "ops"]},
    ),
    Field("AuthInfo.as-groups.alone", user={"as-groups": ["sre"]}, refused="need as"),
    Field("AuthInfo.as-groups.type", user={"as": "x", "as-groups": "sre"}, refused="list of texts"),
    Field(
        "AuthInfo.as-user-extra",
        user={"as": "oncall", "as-user-extra": {"example.org/Team": ["a", "b"]}},
        sent={
            "impersonate-user": ["oncall"],
            "impersonate-extra-example.org%2fteam": ["a", "b"],
        },
    ),
    Field(
        "AuthInfo.as-user-extra.type",
        user={"as": "x", "as-user-extra": {"k": "v"}},
        refused="a mapping of lists of texts",
    ),
    Field(
        "AuthInfo.username",
        user={"username": "ada", "password": "correct horse"},
        sent={"authorization": [f"Basic {b64('ada:correct horse')}"]},
    ),
    Field("AuthInfo.password", user={"password": "unused-alone"}),
    Field("AuthInfo.username.both", user={"username": "a", "token": SECRET}, refused="both given"),
    Field(
        "AuthInfo.client-certificate-data",
        user={"client-certificate-data": b64(CERTIFICATE), "client-key-data": b64(KEY)},
        sent={"certificate": True},
    ),
    Field(
        "AuthInfo.client-certificate",
        user={"client-certificate": "client.pem", "client-key": "key.pem", "token": SECRET},
        sent=BEARER | {"certificate": True},
    ),
    Field(
        "AuthInfo.client-key-data",
        user={"client-certificate-data": b64(CERTIFICATE), "client-key-data": b64("y")},
        refused="are no pair of PEM",
    ),
    Field("AuthInfo.client-key", user={"client-key": "key.pem"}, refused="no client-certificate"),
    Field(
        "AuthInfo.client-certificate.alone",
        user={"client-certificate": "client.pem"},
        refused="has no client-key",
    ),
    Field(
        "AuthInfo.client-certificate.both",
        user={"client-certificate": "client.pem", "client-certificate-data": b64(CERTIFICATE)},
        refused="are both given",
    ),
    Field(
        "AuthInfo.auth-provider",
        user={"auth-provider": {"name": "gcp", "config": {}}},
        refused="was removed from kubectl",
    ),
    Field(
        "AuthInfo.auth-provider.ended",
        user={
            "auth-provider": {
                "name": "oidc",
                "config": {"id-token": f"eyJhbGciOiJ4In0.{b64(json.dumps({'exp': 1}))}.x"},
            }
        },
        refused="has ended",
    ),
    Field("AuthInfo.extensions", user={"extensions": [{"name": "x", "extension": {}}]}),
    Field("AuthInfo.exec", user={"exec": plugin()}, sent=BEARER),
    Field("AuthInfo.exec.behind-token", user={"token": SECRET, "exec": plugin(args=[])}, sent=BEARER),
    Field("ExecConfig.command", user={"exec": plugin(command="")}, refused="no command"),
    Field("ExecConfig.command.relative", user={"exec": plugin(command="./gives")}, sent=BEARER),
    Field(
        "ExecConfig.args",
        user={"exec": plugin(args=[*plugin()["args"], "-a"])},
        sent={"authorization": [f"Bearer {SECRET}-a"]},
    ),
    Field(
        "ExecConfig.env",
        user={"exec": plugin(env=[{"name": "SUFFIX", "value": "-e"}])},
        sent={"authorization": [f"Bearer {SECRET}-e"]},
    ),
    Field("ExecConfig.env.type", user={"exec": plugin(env=["A=b"])}, refused="env must be a list"),
    Field("ExecConfig.apiVersion", user={"exec": plugin(apiVersion="v1")}, refused="apiVersion"),
    Field(
        "ExecConfig.installHint",
        user={"exec": plugin(command="no-such-plugin", installHint="brew install it")},
        refused="Install it. brew install it",
    ),
    Field("ExecConfig.provideClusterInfo", user={"exec": plugin(provideClusterInfo=True)}, sent={"authorization": [f"Bearer {SECRET}-told"]}),
    Field("ExecConfig.interactiveMode", user={"exec": plugin(interactiveMode=None)}, refused="Mode"),
    Field(
        "ExecConfig.interactiveMode.always",
        user={"exec": plugin(interactiveMode="Always")},
        refused="needs a terminal",
    ),
    Field(
        "ExecConfig.token.line",
        user={"exec": plugin(env=[{"name": "SUFFIX", "value": "\\\\nx"}])},
        refused="holds a line end",
    ),
    # Context
    Field("Context.cluster", context={"cluster": "x"}, refused="there is no cluster 'x'"),
    Field("Context.user", context={"user": ""}),
    Field("Context.user.unknown", context={"user": "x"}, refused="there is no user 'x'"),
    Field("Context.namespace", context={"namespace": "given"}),
    Field("Context.namespace.type", context={"namespace": 7}, refused="must be a text"),
    Field("Context.extensions", context={"extensions": []}),
]  # fmt: skip
