"""The program helm, played by scripts that are really run: what it is given, what is read of it, what is masked, and that it ends."""

import base64
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from upkeep.adapters.helm import program
from upkeep.adapters.helm.program import HelmProgram, Refusal, Rendering
from upkeep.adapters.helm.storage import ReleasePayload
from upkeep.errors import Absent, Malformed, TimedOut, Unauthenticated, Unmeasured, Unreachable
from upkeep.records.releases import HelmRelease

RELEASE = HelmRelease(
    "cano",
    "kubecano",
    3,
    "deployed",
    "cano-collector",
    "0.0.25",
    "0.0.24",
    datetime(2026, 1, 1, tzinfo=UTC),
    "Secret",
    (),
)
PAYLOAD = ReleasePayload(
    {
        "slack": {"apiKey": "canary-7f3a-key"},
        "mode": "loud",
        "lines": "canary one\ncanary two\n",
        "n": [1, "in the list"],
    },
    "",
)
RENDERED = {
    "name": "cano", "manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "apply_method": "csa",
    "hooks": [
        {"kind": "Job", "name": "migrate", "events": ["pre-upgrade"]}, {"kind": "Pod", "name": "try", "events": ["test"]},
        {"kind": "Job", "name": "migrate", "events": ["post-upgrade"]},
    ],
}  # fmt: skip


@pytest.fixture
def helm(tmp_path: Path):
    """Makes a helm of the lines of a shell script."""

    def make(script: str) -> HelmProgram:
        path = tmp_path / "helm"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        return HelmProgram(str(path), "v3.22.0")

    return make


def upgrade(
    found: HelmProgram,
    release: HelmRelease = RELEASE,
    *,
    seconds: float = 20,
    chart: str = "/charts/new.tgz",
) -> Rendering | Refusal:
    return program.upgrade(
        found,
        release,
        PAYLOAD,
        chart=chart,
        version="0.0.26",
        kubeconfig="~/one:/two",
        context="oncall",
        deadline_seconds=seconds,
    )


def said(line: str) -> str:
    return f"cat >&2 <<'END'\n{line}\nEND\nexit 1"


def test_what_it_renders_is_read_and_does_not_show(helm, tmp_path: Path) -> None:
    (tmp_path / "out").write_text(json.dumps(RENDERED | {"config": PAYLOAD.values}))
    found = upgrade(helm(f"cat {tmp_path}/out"))
    assert isinstance(found, Rendering)
    assert [*found.manifest.objects] == [("", "ConfigMap", "kubecano", "x")]
    assert (found.hooks, found.server_side) == (("Job/migrate",), False)
    assert "apiVersion" not in repr(found)
    (tmp_path / "out").write_text(json.dumps(RENDERED | {"apply_method": "ssa"}))
    assert upgrade(helm(f"cat {tmp_path}/out")).server_side


