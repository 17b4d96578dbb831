"""kubectl is the judge: the same kubeconfig gives the same identity, rights and objects, or neither works."""

import base64
import copy
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters.cluster.identity.tls_server import kube, proxy
from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.programs import program
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.adapters.cluster.kube import Kube
from upkeep.errors import BadInput, Unmeasured
from upkeep.settings.targets import TargetSettings

Change = Callable[["Case"], None]
LIST = "/api/v1/namespaces/default/configmaps"
ALLOWED = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ASKED = {"namespace": "default", "verb": "list", "resource": "configmaps"}


class Case:
    """A kubeconfig on the way to be changed; ``environ`` is what both programs see beside it."""

    def __init__(self, plane: ControlPlane, folder: Path, proxies: Mapping[str, int]) -> None:
        self.plane, self.folder, self.proxies = plane, folder, proxies
        self.document: dict[str, Any] = yaml.safe_load(plane.kubeconfig("admin").read_text())
        self.environ: dict[str, str] = {}
        self.files = [folder / "kubeconfig"]

    @property
    def cluster(self) -> dict[str, Any]:
        return self.document["clusters"][0]["cluster"]

    @property
    def user(self) -> dict[str, Any]:
        return self.document["users"][0]["user"]

    @property
    def context(self) -> dict[str, Any]:
        return self.document["contexts"][0]["context"]

    def authority(self) -> str:
        return (self.plane.folder / "apiserver.crt").read_text()

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o700)
        return name


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _set(part: str, **fields: Any) -> Change:
    """Set fields of the cluster, user or context; ``_`` stands for a hyphen, ``None`` removes."""

    def change(case: Case) -> None:
        for key, value in fields.items():
            getattr(case, part)[key.replace("_", "-")] = value

    return change


def _as_data(case: Case) -> None:
    case.cluster.pop("certificate-authority")
    case.cluster["certificate-authority-data"] = b64(case.authority())


def _relative(case: Case) -> None:
    case.cluster["certificate-authority"] = case.write("ca.pem", case.authority())


def _no_scheme(case: Case) -> None:
    case.cluster["server"] = case.plane.url.removeprefix("https://")


def _insecure(case: Case) -> None:
    case.cluster.pop("certificate-authority")
    case.cluster["insecure-skip-tls-verify"] = True


def _token_file(case: Case) -> None:
    token = case.plane.tokens["oncall"]
    case.user["tokenFile"] = case.write("token", f"{token}\n")


def _missing_token_file(case: Case) -> None:
    case.user["tokenFile"] = "gone"


def _plugin(token: str, **more: Any) -> Change:
    def change(case: Case) -> None:
        status = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": {"token": token if "\n" in token else case.plane.tokens[token]},
        }
        case.write("plugin", f"#!/bin/sh\ncat <<'END'\n{json.dumps(status)}\nEND\n")
        case.user.pop("token", None)
        case.user["exec"] = {
            "apiVersion": "client.authentication.k8s.io/v1",
            "interactiveMode": "Never",
            "command": "./plugin",
        } | more

    return change


def _both(*changes: Change) -> Change:
    def change(case: Case) -> None:
        for one in changes:
            one(case)

    return change


def _proxied(kind: str) -> Change:
    """The server's name is one that only the proxy knows; the certificate has it."""

    def change(case: Case) -> None:
        port = case.plane.url.rpartition(":")[2]
        case.cluster["server"] = f"https://kubernetes.default.svc:{port}"
        case.cluster["proxy-url"] = f"{kind}://127.0.0.1:{case.proxies[kind]}"

    return change


def _environment_proxy(case: Case) -> None:
    _proxied("http")(case)
    del case.cluster["proxy-url"]
    case.environ["HTTPS_PROXY"] = f"127.0.0.1:{case.proxies['http']}"


