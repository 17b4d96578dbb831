"""upkeep drill: what is refused before anything is asked, and the one client that writes, which can write one namespace alone."""

from pathlib import Path

import pytest

from upkeep.__main__ import main
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.cluster.rehearsals.scratch import Scratch
from upkeep.clock import Clock
from upkeep.meter import Meter


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["restore", "--demo"],
            "The embedded cluster of --demo stores no object. Run the drill on a real API server.",
        ),
        (["delete"], "argument what: invalid choice: 'delete'"),
        (["restore", "--kubeconfig=/absent"], "no cluster: there is no kubeconfig at /absent"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_four(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drill", *words]) == 4
    assert capsys.readouterr().err.startswith(f"upkeep: {sentence}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/namespaces/monitoring"),
        ("PATCH", "/api/v1/namespaces/monitoring/secrets/x"),
        ("PATCH", "{own}x/secrets/x"),
        ("PATCH", "{own}/secrets/../../monitoring/secrets/x"),
        ("PATCH", "{own}/pods/x"),
        ("DELETE", "{own}/secrets/x"),
        ("POST", "/api/v1/namespaces/monitoring/secrets"),
        ("PUT", "{own}/secrets/x"),
    ],
)
def test_nothing_else_can_be_written(method: str, path: str, tmp_path: Path) -> None:
    scratch = Scratch(
        Configuration(host="http://127.0.0.1:9"), clock=Clock(), meter=Meter(), deadline_seconds=1
    )
    with pytest.raises(ValueError, match="nothing is written to the cluster"):
        scratch.fetch(method, path.format(own=f"/api/v1/namespaces/{scratch.namespace}"))
