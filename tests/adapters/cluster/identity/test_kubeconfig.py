"""Kubeconfigs as they are found: lists, contexts, plugins and files; what cannot be used is one sentence, without a value of it."""

from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from upkeep.adapters.cluster.identity import exec_plugin
from upkeep.adapters.cluster.identity import kubeconfig as adapter
from upkeep.adapters.cluster.identity.kubeconfig import Access, load
from upkeep.addressing import Address
from upkeep.errors import BadInput
from upkeep.settings.targets import TargetSettings

SECRET = "canary-token-17"


def write(
    file: Path,
    *,
    user: Any = None,
    context: str = "prod",
    server: str = "https://127.0.0.1:9",
    **more: Any,
) -> Path:
    """A kubeconfig with one context."""
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": [{"name": f"{context}-c", "cluster": {"server": server} | more.pop("cluster", {})}],
        "contexts": [{"name": context, "context": {"cluster": f"{context}-c", "user": f"{context}-u", "namespace": f"{context}-ns"}}],
        "users": [{"name": f"{context}-u", "user": {"token": SECRET} if user is None else user}],
    } | more  # fmt: skip
    file.write_text(yaml.safe_dump(document))
    return file


def access(
    kubeconfig: Path | str | None, *, environ: dict[str, str] | None = None, **target: Any
) -> Access:
    given = None if kubeconfig is None else str(kubeconfig)
    return load(TargetSettings("", kubeconfig=given, **target), environ=environ or {})


def refusal(*arguments: Any, **more: Any) -> str:
    """The sentence of a refusal; it never holds the token."""
    with pytest.raises(BadInput) as caught:
        access(*arguments, **more)
    assert SECRET not in repr(caught.value)
    return str(caught.value)


def plugin(folder: Path, script: str) -> dict[str, Any]:
    file = folder / "plugin.sh"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(file),
            "interactiveMode": "Never",
        }
    }


def authorization(found: Access) -> str:
    return dict(found.configuration.headers())["Authorization"]


def test_the_current_context_is_used(tmp_path: Path) -> None:
    found = access(write(tmp_path / "k"))
    assert (found.context, found.namespace, found.server, found.user) == (
        "prod",
        "prod-ns",
        "https://127.0.0.1:9",
        "prod-u",
    )
    assert authorization(found) == f"Bearer {SECRET}"


def test_what_kubectl_must_be_told_is_what_differs_from_its_defaults(tmp_path: Path) -> None:
    default, other = write(tmp_path / "a"), write(tmp_path / "b", context="lab")
    environ = {"KUBECONFIG": f"{default}:{other}"}
    assert access(None, environ=environ).address == Address()
    assert access(None, environ=environ, context="prod").address == Address()
    assert access(None, environ=environ, context="lab").address == Address(context="lab")
    assert access(other, environ=environ).address == Address(kubeconfig=str(other))
    assert access(default, environ={"KUBECONFIG": str(default)}).address == Address()
    assert access(default, environ={}).address == Address(kubeconfig=str(default))
    assert access(None, environ=environ, context="lab", acting_context="prod").address == Address(
        context="lab", acting=""
    )
    assert access(None, environ=environ, acting_context="lab").address == Address(acting="lab")


def test_files_of_a_list_are_one_and_the_first_one_wins(tmp_path: Path) -> None:
    first, second = (
        write(tmp_path / "a"),
        write(tmp_path / "b", context="lab", server="https://127.0.0.2:9"),
    )
    both = {"KUBECONFIG": f"{first}:{tmp_path / 'absent'}:{second}"}
    assert access(None, environ=both).context == "prod"
    assert access(None, environ=both, context="lab").server == "https://127.0.0.2:9"
    assert access(None, environ=both, context="lab", namespace="other").namespace == "other"


def test_an_unknown_context_is_answered_with_the_nearest(tmp_path: Path) -> None:
    said = refusal(write(tmp_path / "k"), context="prd")
    assert said.startswith("--context=prd: no such context")
    assert "'prod'" in said or "prod" in said.partition(";")[0]
    assert said.endswith("has prod")


def test_no_cluster_at_all(tmp_path: Path) -> None:
    said = refusal(tmp_path / "absent")
    assert (
        said
        == f"no cluster: there is no kubeconfig at {tmp_path / 'absent'}, and this is no pod; name one with --kubeconfig=FILE, or try --demo"
    )