def _environment_proxy_of_loopback(case: Case) -> None:
    case.environ |= {"HTTPS_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "socks5://127.0.0.1:1"}


def _two_files(case: Case) -> None:
    """The contexts in the first, the rest in the second; a name twice, a missing and an empty one."""
    first = {"apiVersion": "v1", "kind": "Config", "contexts": case.document["contexts"]}
    first["users"] = [{"name": "test", "user": {"token": case.plane.tokens["nobody"]}}]
    case.write("first", yaml.safe_dump(first))
    case.write("empty", "")
    case.files = [case.folder / name for name in ("gone", "first", "empty", "kubeconfig")]


def _duplicate(case: Case) -> None:
    case.document["users"].append(copy.deepcopy(case.document["users"][0]))


def _no_user(case: Case) -> None:
    case.context.pop("user")


CASES: dict[str, Change] = {
    "as it is": lambda case: None,
    "authority as data": _as_data,
    "authority relative to the file": _relative,
    "authority both ways": lambda case: case.cluster.update(
        {"certificate-authority-data": b64(case.authority())}
    ),
    "authority of others": _set("cluster", certificate_authority="/etc/hostname"),
    "not verified": _insecure,
    "not verified, with an authority": _set("cluster", insecure_skip_tls_verify=True),
    "not verified, as a text": _set("cluster", insecure_skip_tls_verify="true"),
    "another server name": _set("cluster", tls_server_name="kubernetes.default"),
    "a server name that is not the certificate's": _set("cluster", tls_server_name="x.example"),
    "a server without a scheme": _no_scheme,
    "no server": _set("cluster", server=None),
    "a server that is no URL": _set("cluster", server="https://"),
    "disable compression": _set("cluster", disable_compression=True),
    "socks5 proxy": _proxied("socks5"),
    "http proxy": _proxied("http"),
    "a proxy without a scheme": _set("cluster", proxy_url="127.0.0.1:3128"),
    "an ftp proxy": _set("cluster", proxy_url="ftp://127.0.0.1:1"),
    "a socks4 proxy": _set("cluster", proxy_url="socks4://127.0.0.1:1"),
    "a proxy of the environment": _environment_proxy,
    "a proxy of the environment, loopback": _environment_proxy_of_loopback,
    "acts as": _set("user", **{"as": "oncall"}),
    "acts as, with groups": _set(
        "user", **{"as": "oncall", "as-groups": ["sre", "system:masters"]}
    ),
    "acts as, with uid and extra": _set(
        "user", **{"as": "oncall", "as-uid": "7", "as-user-extra": {"example.org/Team": ["a", "b"]}}
    ),
    "groups without a user": _set("user", **{"as-groups": ["system:masters"]}),
    "a token that is a number": _set("user", token=12345),
    "a token over two lines": _set("user", token="abcdefgh\nijklmnop"),
    "a wrong token": _set("user", token="abcdefgh"),
    "a token file beats a token": _token_file,
    "a token file that is gone, with a token": _missing_token_file,
    "a token file that is gone": _both(_missing_token_file, _set("user", token=None)),
    "a token and a username": _set("user", username="ada", password="horse"),
    "a user of nothing": _set("user", token=None),
    "no user": _no_user,
    "a user that is not there": _set("context", user="gone"),
    "a cluster that is not there": _set("context", cluster="gone"),
    "a plugin": _plugin("oncall"),
    "a plugin without its mode": _plugin("oncall", interactiveMode=None),
    "a plugin that fails": _plugin("oncall", command="false"),
    "a plugin that is not there": _plugin("oncall", command="no-such-plugin"),
    "a plugin whose token has two lines": _plugin("abcdefgh\nijklmnop"),
    "a plugin behind a token": _both(
        _plugin("oncall", command="false"), _set("user", token="abcdefgh")
    ),
    "an auth-provider that was removed": _set(
        "user", token=None, **{"auth-provider": {"name": "gcp", "config": {}}}
    ),
    "a certificate without its key": _set("user", client_certificate_data=b64("x")),
    "a certificate that is none": _set(
        "user", client_certificate_data=b64("x"), client_key_data=b64("y")
    ),
    "two files": _two_files,
    "a name that stands twice": _duplicate,
    "another apiVersion": lambda case: case.document.update({"apiVersion": "v2"}),
    "fields that nobody knows": lambda case: case.document.update({"later": {"a": [1]}}),
}


class Asking(Kube):
    """A client that may also ask who it is."""

    def _permit(self, method: str, path: str, query: Mapping[str, str]) -> None:
        if path != "/apis/authentication.k8s.io/v1/selfsubjectreviews":
            super()._permit(method, path, query)


def ours(case: Case) -> Any:
    """Who we are, whether we may, and what we see; ``None`` where it does not work."""
    environ = dict(os.environ) | case.environ | {"KUBECONFIG": ":".join(map(str, case.files))}
    try:
        found = load(TargetSettings(""), environ=environ)
        asking = kube(found)
        asking.__class__ = Asking
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = asking.fetch(
            "POST",
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            body=json.dumps(review).encode(),
        )
        asking._refuse(answer, "who am I")
        who = json.loads(answer.body)
    except (BadInput, Unmeasured) as error:
        return None, str(error)
    asked = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    may = asking.review(ALLOWED, asked | {"spec": {"resourceAttributes": ASKED}})
    allowed = may.status.allowed
    seen = asking.items(LIST) if allowed else []
    names = sorted(one["metadata"]["name"] for one in seen)
    return (who["status"]["userInfo"], allowed, names), ""


def kubectls(case: Case) -> Any:
    """The same, by kubectl."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME")} | case.environ
    environ["KUBECONFIG"] = ":".join(map(str, case.files))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program("kubectl"), "--request-timeout=10s", *words],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    who = run("auth", "whoami", "-o", "json")
    if who.returncode != 0:
        return None, who.stderr
    may = run("auth", "can-i", "list", "configmaps", "-n", "default").stdout.strip() == "yes"
    names: list[str] = []
    if may:
        items = json.loads(run("get", "--raw", LIST).stdout)["items"]
        names = sorted(one["metadata"]["name"] for one in items)
    return (json.loads(who.stdout)["status"]["userInfo"], may, names), ""


@pytest.mark.parametrize("name", CASES)
def test_a_kubeconfig_means_what_kubectl_reads(
    name: str, plane: ControlPlane, tmp_path: Path
) -> None:
    with proxy("socks5") as (socks, _), proxy("http") as (http, _):
        case = Case(plane, tmp_path, {"socks5": socks, "http": http})
        CASES[name](case)
        case.write("kubeconfig", yaml.safe_dump(case.document))
        expected, said = kubectls(case)
        found, complaint = ours(case)
    assert found == expected, (said, complaint)
    assert not any(token in complaint for token in [*plane.tokens.values(), "abcdefgh", "ijklmn"])


def test_there_are_cases_of_every_kind() -> None:
    assert len(CASES) >= 25
