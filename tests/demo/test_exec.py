"""exec over WebSocket, asked by the official client."""

import pytest
import yaml
from kubernetes import client, stream

from tests.demo.conftest import official
from upkeep import demo


def run(cluster: demo.Cluster, *command: str) -> tuple[str, str, dict[str, object]]:
    """stdout, stderr and the Status of a command in the first pod."""
    with official(cluster) as api:
        name = cluster.state.pods[0]["metadata"]["name"]
        session = stream.stream(
            client.CoreV1Api(api).connect_get_namespaced_pod_exec, name, cluster.namespace, command=list(command),
            container="cano-collector", stdin=False, stdout=True, stderr=True, tty=False, _preload_content=False,
        )  # fmt: skip
        session.run_forever(timeout=60)
        out, err = session.read_stdout(timeout=0), session.read_stderr(timeout=0)
        verdict = yaml.safe_load(session.read_channel(stream.ws_client.ERROR_CHANNEL))
        session.close()
        session.sock.shutdown()  # close() leaves the socket to the garbage collector when the server was quicker
    return out, err, verdict


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("df -P", "1024-blocks"),
        ("df -h", "Use%"),
        ("netstat -an", "ESTABLISHED"),
        ("netstat -an | wc -l", "14"),
        ("cano-collector --version", "1.4.2"),
    ],
)
def test_the_guide_image_has_a_shell(script: str, expected: str) -> None:
    with demo.start("healthy") as cluster:
        out, err, verdict = run(cluster, "sh", "-c", script)
    assert expected in out
    assert (err, verdict["status"]) == ("", "Success")


def test_an_unknown_command_ends_with_127() -> None:
    with demo.start("healthy") as cluster:
        out, err, verdict = run(cluster, "/bin/sh", "-c", "lsof -i")
    assert (out, err) == ("", "sh: lsof: not found\n")
    assert verdict["reason"] == "NonZeroExitCode"
    assert verdict["details"] == {"causes": [{"reason": "ExitCode", "message": "127"}]}


@pytest.mark.parametrize(
    ("scenario", "command"),
    [("chart", ("sh", "-c", "df -P")), ("chart", ("df", "-P")), ("healthy", ("lsof",))],
)
def test_what_is_not_in_the_image_cannot_be_started(
    scenario: str, command: tuple[str, ...]
) -> None:
    with demo.start(scenario) as cluster:
        out, _, verdict = run(cluster, *command)
    assert out == ""
    assert f'exec: "{command[0]}": executable file not found in $PATH' in str(verdict["message"])