def test_it_is_told_who_it_is_and_gets_the_values_by_its_standard_input(
    helm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release's name can be no option, no value is in the words or the environment, and what would make it somebody else is left out."""
    for name in (
        "HELM_KUBETOKEN",
        "HELM_KUBECONTEXT",
        "HELM_NAMESPACE",
        "HELM_DEBUG",
        "HELM_DRIVER",
    ):
        monkeypatch.setenv(name, "another")
    monkeypatch.setenv("HELM_REGISTRY_CONFIG", "/the/users")
    (tmp_path / "out").write_text(json.dumps(RENDERED))
    script = (
        f'printf "%s\\n" "$@" > {tmp_path}/words; env > {tmp_path}/environment\n'
        f'mkdir "$HELM_CACHE_HOME"; cat > {tmp_path}/values; cat {tmp_path}/out'
    )
    upgrade(helm(script), chart="oci://registry/new")
    words, environment = ((tmp_path / name).read_text() for name in ("words", "environment"))
    lines = words.splitlines()
    assert lines == [
        "upgrade", "--dry-run=server", "--reset-values", "--values=-", "--output=json", "--namespace=kubecano", "--kube-context=oncall", "--version=0.0.26", "--",
        "cano", "oci://registry/new",
    ]  # fmt: skip
    assert "canary" not in words + environment
    told = dict(
        line.partition("=")[::2]
        for line in environment.splitlines()
        if line.startswith(("HELM_", "KUBECONFIG"))
    )
    assert not Path(told.pop("HELM_CACHE_HOME")).exists()
    assert told == {
        "KUBECONFIG": f"{Path.home()}/one:/two",
        "HELM_DRIVER": "secret",
        "HELM_REGISTRY_CONFIG": "/the/users",
    }
    assert json.loads((tmp_path / "values").read_text()) == PAYLOAD.values


def test_it_ends_with_its_deadline_and_all_that_it_started(helm, tmp_path: Path) -> None:
    """A plugin for credentials that hangs is a process of its own; nothing of either is left."""
    script = f"sleep 300 &\necho $! > {tmp_path}/child\nwait"
    began = time.monotonic()
    with pytest.raises(TimedOut, match="had not answered after 2 s") as stopped:
        upgrade(helm(script), seconds=2)
    assert time.monotonic() - began < 100
    assert stopped.value.next_step == "--limit=sweep_deadline=8s"
    child = int((tmp_path / "child").read_text())
    ends = time.monotonic() + 60
    while (
        Path(f"/proc/{child}/cmdline").exists()
        and Path(f"/proc/{child}/cmdline").read_bytes()
        and time.monotonic() < ends
    ):
        time.sleep(0.02)
    assert not (
        Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes()
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("WARNING: group-readable\nError: UPGRADE FAILED: template: c/t.yaml:1:2: nil pointer", "template: c/t.yaml:1:2: nil pointer"),
        ("Error: UPGRADE FAILED: c/t.yaml:1:2\n  executing:\n    nil\n\nUse --debug flag to render out invalid YAML", "c/t.yaml:1:2 executing: nil"),
        ("Error: UPGRADE FAILED: schema:\nc:\n- at '/x': got string", "schema: c: - at '/x': got string"),
        ("Error: UPGRADE FAILED: execution error at (t.yaml:1:2): canary-7f3a-key is bad", "execution error at (t.yaml:1:2): ‹masked› is bad"),
        ('Error: UPGRADE FAILED: got "canary one\\ncanary two\\n"', 'got "‹masked›"'),
        ("Error: UPGRADE FAILED: line canary two", "line ‹masked›"),
        (f"Error: UPGRADE FAILED: {base64.b64encode(b'canary-7f3a-key').decode()}", "‹masked›"),
        ("Error: UPGRADE FAILED: cannot unmarshal !!str `canary-...` into int", "cannot unmarshal !!str `‹masked›` into int"),
        ("Error: UPGRADE FAILED: mode loud, louder, in the list", "mode ‹masked›, louder, ‹masked›"),
        ("Error: UPGRADE FAILED: unable to build: token=abc", "unable to build: token=‹masked›"),
        ("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", "another operation (install/upgrade/rollback) is in progress"),
        ("Error: UPGRADE FAILED: fail\x1b[31m\u202e here", "fail\\u001b[31m\\u202e here"),
        ('Error: UPGRADE FAILED: lookup: secrets "x" is forbidden: User "oncall" cannot get', 'lookup: secrets "x" is forbidden: User "oncall" cannot get'),
    ],
)  # fmt: skip
def test_a_refusal_is_told_without_a_value(helm, line: str, message: str) -> None:
    assert upgrade(helm(said(line))) == Refusal(message)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            "Error: UPGRADE FAILED: Kubernetes cluster unreachable: Get https://x/version: dial tcp: connect: connection refused",
            Unreachable,
        ),
        (
            "Error: UPGRADE FAILED: query: failed to query with labels: context deadline exceeded",
            Unreachable,
        ),
        (
            "Error: UPGRADE FAILED: Kubernetes cluster unreachable: the server has asked for the client to provide credentials",
            Unauthenticated,
        ),
        ("Error: unknown flag: --dry-run", Malformed),
        ("Error: found in Chart.yaml, but missing in charts/ directory: x", Malformed),
        ("panic: runtime error: canary-7f3a-key", Malformed),
        ("", Malformed),
    ],
)
def test_what_is_no_verdict_could_not_be_measured(helm, line: str, kind: type[Unmeasured]) -> None:
    with pytest.raises(kind) as stopped:
        upgrade(helm(said(line)))
    assert "canary" not in str(stopped.value)


@pytest.mark.parametrize(
    "out",
    ["", "<html>", "[]", "{}", '{"name": "other", "manifest": ""}', '{"name": "cano", "manifest": 5}', '{"name": "cano", "manifest": "", "hooks": [1]}',
     '{"name": "cano", "manifest": "canary"}'],
)  # fmt: skip
def test_what_is_no_release_is_malformed(helm, tmp_path: Path, out: str) -> None:
    (tmp_path / "out").write_text(out)
    with pytest.raises(Malformed) as stopped:
        upgrade(helm(f"cat {tmp_path}/out"))
    assert "canary" not in str(stopped.value)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo v3.12.9", "is helm v3.12.9, which knows no dry run at the server"),
        ("echo v2.17.0", "is helm v2.17.0"),
        ("echo something", "does not say which version of helm it is"),
        (said("Error: token=canary"), "does not say which version of helm it is: token=‹masked›"),
    ],
)
def test_a_helm_that_is_too_old_or_none_is_told(helm, script: str, words: str) -> None:
    with pytest.raises(Absent, match="helm") as stopped:
        program.find(helm(script).path, deadline_seconds=20)
    assert words in stopped.value.message
    assert stopped.value.next_step.startswith("install helm 3.13 or newer")


@pytest.mark.parametrize("version", ["v3.13.0", "v3.22", "4.3.1", "v4.0.0-rc.1"])
def test_a_helm_that_is_new_enough_is_taken(helm, version: str) -> None:
    assert program.find(helm(f"echo {version}").path, deadline_seconds=20).version == version


def test_no_helm_and_one_that_cannot_run_are_absent(helm, tmp_path: Path) -> None:
    with pytest.raises(Absent, match="no program helm on the PATH"):
        program.find(None, deadline_seconds=20)
    found = helm("exit 0")
    Path(found.path).chmod(0o600)
    with pytest.raises(Absent, match=r"cannot be run: (Permission denied|No such file)"):
        program.find(
            str(tmp_path / "none") if os.access(found.path, os.X_OK) else found.path,
            deadline_seconds=20,
        )


def test_numbers_are_values_too_and_no_text_is_too_odd_to_be_masked(helm) -> None:
    payload = ReleasePayload({"pin": 987654321, "port": 8080, "odd": "\ud800 half", "on": True}, "")
    found = helm(said("Error: UPGRADE FAILED: pin 987654321 at port 8080"))
    refused = program.upgrade(
        found,
        RELEASE,
        payload,
        chart="/c.tgz",
        version="0.0.26",
        kubeconfig="~/one",
        context="oncall",
        deadline_seconds=20,
    )
    assert refused == Refusal("pin ‹masked› at port 8080")
