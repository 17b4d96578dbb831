"""What is printed to be pasted goes to the cluster that the run looked at: said once, for every control, every finding and every reason."""

from pathlib import Path

import pytest
import yaml

from tests.checks.inner import results
from upkeep import demo

READY, ENDPOINTS = "control(id='pods-ready')", "control(id='endpoints-serving')"


def test_commands_name_the_kubeconfig_and_context_where_they_are_not_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo.start("crash-looping") as cluster:
        document = yaml.safe_load(Path(cluster.kubeconfig).read_text())
        context = document["contexts"][0]["name"]
        document["current-context"] = "elsewhere"
        document["contexts"].append(
            {"name": "elsewhere", "context": {"cluster": "none", "user": "none"}}
        )
        file = tmp_path / "config"
        file.write_text(yaml.safe_dump(document))
        place = f"--namespace={cluster.namespace}"
        monkeypatch.setenv("KUBECONFIG", str(file))
        first = results(READY, f"--context={context}", place, out=tmp_path / "1")["pods-ready"]
        monkeypatch.delenv("KUBECONFIG")
        second = results(
            READY, f"--kubeconfig={file}", f"--context={context}", place, out=tmp_path / "2"
        )["pods-ready"]
        monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
        third = results(READY, place, out=tmp_path / "3")["pods-ready"]
    assert first["next"].startswith(f"kubectl --context={context} -n ")
    assert second["next"].startswith(f"kubectl --context={context} --kubeconfig={file} -n ")
    assert third["next"].startswith("kubectl -n ")
    steps = [step for result in (first, second) for step in result["next"].splitlines()]
    assert len(steps) > 2
    assert all(step.startswith(f"kubectl --context={context} ") for step in steps)


def test_what_ends_a_run_that_could_not_measure_names_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo.start("forbidden@replicasets") as cluster:
        monkeypatch.delenv("KUBECONFIG", raising=False)
        result = results(
            READY,
            f"--kubeconfig={cluster.kubeconfig}",
            f"--namespace={cluster.namespace}",
            out=tmp_path / "out",
        )["pods-ready"]
    assert result["outcome"] == "unknown"
    assert f"| kubectl --kubeconfig={cluster.kubeconfig} apply -f -" in result["next"]
