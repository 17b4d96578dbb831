"""Every field of the kubeconfig v1 reference: honoured, refused with a sentence, or harmless.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from tests.adapters.cluster.identity.tls_server import TlsServer, ask, proxy
from upkeep.adapters.cluster.identity.kubeconfig import Access, load
from upkeep.errors import BadInput, Unreachable
from upkeep.settings import TargetSettings

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


@pytest.fixture(scope="module")
def server() -> Any:
    with TlsServer("127.0.0.1", "kubernetes.default", client_authority=OTHER) as server:
        yield server


def document(server: TlsServer, case: Field) -> dict[str, Any]:
    cluster = {"server": server.url, "certificate-authority-data": b64(server.authority)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "prod",
        "clusters": [{"name": "c", "cluster": cluster | case.cluster}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"} | case.context}],
        "users": [{"name": "u", "user": case.user}],
    } | case.top


def written(folder: Path, server: TlsServer, body: dict[str, Any]) -> Path:
    """A kubeconfig, and the files that its relative paths name, in another folder than ours."""
    for name, text in (
        ("ca.pem", server.authority),
        ("client.pem", CERTIFICATE),
        ("key.pem", KEY),
        ("token", f"{SECRET}\n"),
        ("lines", f"{SECRET}\nsecond-line-17\n"),
        ("kubeconfig", yaml.safe_dump(body)),
        ("gives", '#!/bin/sh\nexec sh "$@"\n'),
    ):
        (folder / name).write_text(text)
    (folder / "gives").chmod(0o755)
    os.mkfifo(folder / "fifo")
    return folder / "kubeconfig"


def opened(file: Path, **environ: str) -> Access:
    found = {"PATH": os.environ["PATH"]} | environ
    return load(TargetSettings("", kubeconfig=str(file)), environ=found)


@pytest.mark.parametrize("case", FIELDS, ids=lambda case: case.path)
def test_each_field_is_honoured_refused_or_harmless(
    case: Field, server: TlsServer, tmp_path: Path
) -> None:
    file = written(tmp_path, server, document(server, case))
    if case.refused:
        with pytest.raises(BadInput) as caught:
            opened(file)
        said = str(caught.value)
        assert case.refused in said
        assert SECRET not in said
        assert "second-line" not in said
        return
    server.asked.clear()
    ask(opened(file))
    sent = server.asked[0]
    assert {name: sent.get(name) for name in case.sent} == case.sent
    assert all(name in case.sent or name not in sent for name in ASKED)


def test_the_table_is_of_the_whole_reference() -> None:
    """A field that the reference gains is not one that nobody decided."""
    from upkeep.adapters.cluster.identity import kubeconfig_entries as entries

    decided = {case.path.split(".")[1] for case in FIELDS}
    known = {*entries.CLUSTER, *entries.USER, *entries.CONTEXT, *entries.EXEC, "env", "extensions"}
    assert known <= decided


@pytest.mark.parametrize(
    ("given", "user", "server_name"),
    [("prefix", {"token": SECRET}, ""), ("name", {}, "elsewhere")],
)
def test_a_server_is_asked_as_it_is_written(
    given: str, user: dict[str, Any], server_name: str, server: TlsServer, tmp_path: Path
) -> None:
    """Behind a path; with a certificate of another name, which is refused."""
    address = {
        "prefix": f"{server.url}/k8s/clusters/c-1/",
        "name": server.url,
    }[given]
    case = Field("", cluster={"server": address, "tls-server-name": server_name}, user=user)
    found = opened(written(tmp_path, server, document(server, case)))
    server.asked.clear()
    if server_name:
        with pytest.raises(Unreachable, match=r"TLS: .*Hostname mismatch"):
            ask(found)
        return
    ask(found)
    assert server.asked[0]["path"] == ("/k8s/clusters/c-1/api" if given == "prefix" else "/api")


def test_a_server_without_a_scheme_is_plain_http(server: TlsServer, tmp_path: Path) -> None:
    """As kubectl takes it, whatever authority stands beside it."""
    case = Field("", cluster={"server": "api.example.org:8080"})
    found = opened(written(tmp_path, server, document(server, case)))
    assert found.server == "http://api.example.org:8080"


def test_credentials_of_the_servers_url_are_sent_and_not_shown(
    server: TlsServer, tmp_path: Path
) -> None:
    address = server.url.replace("//", "//ada:correct-horse@")
    found = opened(
        written(tmp_path, server, document(server, Field("", cluster={"server": address})))
    )
    server.asked.clear()
    ask(found)
    assert server.asked[0]["authorization"] == [f"Basic {b64('ada:correct-horse')}"]
    assert "horse" not in repr(found) + found.server


@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_a_proxy_is_asked_for_the_servers_name(
    kind: str, server: TlsServer, tmp_path: Path
) -> None:
    """The name is the proxy's to resolve: kubernetes.default is none of this machine's."""
    with proxy(kind) as (port, targets):
        cluster = {
            "server": f"https://kubernetes.default:{server.port}",
            "proxy-url": f"{kind}://{'ada:proxy-horse@' if kind == 'http' else ''}127.0.0.1:{port}",
        }
        found = opened(written(tmp_path, server, document(server, Field("", cluster=cluster))))
        ask(found)
    assert targets[-1] == f"kubernetes.default:{server.port}"
    assert (kind == "http") == any("Basic" in line for line in targets)
    assert "horse" not in repr(found)


Row = tuple[dict[str, str], str, bool]
PROXIES: dict[str, Row] = {
    "host and port": ({"HTTPS_PROXY": "127.0.0.1:PORT"}, "kubernetes.default", True),
    "a URL": ({"https_proxy": "http://127.0.0.1:PORT"}, "kubernetes.default", True),
    "upper case first": (
        {"HTTPS_PROXY": "127.0.0.1:PORT", "https_proxy": "http://127.0.0.1:1"},
        "kubernetes.default",
        True,
    ),
    "loopback is never proxied": ({"HTTPS_PROXY": "http://127.0.0.1:1"}, "127.0.0.1", False),
    "the other scheme": ({"HTTP_PROXY": "http://127.0.0.1:1"}, "127.0.0.1", False),
    "all is not read": ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "127.0.0.1", False),
}


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_of_the_environment_is_gos(name: str, server: TlsServer, tmp_path: Path) -> None:
    variables, host, used = PROXIES[name]
    with proxy("http") as (port, targets):
        environ = {key: value.replace("PORT", str(port)) for key, value in variables.items()}
        case = Field("", cluster={"server": f"https://{host}:{server.port}"})
        ask(opened(written(tmp_path, server, document(server, case)), **environ))
    assert bool(targets) == used


@pytest.mark.parametrize(
    ("excepted", "proxied"),
    [
        ("", True), ("*", False), ("api.example.org", False), (".example.org", False),
        ("example.org", False), ("ample.org", True), ("api.example.org:6443", False),
        ("api.example.org:1", True), ("10.0.0.0/8", True), ("x, API.example.org", False),
    ],
)  # fmt: skip
def test_no_proxy_is_gos(excepted: str, proxied: bool) -> None:
    from upkeep.adapters.cluster.identity.connection import proxy_of

    environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": excepted}
    assert bool(proxy_of("https://api.example.org:6443", environ)) == proxied
    assert proxy_of("https://10.1.2.3", environ | {"NO_PROXY": "10.0.0.0/8"}) == ""


@pytest.mark.parametrize("value", ["ftp://p:1", "http://", "http://p:99999", "://x"])
def test_a_variable_that_is_no_proxy_is_one_sentence(value: str) -> None:
    from upkeep.adapters.cluster.identity.connection import proxy_of

    with pytest.raises(BadInput, match=r"^HTTPS_PROXY is no proxy that can be used"):
        proxy_of("https://api.example.org", {"HTTPS_PROXY": value})


BAD: dict[str, Callable[[], str]] = {
    "900 levels": lambda: "x: " + "[" * 900 + "]" * 900,
    "a number of 5,000 digits": lambda: "x: " + "9" * 5000,
    "aliases": lambda: (
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_kubeconfig_that_is_too_clever_is_one_sentence(name: str, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(f"apiVersion: v1\nkind: Config\n{BAD[name]()}")
    with pytest.raises(BadInput, match=r"^kubeconfig "):
        opened(file)