def test_a_pod_without_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    said = refusal(
        None, environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    )
    assert said.startswith("this is a pod without a usable service account: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"users: [{SECRET}\nclusters: {{", ", line 2 is not valid YAML"),
        ("", "holds no configuration"),
        ("contexts: {a: b}", "contexts must be a list of entries with a name each"),
        (f"users: [{{name: u, user: {SECRET}}}]", "user u must be a mapping"),
        ("contexts: []", "current-context '' does not exist"),
    ],
)
def test_a_malformed_kubeconfig_is_named_with_its_place(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "k").write_text(text)
    said = refusal(tmp_path / "k")
    assert words in said
    assert str(tmp_path / "k") in said


def test_a_context_without_its_user_says_what_is_missing(tmp_path: Path) -> None:
    said = refusal(write(tmp_path / "k", users=[{"name": "other", "user": {"token": SECRET}}]))
    assert (
        said
        == f"kubeconfig {tmp_path / 'k'}, context prod: there is no user 'prod-u'; there are other"
    )


@pytest.mark.parametrize("key", ["client-certificate", "client-key", "tokenFile"])
def test_a_file_that_is_not_there_is_named_with_its_key(tmp_path: Path, key: str) -> None:
    said = refusal(write(tmp_path / "k", user={key: "gone.pem"}))
    assert (
        said
        == f"kubeconfig {tmp_path / 'k'}, user prod-u: {key} {tmp_path / 'gone.pem'} does not exist"
    )


def test_an_authority_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(write(tmp_path / "k", cluster={"certificate-authority": "/gone/ca.pem"}))
    assert (
        said
        == f"kubeconfig {tmp_path / 'k'}, cluster prod-c: certificate-authority /gone/ca.pem does not exist"
    )


def test_an_exec_plugin_gives_the_token(tmp_path: Path) -> None:
    answer = f'{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{{"token":"{SECRET}"}}}}'
    found = access(write(tmp_path / "k", user=plugin(tmp_path, f"echo '{answer}'")))
    assert authorization(found) == f"Bearer {SECRET}"


def test_an_exec_plugin_is_asked_again_when_its_token_ends(tmp_path: Path) -> None:
    """fabric8io/kubernetes-client#3998, kubernetes-client/java#2438: EKS's tokens last 15 minutes."""
    script = (
        f"""n=$(cat {tmp_path}/n 2>/dev/null); echo x$n >{tmp_path}/n; """
        """echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","""
        """"status":{"token":"t'$n'","expirationTimestamp":"2026-01-01T00:00:00Z"}}'"""
    )
    found = access(write(tmp_path / "k", user=plugin(tmp_path, script)))
    assert len({authorization(found), authorization(found)}) == 2


def test_an_exec_plugin_is_told_the_clusters_own_configuration(tmp_path: Path) -> None:
    """kubernetes-client/python#2395: Gardener's plugin needs the extension of the cluster."""
    answer = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"\'$found\'"}}'
    script = f"found=$(echo $KUBERNETES_EXEC_INFO | grep -o shoot--[a-z]*)\necho '{answer}'"
    user = plugin(tmp_path, script)
    user["exec"]["provideClusterInfo"] = True
    extension = {
        "name": "client.authentication.k8s.io/exec",
        "extension": {"shootRef": "shoot--garden"},
    }
    file = write(tmp_path / "k", user=user, cluster={"extensions": [extension]})
    assert authorization(access(file)) == "Bearer shoot--garden"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo no session >&2; exit 3", "ended with exit code 3. To see its error: kubectl "),
        ("echo garbage", "printed no ExecCredential (8 bytes). To see its error: kubectl "),
        ("echo '[]'", "printed no ExecCredential (3 bytes)"),
    ],
)
def test_an_exec_plugin_that_gives_nothing_never_becomes_an_anonymous_request(
    tmp_path: Path, script: str, why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    said = refusal(write(tmp_path / "k", user=plugin(tmp_path, script)))
    assert said.startswith(
        f"kubeconfig {tmp_path / 'k'}, user prod-u: the exec plugin {tmp_path / 'plugin.sh'} "
    )
    assert why in said
    if "kubectl" in why:
        assert said.endswith(f": kubectl --kubeconfig={tmp_path / 'k'} auth whoami")
    assert capfd.readouterr().err == ""


def test_what_a_plugin_complains_about_is_not_quoted(tmp_path: Path) -> None:
    script = f"echo 'Authorization: Bearer {SECRET}' >&2; exit 1"
    said = refusal(write(tmp_path / "k", user=plugin(tmp_path, script)))
    assert SECRET not in said
    assert "Authorization" not in said


def test_an_exec_plugin_that_is_not_installed_is_named_with_its_hint(tmp_path: Path) -> None:
    user = plugin(tmp_path, "true")
    user["exec"]["installHint"] = "brew install it"
    (tmp_path / "plugin.sh").unlink()
    said = refusal(write(tmp_path / "k", user=user))
    assert said.endswith("cannot be run: No such file or directory. Install it. brew install it")


@pytest.mark.parametrize(("text", "expected"), [("kubecano\n", "kubecano"), ("", ""), (None, "")])
def test_a_pods_own_namespace_is_read_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, expected: str
) -> None:
    """A token that is projected by hand often comes without it."""
    mounted = tmp_path / "serviceaccount"
    mounted.mkdir()
    for name, content in (
        ("token", SECRET),
        ("ca.crt", trustme.CA().cert_pem.bytes().decode()),
        ("namespace", text),
    ):
        if content is not None:
            (mounted / name).write_text(content)
    monkeypatch.setattr(adapter, "SERVICE_ACCOUNT", mounted)
    environ = {
        "KUBECONFIG": str(tmp_path / "none"),
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }
    if expected:
        found = load(TargetSettings(""), environ=environ)
        assert (found.namespace, found.context, found.server) == (
            expected,
            "in-cluster",
            "https://10.96.0.1:443",
        )
    else:
        with pytest.raises(BadInput, match=r"does not say its namespace.*give --namespace=NAME"):
            load(TargetSettings(""), environ=environ)
    assert load(TargetSettings("", namespace="given"), environ=environ).namespace == "given"


def test_an_exec_plugin_that_waits_for_nobody_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exec_plugin, "PLUGIN_SECONDS", 0.2)
    plugin = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sleep",
            "args": ["3"],
            "interactiveMode": "IfAvailable",
        }
    }
    said = refusal(write(tmp_path / "k", user=plugin))
    assert said.endswith(
        "the exec plugin sleep had not answered after 0.2 s. "
        "Log in first, or use a kubeconfig with a token"
    )
