"""upkeep doctor: the rights that the controls declare, each asked, and what ends a control that could not be measured."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import ROOT
from upkeep.__main__ import main
from upkeep.commands.roles import USUAL_NAMES
from upkeep.commands.suite import declared
from upkeep.records.rights import IDENTITY


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    """Its exit code, the lines that it prints, and what it complains about."""
    code = main(["doctor", *words])
    said = capsys.readouterr()
    return code, said.out.splitlines(), said.err


@pytest.mark.parametrize("scenario", ["healthy", "chart"])
def test_where_everything_may_be_read_every_right_is_there_and_every_control_measured(
    scenario: str, capsys: pytest.CaptureFixture[str]
):
    code, lines, _ = doctor(capsys, "--", f"--demo={scenario}")
    rights = [line for line in lines if line.startswith("  ")]
    assert (code, lines[-1]) == (0, "Controls: 13 of 13 can be measured")
    assert {line.split()[0] for line in rights} == {"yes"}
    # What has no usual name (where Alertmanager's configuration is stored) is asked for by no question of doctor's own.
    needed = {right for rights in declared(["daily"]).values() for right in rights} | {IDENTITY}
    assert len(rights) == sum(not right.names or bool(USUAL_NAMES[right.names]) for right in needed)
    # Two of them are of one verb and resource, and of two namespaces.
    assert (
        sum(line.startswith("  yes   list services in namespace monitoring: ") for line in rights)
        == 1
    )
    assert sum(line.startswith("  yes   list services: ") for line in rights) == 1


def test_a_right_that_is_missing_is_named_with_what_needs_it_and_the_line_that_ends_it(
    capsys: pytest.CaptureFixture[str],
):
    code, lines, _ = doctor(capsys, "--", "--demo=forbidden@cronjobs")
    assert code == 1
    assert [line for line in lines if line.startswith("  no ")] == [
        "  no    list cronjobs: backup-job-healthy"
    ]
    assert lines[-4] == "Controls: 12 of 13 can be measured"
    assert lines[-3] == "  backup-job-healthy"
    assert lines[-2].startswith("      forbidden: ")
    assert lines[-1] == "      upkeep rbac --namespace=monitoring --user=demo | kubectl apply -f -"


def test_one_cause_of_many_is_told_once(capsys: pytest.CaptureFixture[str]):
    code, lines, _ = doctor(capsys, "--", "--demo=expired@all")
    (cause,) = [line for line in lines if line.startswith("      unauthenticated: ")]
    assert (code, "Controls: 0 of 13 can be measured" in lines) == (1, True)
    assert "the token has expired or was never valid" in cause
    # That nobody could be asked is no answer.
    assert {
        line.partition(": unauthenticated")[0] for line in lines if line.startswith("  could")
    } == {"  could not ask"}
    assert not [line for line in lines if line.startswith(("  yes", "  no "))]


def test_the_cadences_are_ours_to_choose(capsys: pytest.CaptureFixture[str]):
    code, lines, _ = doctor(capsys, "--cadence=daily", "--cadence=weekly", "--", "--demo")
    assert (code, lines[-1]) == (
        0,
        f"Controls: {len(declared(['daily', 'weekly']))} of {len(declared(['daily', 'weekly']))} can be measured",
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--cadence=dayly"], "invalid choice: 'dayly'"),
        (["--", "--demo=helthy"], "no scenario is called 'helthy'; the nearest is 'healthy'"),
        (["--", "--demo=two-collectors"], "Namespace monitoring has 2 collectors"),
        (["--", "--kubeconfig=/nowhere"], "there is no kubeconfig at /nowhere"),
    ],
)
def test_bad_input_is_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
):
    code, _, said = doctor(capsys, *words)
    assert (code, sentence in said, "Traceback" in said) == (4, True, False)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[socket.socket, Path]]:
    """A server that accepts connections and never answers, and its kubeconfig."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        path = tmp_path / "kubeconfig"
        path.write_text(
            yaml.safe_dump(
                {
                    "current-context": "c",
                    "clusters": [{"name": "c", "cluster": {"server": address}}],
                    "users": [{"name": "c", "user": {"token": "t"}}],
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
                }
            )
        )
        yield server, path


def test_a_server_that_never_answers_leaves_every_right_open(
    silent: tuple[socket.socket, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    limits = ("--limit=request_deadline=1s", "--limit=sweep_deadline=1s")
    code, lines, _ = doctor(capsys, f"--kubeconfig={silent[1]}", *limits)
    assert (code, "Controls: 0 of 13 can be measured" in lines) == (1, True)
    rights = [line for line in lines if line.startswith("  could")]
    assert rights
    assert all(line.startswith("  could not ask: timed-out ") for line in rights)


def test_an_interrupt_on_a_slow_api_ends_it_at_once(silent: tuple[socket.socket, Path]) -> None:
    server, kubeconfig = silent
    ran = subprocess.Popen(
        [sys.executable, "-m", "upkeep", "doctor", f"--kubeconfig={kubeconfig}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with server.accept()[0]:
        began = time.monotonic()
        ran.send_signal(signal.SIGINT)
        out, err = ran.communicate(timeout=60)
    assert (ran.returncode, out, err) == (2, "", "upkeep: interrupted\n")
    assert time.monotonic() - began < 8  # a request has 10 s
