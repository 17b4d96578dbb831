"""Every field of the kubeconfig v1 reference: honoured, refused with a sentence, or harmless.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters.cluster.identity.kubeconfig_fields import (
    ASKED,
    CERTIFICATE,
    FIELDS,
    KEY,
    OTHER,
    SECRET,
    Field,
    b64,
)
from tests.adapters.cluster.identity.tls_server import TlsServer, ask, proxy
from upkeep.adapters.cluster.identity.kubeconfig import Access, load
from upkeep.errors import BadInput, Unreachable
from upkeep.settings.targets import TargetSettings


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
    from upkeep.adapters.wire.proxies import proxy_of

    environ = {"HTTPS_PROXY": "http://p:1", "NO_PROXY": excepted}
    assert bool(proxy_of("https://api.example.org:6443", environ)) == proxied
    assert proxy_of("https://10.1.2.3", environ | {"NO_PROXY": "10.0.0.0/8"}) == ""


@pytest.mark.parametrize("value", ["ftp://p:1", "http://", "http://p:99999", "://x"])
def test_a_variable_that_is_no_proxy_is_one_sentence(value: str) -> None:
    from upkeep.adapters.wire.proxies import proxy_of

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
