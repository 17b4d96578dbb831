"""upkeep init: the settings, folders and Role of a served cluster, and what it refuses."""

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from upkeep import demo
from upkeep.__main__ import main
from upkeep.commands import suite
from upkeep.commands.init import files
from upkeep.commands.init.found import refused
from upkeep.records.rights import Right
from upkeep.settings.run import resolve

DATA = "upkeep-data"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present folder, an empty one."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def served() -> Iterator[demo.Cluster]:
    """Return a served cluster of the guide's layout, as ``upkeep demo`` serves it."""
    with demo.start("healthy") as cluster:
        yield cluster


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return exit code, output and complaints."""
    code = main(["init", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def of_file(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


def test_a_first_call_writes_what_the_next_run_needs(
    here: Path,
    served: demo.Cluster,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert served.helm is not None  # the scenario's program: this machine may have none
    monkeypatch.setenv("PATH", str(served.helm.parent), prepend=os.pathsep)
    words = [f"--kubeconfig={served.kubeconfig}", "--acting-context=demo-acting", "--backup"]
    charts = f"--chart-repository={served.charts}"
    code, said, complaints = run(capsys, *words, charts)
    assert (code, complaints) == (0, "")
    assert of_file(here / "upkeep.toml") == {
        "attestations": f"{DATA}/attestations/attestations.yaml",
        "ledger": f"{DATA}/ledger",
        "kubeconfig": str(served.kubeconfig),
        "context": "demo",
        "namespace": "monitoring",
        "deployment": "cano-collector",
        "acting_context": "demo-acting",
        "chart_repository": str(served.charts),
        "backups": f"{DATA}/backups",
        "exports": f"{DATA}/exports",
    }
    folders = [here / DATA, *(path for path in (here / DATA).iterdir() if path.is_dir())]
    assert {path.name for path in folders} == {
        DATA, "backups", "exports", "attestations", "ledger",
    }  # fmt: skip
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
    assert list((here / DATA / "exports").glob("metrics-*.txt"))
    assert list((here / DATA / "backups").glob("secrets-*.yaml"))
    assert list((here / DATA / "ledger").iterdir()) == []  # init is no run of the checklist
    # Every fact is a line, and a comment of the file.
    text = (here / "upkeep.toml").read_text(encoding="utf-8")
    for fact in (
        "Service monitoring/prometheus:9090. It answers.",
        "Service monitoring/alertmanager:9093. It answers.",
        "It measures 2 containers.",
        "revision 1 of Helm release cano-collector",
        "CronJob cano-collector-backup",
    ):
        assert fact in said
        assert fact in text
    # Only the minimal configuration of an emergency is left: no cluster tells it.
    before, _, after = said.rpartition("59 controls: ")
    ends = before.splitlines()
    assert [line for line in ends if line.startswith("COULD")] == [
        "COULD NOT MEASURE restore-rehearsed (absent)"
    ]
    assert ends[-1].endswith("--emergency-config=FILE")
    (due,) = (line for line in ends if line.startswith("DUE "))
    assert "recovery-rehearsed" in due.split(" ", 1)[1].split(", ")
    # The next command is closest to the prompt.
    assert after.endswith("The daily checklist:\n    next: upkeep run -m daily\n")
    assert suite.run(["-m", "daily", "-q", "--out=out"]) == 0


def test_the_role_is_printed_written_and_names_the_objects_of_this_installation(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo.start("chart") as cluster:
        code, said, _ = run(capsys, f"--kubeconfig={cluster.kubeconfig}")
    text = (here / "upkeep-rbac.yaml").read_text(encoding="utf-8")
    assert (code, text in said) == (0, True)
    # The command that applies it leads to the same cluster.
    step = f"kubectl --context=demo --kubeconfig={cluster.kubeconfig} apply -f upkeep-rbac.yaml"
    assert step in said
    roles = {
        (one["kind"], one["metadata"].get("namespace", "")): one["rules"]
        for one in documents(text)
        if one["kind"] in ("Role", "ClusterRole")
    }
    own = {
        (rule["resources"][0], *rule.get("resourceNames", ())) for rule in roles["Role", "kubecano"]
    }
    assert ("services/proxy", "alertmanager-operated:9093", "prometheus-operated:9090") in own
    assert ("configmaps", "cano-collector-teams") in own
    assert ("Role", "monitoring") not in roles
    # The UID of the cluster, for the record of the run.
    assert [rule["resourceNames"] for rule in roles["Role", "kube-system"]] == [["kube-system"]]


@pytest.mark.parametrize("exists", [True, False])
def test_a_role_of_the_monitoring_namespace_needs_that_namespace(
    exists: bool, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """kubectl apply would refuse it: the chart's namespace may be the only one."""
    with demo.start("chart") as cluster:
        known = cluster.state.objects["namespaces"]
        if exists:
            own = next(one for one in known if one["metadata"]["name"] == "kubecano")
            known.append(own | {"metadata": own["metadata"] | {"name": "monitoring"}})
        code, *_ = run(capsys, f"--kubeconfig={cluster.kubeconfig}")
    text = (here / "upkeep-rbac.yaml").read_text(encoding="utf-8")
    spaces = {one["metadata"].get("namespace", "") for one in documents(text)}
    assert (code, spaces) == (
        0,
        {"kubecano", "kube-system", ""} | ({"monitoring"} if exists else set()),
    )


