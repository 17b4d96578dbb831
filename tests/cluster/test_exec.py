"""exec over WebSocket, by the official client: the embedded cluster answers as a real API server and kubelet do."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config, stream

from tests.cluster.plane.controlplane import ControlPlane
from tests.cluster.plane.layouts import Install
from upkeep import demo

# Exit codes are not among them: kwok answers InternalError for every code, where a kubelet says NonZeroExitCode, as the embedded cluster does.
COMMANDS = {
    "a program": ["echo", "hi"],
    "a script": ["sh", "-c", "echo a; echo b"],
    "success without a word": ["sh", "-c", "true"],
}


def answer(
    kubeconfig: Path,
    namespace: str,
    pod: str,
    command: list[str],
    *,
    container: str = "cano-collector",
) -> Any:
    """stdout and the verdict, or the status with which the exec itself was refused."""
    api = config.new_client_from_config(str(kubeconfig))
    try:
        session = stream.stream(
            client.CoreV1Api(api).connect_get_namespaced_pod_exec, pod, namespace, command=command, container=container,
            stdin=False, stdout=True, stderr=True, tty=False, _preload_content=False,
        )  # fmt: skip
    except client.ApiException as error:
        return str(error.reason).split(" -+-+-")[
            0
        ]  # the handshake's status; its body is not part of it
    finally:
        api.close()
    session.run_forever(timeout=60)
    out = session.read_stdout(timeout=0)
    verdict = yaml.safe_load(session.read_channel(stream.ws_client.ERROR_CHANNEL))
    session.close()
    session.sock.shutdown()
    return (
        out,
        {key: verdict.get(key) for key in ("status", "reason")},
        (verdict.get("details") or {}).get("causes"),
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_ends_alike(command: str, plane: ControlPlane, guide: Install) -> None:
    real = answer(
        plane.kubeconfig("admin"), guide.namespace, sorted(guide.addresses)[0], COMMANDS[command]
    )
    with demo.start("healthy", now=lambda: datetime.now(UTC)) as embedded:
        pod = embedded.state.pods[0]["metadata"]["name"]
        assert answer(embedded.kubeconfig, embedded.namespace, pod, COMMANDS[command]) == real


@pytest.mark.parametrize(("pod", "container"), [("nowhere", "cano-collector"), ("", "nobody")])
def test_what_cannot_be_executed_in_is_refused_alike(
    pod: str, container: str, plane: ControlPlane, guide: Install
) -> None:
    there = sorted(guide.addresses)[0]
    real = answer(
        plane.kubeconfig("admin"), guide.namespace, pod or there, ["true"], container=container
    )
    with demo.start("healthy", now=lambda: datetime.now(UTC)) as embedded:
        name = pod or embedded.state.pods[0]["metadata"]["name"]
        assert (
            answer(embedded.kubeconfig, embedded.namespace, name, ["true"], container=container)
            == real
        )
