"""upgrade-rehearsed with the real helm, 3 and 4, and a real API server: what would be accepted, what cannot be changed, and that nothing is written."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checks.inner import PATIENT
from tests.cluster.plane.controlplane import ControlPlane, wait_for
from tests.cluster.programs import program
from upkeep.commands import suite

CHART = Path(__file__).parents[1] / "plane" / "chart"
CANARY = "canary-7f3a-upgrade"
NEWER = {"tag": "0.0.25", "motd": "good morning", "policy": False}
KINDS = {
    "": ["secrets", "configmaps", "services"],
    "apps": ["deployments"],
    "policy": ["poddisruptionbudgets"],
}
READING = ["get", "list"]
# The helm that installed, and the one that is there for the upgrade. Helm 4 lets the server merge what it installed itself.
PAIRS = [("helm3", "helm3"), ("helm4", "helm4"), ("helm3", "helm4")]


@dataclass
class Released:
    """The tests' own chart, installed by a helm in a namespace of its own, and the repository that it came from."""

    plane: ControlPlane
    namespace: str
    repository: Path
    url: str
    upgrader: str
    values: Path

    def offer(self, **values: Any) -> None:
        """Lets the repository have a newer version of the chart, in which these are the defaults."""
        folder = self.repository.parent / "newer"
        shutil.copytree(CHART, folder, dirs_exist_ok=True)
        defaults = yaml.safe_load((CHART / "values.yaml").read_text())
        (folder / "values.yaml").write_text(yaml.safe_dump(defaults | values))
        helm("helm3", "package", str(folder), "--version=0.2.0", f"--destination={self.repository}")
        helm("helm3", "repo", "index", str(self.repository))

    def upgrade(self) -> str:
        """Really upgrades, as admin: what helm says of it, empty where it went through."""
        kubeconfig = self.plane.kubeconfig("admin", namespace=self.namespace)
        place = [
            f"--kubeconfig={kubeconfig}",
            f"--namespace={self.namespace}",
            f"--repo={self.url}",
            f"--values={self.values}",
            "--reset-values",
        ]
        words = [program(self.upgrader), "upgrade", "cano", "small-collector", *place]
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
        return done.stderr if done.returncode else ""

    def objects(self) -> list[tuple[str, str, str]]:
        """Every object of the namespace, with its version: where there is one that of its specification, since controllers write the status."""
        found = []
        for group, plurals in KINDS.items():
            for plural in plurals:
                base = f"/apis/{group}/v1" if group else "/api/v1"
                for one in self.plane.get(f"{base}/namespaces/{self.namespace}/{plural}")["items"]:
                    version = (
                        one["metadata"].get("generation") or one["metadata"]["resourceVersion"]
                    )
                    found.append((plural, one["metadata"]["name"], str(version)))
        return sorted(found)

    def may(self, *verbs: str) -> None:
        """What the acting identity may do with each kind of the chart, from now on."""
        rules = [
            {"apiGroups": [group], "resources": plurals, "verbs": list(verbs)}
            for group, plurals in KINDS.items()
        ]
        subject = {"kind": "User", "name": "oncall", "apiGroup": "rbac.authorization.k8s.io"}
        head = {"name": "upgrader", "namespace": self.namespace}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "upgrader"}
        self.plane.apply(
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": head, "rules": rules},
            {
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": head, "subjects": [subject],
                "roleRef": reference,
            },
        )  # fmt: skip
        for verb in ("list", "delete"):
            wait_for(
                lambda verb=verb: self._allowed(verb) is (verb in verbs),
                what="the Role in the authorizer",
            )

    def _allowed(self, verb: str) -> bool:
        attributes = {
            "namespace": self.namespace,
            "verb": verb,
            "group": "policy",
            "resource": "poddisruptionbudgets",
        }
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self.plane.request(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body,
            identity="oncall",
        )
        return bool(json.loads(answer.data)["status"]["allowed"])