def test_print_writes_nothing(
    here: Path, served: demo.Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, _ = run(capsys, f"--kubeconfig={served.kubeconfig}", "--print")
    assert (code, listed(here)) == (0, [])
    text = said.partition(f"--- {here / 'upkeep.toml'}\n")[2].partition("\n--- ")[0]
    assert tomllib.loads(text)["namespace"] == "monitoring"
    assert "kind: ClusterRole" in said
    # Five rehearsals have one cause, which is said once, with the option that ends it.
    assert said.count("--acting-context=CONTEXT") == 1


def test_a_second_context_is_appended_and_one_that_exists_is_refused(
    here: Path, served: demo.Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"--kubeconfig={served.kubeconfig}"]
    assert run(capsys, *words)[0] == 0
    first = (here / "upkeep.toml").read_text(encoding="utf-8")
    code, _, said = run(capsys, *words)
    assert (code, "describes this cluster already, at the top of the file" in said) == (4, True)
    code, said, _ = run(capsys, *words, "--context=demo-acting")
    second = (here / "upkeep.toml").read_text(encoding="utf-8")
    assert (code, second.startswith(first.rstrip())) == (0, True)
    assert "pytest -m daily --target=demo-acting" in said.replace("upkeep run", "pytest")
    code, _, said = run(capsys, *words, "--context=demo-acting")
    assert (code, "has a target 'demo-acting'" in said) == (4, True)
    assert (here / "upkeep.toml").read_text(encoding="utf-8") == second
    # Each target has folders of its own, below the same one.
    settings = resolve({"target": ["demo-acting"]}, {}, cwd=here)
    assert settings.targets[0].backups == here / DATA / "backups-demo-acting"
    assert settings.targets[0].exports == here / DATA / "exports-demo-acting"
    assert list((here / DATA / "exports-demo-acting").glob("metrics-*.txt"))
    assert resolve({"backups": "x"}, {}, cwd=here).targets[0].backups is None


def test_a_name_that_is_no_file_name_is_refused(
    here: Path, served: demo.Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, said = run(capsys, f"--kubeconfig={served.kubeconfig}", "--target=../x")
    assert (code, "expected at most 100 letters" in said, listed(here)) == (4, True, [])


def test_an_odd_name_of_a_context_becomes_a_name(tmp_path: Path) -> None:
    (tmp_path / "upkeep.toml").write_text('namespace = "a"\n', encoding="utf-8")
    odd = 'arn:aws:eks:eu-1:12:cluster/"x"'
    made = files.plan(tmp_path / "upkeep.toml", target=None, context=odd, values={})
    assert made.target == "arn-aws-eks-eu-1-12-cluster-x"
    assert made.role.name == "upkeep-rbac-arn-aws-eks-eu-1-12-cluster-x.yaml"


@pytest.mark.parametrize("name", ["upkeep-rbac.yaml", "upkeep.toml"])
def test_no_file_is_overwritten(
    name: str, here: Path, served: demo.Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / name).write_text("mine = [", encoding="utf-8")
    code, _, said = run(capsys, f"--kubeconfig={served.kubeconfig}")
    assert (code, name in said, "Traceback" in said) == (4, True, False)
    assert ((here / name).read_text(encoding="utf-8"), listed(here)) == ("mine = [", [name])


@pytest.mark.parametrize(
    ("scenario", "code", "sentence"),
    [
        ("no-collector", 1, "No collector found in "),
        ("two-collectors", 1, "has 2 collectors"),
        ("expired@all", 1, "the token has expired or was never valid"),
        ("refused@all", 1, "no file written"),
    ],
)
def test_without_a_collector_no_file_is_written(
    scenario: str, code: int, sentence: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended, _, said = run(capsys, f"--demo={scenario}")
    assert (ended, sentence in said, listed(here)) == (code, True, [])


def test_a_failed_first_export_is_said_and_the_rest_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, complaints = run(capsys, "--demo=forbidden@metrics")
    assert (code, (here / "upkeep.toml").is_file()) == (1, True)
    assert complaints.startswith("upkeep: no file written: ")
    assert "COULD NOT MEASURE " in said


def test_a_missing_right_is_named_with_the_command_that_grants_it(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, _ = run(capsys, "--demo=forbidden@cronjobs", "--print")
    assert code == 0
    assert "your rights     missing: list cronjobs\n" in said
    assert " --namespace=monitoring --user=demo | kubectl apply -f -\n59 controls: " in said
    assert listed(here) == []


def test_a_right_that_several_measurements_declare_is_named_once() -> None:
    rights = {
        Right("list", "secrets", held_by="helm"): "no",
        Right("list", "secrets", held_by="helm", optional=True): "no",
        Right("list", "pods"): "no",
        Right("list", "pods", group="metrics.k8s.io"): "no",
        Right("list", "nodes", scope="cluster"): "yes",
    }
    told = ("list secrets", "list pods", "list pods.metrics.k8s.io")
    assert refused(rights) == told


def test_a_recipient_needs_a_backup(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = run(capsys, "--demo", "--recipient=age1x")
    assert (code, said) == (4, "upkeep: --recipient encrypts a backup. Add --backup.\n")
