"""The container's shell by testinfra, and testinfra's ``host``, which would be this machine."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from upkeep import demo
from upkeep.adapters.cluster.execution.shell import ExecBackend, container_host
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.cluster.identity.kubeconfig import load
from upkeep.errors import (
    Absent,
    Forbidden,
    Malformed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unavailable,
    Unmeasured,
    Unreachable,
)
from upkeep.meter import SOURCES
from upkeep.settings.targets import TargetSettings

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def access(cluster: demo.Cluster) -> Configuration:
    return load(TargetSettings(kubeconfig=str(cluster.kubeconfig)), environ={}).configuration


def collector_of(cluster: demo.Cluster, **options: float):
    pod = cluster.state.pods[0]["metadata"]["name"]
    return container_host(access(cluster), cluster.namespace, pod, "cano-collector", **options)


@pytest.fixture(scope="module")
def guide() -> Iterator[demo.Cluster]:
    with demo.start("healthy", now=lambda: NOON) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def chart() -> Iterator[demo.Cluster]:
    with demo.start("chart", now=lambda: NOON) as cluster:
        yield cluster


def test_a_command_runs_in_the_container(guide: demo.Cluster) -> None:
    ran = collector_of(guide).run("df -P")
    assert (ran.rc, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[1] == "overlay           52428800 18874368  33554432      36% /"


def test_arguments_are_quoted(guide: demo.Cluster) -> None:
    assert collector_of(guide).check_output("echo %s", "two  words") == "two  words"


def test_an_exit_code_is_a_result(guide: demo.Cluster) -> None:
    assert collector_of(guide).run("false").rc == 1


def test_testinfra_knows_what_is_there(guide: demo.Cluster) -> None:
    host = collector_of(guide)
    assert (host.exists("df"), host.exists("nethogs")) == (True, False)
    assert host.find_command("netstat") == "/usr/bin/netstat"


def test_the_source_is_noted_without_arguments(guide: demo.Cluster) -> None:
    token = SOURCES.set([])
    try:
        collector_of(guide).run("echo s3cret")
        assert SOURCES.get() == [
            f"exec echo in Pod/{guide.state.pods[0]['metadata']['name']} container/cano-collector"
        ]
    finally:
        SOURCES.reset(token)


def test_a_program_that_is_not_there_is_absent(guide: demo.Cluster) -> None:
    with pytest.raises(
        Absent,
        match=r"^nethogs could not be run in container cano-collector of pod \S+ \(exit code 127\)",
    ):
        collector_of(guide).run("nethogs --version")


@pytest.mark.parametrize("command", ["df -P", "command -v df"])
def test_an_image_without_a_shell_is_absent(chart: demo.Cluster, command: str) -> None:
    with pytest.raises(Absent, match="has no shell"):
        collector_of(chart).run(command)


def test_no_question_of_testinfra_becomes_a_no_without_a_shell(chart: demo.Cluster) -> None:
    host = collector_of(chart)
    with pytest.raises(Absent, match="has no shell"):
        host.exists("df")
    with pytest.raises(Absent, match="has no shell"):
        assert host.file("/etc/cano-collector").exists


@pytest.mark.parametrize("ask", ["check_output", "run_test"])
def test_an_expectation_of_testinfra_is_no_assertion(
    guide: demo.Cluster, ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = status(reason="ExitCode", message="2")
    monkeypatch.setattr(ExecBackend, "_exchange", lambda *_: (b"s3cret", b"s3cret", ended))
    with pytest.raises(Malformed, match="frob ended with exit code 2") as told:
        getattr(collector_of(guide), ask)("frob s3cret")
    assert "s3cret" not in str(told.value) + told.value.source + told.value.next_step


def test_eight_commands_at_once_have_eight_answers(guide: demo.Cluster) -> None:
    host = collector_of(guide)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: host.check_output("echo %s", str(number)), range(8)))
    assert answers == [str(number) for number in range(8)]


def status(**cause: str) -> bytes:
    return json.dumps(
        {"status": "Failure", "message": "it ended", "details": {"causes": [cause]}}
    ).encode()


@pytest.mark.parametrize(
    ("stdout", "ended", "kind", "words"),
    [
        (b"", b"", Truncated, "ended before the command did"),
        (b"some", b"", Truncated, "ended before the command did"),
        (b"", b"<html>", Malformed, "no Status"),
        (b"", b"[]", Malformed, "no Status"),
        (b"", b"{}", Malformed, "no Status"),
        (b"", b'{"status": "Failure"}', Unavailable, "not started"),
        (b"", status(reason="ExitCode", message="lots"), Unavailable, "not started"),
        (b"", status(reason="ExitCode", message="126"), Absent, "exit code 126"),
        (b"", status(reason="ExitCode", message="127"), Absent, "exit code 127"),
        (
            b'exec: "sh": executable file not found in $PATH',
            status(reason="ExitCode", message="126"),
            Absent,
            "has no shell",
        ),
        (
            b"",
            b'{"status": "Failure", "message": "executable file `sh` not found in $PATH"}',
            Absent,
            "has no shell",
        ),
        (
            b"",
            b'{"status": "Failure", "message": "exec: \\"/bin/sh\\": stat /bin/sh: no such file or directory"}',
            Absent,
            "has no shell",
        ),
    ],
)
def test_an_end_that_is_none_is_no_result(
    guide: demo.Cluster,
    monkeypatch: pytest.MonkeyPatch,
    stdout: bytes,
    ended: bytes,
    kind: type[Unmeasured],
    words: str,
) -> None:
    monkeypatch.setattr(ExecBackend, "_exchange", lambda *_: (stdout, b"", ended))
    with pytest.raises(kind, match=words):
        collector_of(guide).run("df -P")


def test_bytes_that_are_no_text_do_not_hide_the_rest(
    guide: demo.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ExecBackend, "_exchange", lambda *_: (b"/data/\xff 36%\n", b"", b'{"status": "Success"}')
    )
    assert collector_of(guide).check_output("df -P") == "/data/\ufffd 36%"


def test_a_pod_that_is_not_there_is_absent(guide: demo.Cluster) -> None:
    with pytest.raises(Absent, match="no such pod"):
        container_host(access(guide), guide.namespace, "nobody", "cano-collector").run("df -P")


def answering(reply: bytes) -> tuple[Configuration, socket.socket]:
    """An API server that answers the handshake with this and nothing more; nothing at all for nothing."""
    listening = socket.create_server(("127.0.0.1", 0))
    configuration = Configuration(f"http://127.0.0.1:{listening.getsockname()[1]}")

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(reply)
            while not reply and connection.recv(65536):
                pass

    threading.Thread(target=serve, daemon=True).start()
    return configuration, listening


def refusal(code: int, body: str = "s3cret") -> bytes:
    return f"HTTP/1.1 {code} No\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (401, Unauthenticated, "does not accept the credentials"),
        (403, Forbidden, "the identity may not"),
        (404, Absent, "no such pod"),
        (400, Absent, "no such container"),
        (429, Unavailable, "answered 429"),
        (500, Unavailable, "answered 500"),
        (503, Unavailable, "answered 503"),
        (200, Malformed, "answered 200"),
        (418, Malformed, "answered 418"),
    ],
)
def test_a_refused_handshake_says_why(code: int, kind: type[Unmeasured], words: str) -> None:
    configuration, listening = answering(refusal(code))
    with listening, pytest.raises(kind, match=words) as told:
        container_host(configuration, "monitoring", "collector-1", "cano-collector").run(
            "df %s", "s3cret-argument"
        )
    assert type(told.value) is kind
    assert "s3cret-argument" not in str(told.value) + told.value.source + told.value.next_step


@pytest.mark.parametrize(
    ("user", "option"),
    [("jane", " --user=jane"), ("system:serviceaccount:monitoring:x", " --service-account=x"), ("", "")],
)  # fmt: skip
def test_who_may_not_run_a_command_is_named_in_the_step(user: str, option: str) -> None:
    message = f'pods "a" is forbidden: User "{user}" cannot create resource "pods/exec"'
    body = {"kind": "Status", "apiVersion": "v1", "message": message if user else "no"}
    configuration, listening = answering(refusal(403, json.dumps(body)))
    with listening, pytest.raises(Forbidden) as told:
        container_host(configuration, "monitoring", "collector-1", "cano-collector").run("df -P")
    step = f"upkeep rbac --exec --namespace=monitoring{option} | kubectl apply -f -"
    assert told.value.next_step == step


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        configuration = Configuration(f"http://127.0.0.1:{closed.getsockname()[1]}")
    with pytest.raises(Unreachable, match="cannot be reached") as told:
        container_host(configuration, "monitoring", "collector-1", "cano-collector").run("df -P")
    assert type(told.value) is Unreachable


def test_a_server_that_says_nothing_is_timed_out() -> None:
    configuration, listening = answering(b"")
    with listening, pytest.raises(TimedOut, match=r"not ended within 0\.2 s") as told:
        container_host(
            configuration, "monitoring", "collector-1", "cano-collector", deadline_seconds=0.2
        ).run("df -P")
    assert told.value.next_step == "--limit=request_deadline=0.4s"


def test_nothing_runs_on_this_machine(guide: demo.Cluster, tmp_path: Path) -> None:
    with pytest.raises(Unmeasured, match="on the machine that runs pytest"):
        collector_of(guide).backend.run_local("touch %s", str(tmp_path / "ran"))
    assert list(tmp_path.iterdir()) == []