def helm(name: str, *words: str) -> None:
    """Runs a real helm."""
    done = subprocess.run(
        [program(name), *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A chart repository over HTTP with the chart in its first version."""
    folder = tmp_path / "repository"
    folder.mkdir()
    helm("helm3", "package", str(CHART), f"--destination={folder}")
    helm("helm3", "repo", "index", str(folder))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=PAIRS[:2], ids="-then-".join)
def released(
    request: pytest.FixtureRequest,
    plane: ControlPlane,
    repository: tuple[Path, str],
    tmp_path: Path,
) -> Iterator[Released]:
    """The chart, installed by one helm, with a value that nobody may see."""
    installer, upgrader = request.param
    namespace = f"upgrade-{installer}-{upgrader}-{os.urandom(3).hex()}"
    plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    root = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
    wait_for(
        lambda: plane.request("GET", root).status == 200, what="the namespace's root certificate"
    )
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"token": CANARY}))
    kubeconfig = plane.kubeconfig("admin", namespace=namespace)
    archive = next(repository[0].glob("*.tgz"))
    helm(
        installer,
        "install",
        "cano",
        str(archive),
        f"--kubeconfig={kubeconfig}",
        f"--namespace={namespace}",
        f"--values={values}",
    )
    yield Released(plane, namespace, *repository, upgrader, values)
    plane.request("DELETE", f"/api/v1/namespaces/{namespace}")


@pytest.fixture
def rehearse(
    released: Released,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    """Runs the control, and looks at everything that it leaves behind: no file of values, no secret, no change in the cluster."""
    temporary, programs, out = tmp_path / "tmp", tmp_path / "bin", tmp_path / "out"
    temporary.mkdir()
    programs.mkdir()
    (programs / "helm").symlink_to(program(released.upgrader))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))

    def run(*, path: str | None = None, context: str = "acting") -> dict[str, Any]:
        monkeypatch.setenv("PATH", path if path is not None else f"{programs}:{os.environ['PATH']}")
        before, seen = released.objects(), len([*released.plane.audited()])
        kubeconfig = released.plane.kubeconfig("admin", namespace=released.namespace)
        words = [
            f"--kubeconfig={kubeconfig}",
            f"--acting-context={context}",
            f"--chart-repository={released.url}",
            f"--out={out}",
        ]
        suite.run(
            ["-m", "control(id='upgrade-rehearsed')", "-vv", "-l", "--tb=long", *PATIENT, *words]
        )
        assert released.objects() == before
        assert [*temporary.iterdir()] == []
        said = capfd.readouterr()
        written = "".join(
            file.read_text(errors="replace") for file in out.rglob("*") if file.is_file()
        )
        assert CANARY not in said.out + said.err + written
        assert wrote(released.plane, "oncall", seen) == []
        (result,) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
        return dict(result)

    return run


def wrote(plane: ControlPlane, user: str, since: int) -> list[tuple[str, str]]:
    """The requests of a user that could have changed something."""
    events = [event for event in [*plane.audited()][since:] if event["user"]["username"] == user]
    changing = [
        event
        for event in events
        if event["verb"] not in ("get", "list", "watch")
        and "accessreviews" not in event["requestURI"]
    ]
    return [
        (event["verb"], event["requestURI"])
        for event in changing
        if "dryRun=All" not in event["requestURI"]
    ]


@pytest.mark.parametrize("released", PAIRS, ids="-then-".join, indirect=True)
def test_an_upgrade_that_would_be_accepted_passes_and_names_what_changes(
    released: Released, rehearse
) -> None:
    """Fields and objects, and no value; helm itself reads and nothing else."""
    released.offer(**NEWER)
    released.may(*READING, "create", "update", "patch", "delete")
    seen = len([*released.plane.audited()])
    result = rehearse()
    assert result["outcome"] == "pass", result["summary"]
    assert result["observed"] == (
        "0.1.0 to 0.2.0: ~ConfigMap/cano-config (data.motd), "
        "~Deployment/cano (metadata.labels['helm.sh/chart'], spec.template.spec.containers[cano-collector].env[CLUSTER_NAME].value, "
        "spec.template.spec.containers[cano-collector].image), -PodDisruptionBudget/cano"
    )
    events = [
        event
        for event in [*released.plane.audited()][seen:]
        if event["user"]["username"] == "oncall"
    ]
    by_helm = [event for event in events if event["userAgent"].startswith("Helm/")]
    assert {event["verb"] for event in by_helm} <= {"get", "list"}
    assert any(
        event.get("objectRef", {}).get("name") == "kube-root-ca.crt" for event in by_helm
    )  # the template's look-up, as the acting identity
    rehearsed = [event["requestURI"] for event in events if "dryRun=All" in event["requestURI"]]
    assert len(rehearsed) == 2
    assert all(
        ("fieldManager=helm" in uri) is (released.namespace.startswith("upgrade-helm4"))
        for uri in rehearsed
    )
    assert released.upgrade() == ""


def test_a_field_that_cannot_be_changed_is_named(released: Released, rehearse) -> None:
    released.offer(selector={"part": "collector"}, port=9090)
    released.may(*READING, "create", "update", "patch", "delete")
    (finding,) = rehearse()["findings"]
    assert (finding["object"], finding["code"], finding["observed"]) == (
        "Deployment/cano",
        "upgrade-immutable",
        422,
    )
    assert finding["message"].startswith(
        "The upgrade to 0.2.0 changes spec.selector of Deployment/cano, which is immutable (422 Invalid, "
    )
    assert "field is immutable" in finding["message"]
    assert "field is immutable" in released.upgrade()


def test_a_field_that_somebody_else_owns_is_told_where_helm_would_stop_at_it(
    released: Released, rehearse
) -> None:
    """Helm 4 lets the server merge, and takes no field from another; Helm 3 sets it back without a word. So does the rehearsal."""
    released.offer(**NEWER)
    released.may(*READING, "create", "update", "patch", "delete")
    container = {"name": "cano-collector", "image": "kubecano/cano-collector:hotfix"}
    head = {"name": "cano", "namespace": released.namespace}
    released.plane.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": head,
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
    )
    result = rehearse()
    found = [
        (finding["object"], finding["code"], finding["observed"]) for finding in result["findings"]
    ]
    conflict = "conflict" in released.upgrade().lower()
    assert found == ([("Deployment/cano", "upgrade-object-refused", 409)] if conflict else [])
    assert conflict is (released.upgrader == "helm4")


def test_a_template_that_refuses_the_live_values_is_told_without_them(
    released: Released, rehearse
) -> None:
    released.offer(fail=True)
    released.may(*READING, "create", "update", "patch", "delete")
    (finding,) = rehearse()["findings"]
    assert (finding["object"], finding["code"]) == ("HelmRelease/cano", "upgrade-refused")
    assert finding["message"].startswith(
        "helm refused the dry run of the upgrade of release cano from small-collector 0.1.0 to 0.2.0: "
    )
    assert finding["message"].endswith("a token of another form was expected, not ‹masked›")


def test_whoever_may_only_read_can_rehearse_and_is_told_what_is_missing(
    released: Released, rehearse
) -> None:
    """helm's part needs no right to write, so that what an upgrade would change is known even so."""
    released.offer(**NEWER)
    released.may(*READING)
    result = rehearse()
    assert result["observed"].startswith("0.1.0 to 0.2.0: ~")
    assert {finding["code"] for finding in result["findings"]} == {"upgrade-forbidden"}
    missing = {
        finding["message"]
        .removeprefix("The acting identity may not ")
        .split(f" in {released.namespace}")[0]
        for finding in result["findings"]
    }
    assert missing == {
        "create secrets", "update secrets", "patch deployments.apps cano", "patch configmaps cano-config", "delete poddisruptionbudgets.policy cano",
    }  # fmt: skip


def test_without_rights_nothing_is_rendered(released: Released, rehearse) -> None:
    released.offer(**NEWER)
    (finding,) = rehearse()["findings"]
    assert (finding["code"], finding["observed"]) == ("upgrade-forbidden", "forbidden")
    assert (
        finding["message"]
        == f"The acting identity may not list secrets in {released.namespace}. It cannot upgrade release cano."
    )


def test_without_helm_it_could_not_be_measured(released: Released, rehearse) -> None:
    released.may(*READING)
    result = rehearse(path="/nonexistent")
    assert (result["outcome"], result["reason"]) == ("unknown", "absent")
    assert result["summary"] == "There is no program helm on the PATH to rehearse an upgrade with."


def test_nothing_newer_is_rehearsed_as_well(released: Released, rehearse) -> None:
    """The newest is what is installed: nothing would change, and that was looked at."""
    released.may(*READING, "create", "update")
    result = rehearse()
    assert (result["outcome"], result["observed"]) == (
        "pass",
        "0.1.0 to 0.1.0: nothing would change",
    )
