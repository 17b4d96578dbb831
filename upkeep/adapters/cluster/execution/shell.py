"""Commands in a container, by testinfra over the API server's exec; the only file that imports testinfra.

testinfra's own ``host`` is by default the machine that runs pytest: a check that asked for it would judge the wrong
machine. ``fixtures/host.py`` refuses it; ``container_host`` makes hosts that are a container. What a container has no program for
cannot be measured; testinfra's own word for that, an AssertionError, would read as a failed check and is never raised.

The API's side: "exec" of core/v1 Pod, WebSocket subprotocol v5.channel.k8s.io, where channel 3 carries the command's end as a Status.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from testinfra.backend.base import (
    BaseBackend,
    CommandResult,
)  # no cost: testinfra's own plugin has imported it before us
from testinfra.host import Host
from urllib3 import exceptions as urllib3_errors

from upkeep import deadline
from upkeep.adapters.cluster.answers import Answer
from upkeep.adapters.cluster.execution.websocket import Broken, Rejected, exchange
from upkeep.adapters.cluster.failures import subject_option, user_of
from upkeep.adapters.cluster.identity.connection import Configuration
from upkeep.adapters.wire.proxies import shown
from upkeep.adapters.wire.unreached import is_late, why
from upkeep.clock import Clock
from upkeep.errors import (
    Absent,
    BadInput,
    Forbidden,
    Malformed,
    TimedOut,
    Truncated,
    Unauthenticated,
    Unavailable,
    Unmeasured,
    Unreachable,
)
from upkeep.masking import mask
from upkeep.meter import note
from upkeep.shell import shell

DEADLINE_SECONDS = 10.0
ERROR_CHANNEL = 3
# How a container runtime says that the very program is missing: runc by name and by path, crun.
NO_PROGRAM = re.compile(r"executable file (\S+ )?not found|exec: \S+ stat \S+ no such file")
# POSIX: 127 is "not found", 126 "found but cannot be executed".
NOT_RUN = (126, 127)


def container_host(
    configuration: Configuration,
    namespace: str,
    pod: str,
    container: str,
    *,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> ContainerHost:
    """The container as testinfra's host. No request is made before its first command.

    :param configuration: the access's, as ``upkeep.adapters.cluster.identity.kubeconfig.load(…).configuration``.
    :param deadline_seconds: for each command, from the connection to its end.
    """
    backend = ExecBackend(
        configuration,
        namespace=namespace,
        pod=pod,
        container=container,
        deadline_seconds=deadline_seconds,
    )
    made = ContainerHost(backend)
    backend.set_host(made)
    return made


class ContainerHost(Host):  # type: ignore[misc]  # testinfra ships no types
    """testinfra's host, whose expectations raise ``Malformed`` instead of AssertionError: they are about the measurement alone."""

    # POSIX demands it of every shell; testinfra would ask with one more request, and else use a `which` that few images have.
    has_command_v = True

    def run_expect(
        self, expected: list[int], command: str, *args: str, **kwargs: Any
    ) -> CommandResult:
        """The result of a command that must end with one of the exit codes.

        :raises Malformed: it ended with another one; its output stays out of the message.
        """
        out = self.run(command, *args, **kwargs)
        if out.rc not in expected:
            raise Malformed(
                f"{self.backend.hostname}: {_first_word(command)} ended with exit code {out.rc}",
                source=self.backend.get_pytest_id(),
            )
        return out

    def check_output(self, command: str, *args: str, **kwargs: Any) -> str:
        """What a command printed, without its last newline.

        :raises Malformed: its exit code is not 0.
        """
        text: str = self.run_expect([0], command, *args, **kwargs).stdout
        return text.rstrip("\r\n")


class ExecBackend(BaseBackend):  # type: ignore[misc]  # testinfra ships no types
    """testinfra's way to a container: each command is one exec."""

    NAME = "exec"

    def __init__(
        self,
        configuration: Configuration,
        *,
        namespace: str,
        pod: str,
        container: str,
        deadline_seconds: float,
    ) -> None:
        super().__init__(f"{namespace}/{pod}/{container}")
        self._encoding = "utf-8"  # testinfra would ask the container's Python
        self._configuration = configuration
        self._namespace, self._pod, self._container = namespace, pod, container
        self._deadline_seconds = deadline_seconds
        self._clock = Clock()  # sockets know no other

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:
        """Runs a command by the container's ``sh``. An exit code of its own, 0 or not, is a result.

        :raises Absent: no shell in the image, or no such program; no such pod or container.
        :raises Unmeasured: Forbidden, Unauthenticated, Unavailable, Unreachable, TimedOut; Truncated where the command's end is not known.
        """
        text = self.get_command(command, *args)
        word = _first_word(text)
        source = f"exec {word} in Pod/{self._pod} container/{self._container}"
        note(source)
        stdout, stderr, status = self._exchange(["sh", "-c", text], source)
        code = self._exit_code(status, source)
        if code in NOT_RUN and NO_PROGRAM.search(
            self.decode(stdout + stderr)
        ):  # cri-dockerd tells it so
            raise self._failed(self.decode(stdout + stderr), source)
        # `command -v NAME` asks whether there is such a program: dash says no with 127, bash with 1.
        if code in NOT_RUN and not (code == 127 and text.startswith("command -v ")):
            raise Absent(
                f"{word} could not be run in container {self._container} of pod {self._pod} (exit code {code}): its image has no such program",
                source=source,
            )
        # Not by BaseBackend.result(): it logs what was printed.
        return CommandResult(self, code, text.encode(), stdout, stderr)

    def run_local(self, command: str, *args: str) -> NoReturn:
        """Refuses to run anything on the machine that runs pytest.

        :raises Unmeasured: always.
        """
        raise Unmeasured("Nothing is run on the machine that runs pytest.", source=self.hostname)

    def decode(self, data: bytes) -> str:
        """UTF-8; a byte that is none must not hide the rest of a table."""
        return data.decode("utf-8", errors="replace")

    def _exit_code(self, status: bytes, source: str) -> int:
        """The command's exit code from the Status of its end.

        :raises Absent: the image has no shell.
        """
        if not status:
            raise Truncated(
                f"{source}: the connection ended before the command did",
                source=source,
                next_step="run again",
            )
        try:
            verdict = json.loads(status)
        except (ValueError, RecursionError):
            raise Malformed(f"{source}: the command's end is no Status", source=source) from None
        if not isinstance(verdict, dict) or verdict.get("status") not in ("Success", "Failure"):
            raise Malformed(f"{source}: the command's end is no Status", source=source)
        if verdict["status"] == "Success":
            return 0
        message = str(verdict.get("message") or "")
        details = verdict.get("details")
        causes = details.get("causes") if isinstance(details, dict) else None
        for cause in causes if isinstance(causes, list) else []:
            if (
                isinstance(cause, dict)
                and cause.get("reason") == "ExitCode"
                and str(cause.get("message", "")).isdecimal()
            ):
                return int(cause["message"])
        raise self._failed(message, source)

    def _failed(self, message: str, source: str) -> Unmeasured:
        """Why a command was not even started."""
        if NO_PROGRAM.search(message):
            return Absent(
                f"The image of container {self._container} of pod {self._pod} has no shell: its files and processes cannot be read.",
                source=source,
                next_step="--prometheus=URL, whose metrics need no shell",
            )
        return Unavailable(
            f"{source}: the command was not started: {mask(message)[:200]}", source=source
        )

    def _exchange(self, words: list[str], source: str) -> tuple[bytes, bytes, bytes]:
        """Return stdout, stderr and the Status of the command's end.

        :raises Unmeasured: the API server refused, was not reached, or took too long.
        """
        path = f"/api/v1/namespaces/{self._namespace}/pods/{self._pod}/exec"
        query = [("container", self._container), ("stdout", "true"), ("stderr", "true")]
        query += [("stdin", "false"), ("tty", "false"), *(("command", word) for word in words)]
        server = self._configuration.host
        left = min(self._deadline_seconds, deadline.ends() - self._clock.monotonic())
        try:
            channels = exchange(self._configuration, path, query, seconds=left)
        except Rejected as error:
            raise self._not_connected(error, source) from None
        except BadInput as error:  # a plugin or a token file that gave something before
            raise Unauthenticated(str(error), source=source) from None
        except Broken as error:
            raise Truncated(f"{source}: {error}", source=source, next_step="run again") from None
        except (urllib3_errors.HTTPError, OSError) as error:
            if isinstance(error, TimeoutError) or (
                isinstance(error, urllib3_errors.HTTPError) and is_late(error)
            ):
                raise TimedOut(
                    f"{source}: not ended within {self._deadline_seconds:g} s",
                    source=source,
                    next_step=shell(
                        "--limit=request_deadline={}s", f"{self._deadline_seconds * 2:g}"
                    ),
                ) from None
            proxy = shown(self._configuration.proxy)
            raise Unreachable(
                f"{source}: {server} cannot be reached: {why(error, proxy=proxy)}", source=source
            ) from None
        out, err, status = (channels.get(channel, b"") for channel in (1, 2, ERROR_CHANNEL))
        return out, err, status

    def _not_connected(self, error: Rejected, source: str) -> Unmeasured:
        """Return what kept the WebSocket from opening."""
        code, message = error.status, error.body
        server = self._configuration.host
        if code == 401:
            return Unauthenticated(
                f"{server} does not accept the credentials (401)",
                source=source,
                next_step="kubectl auth whoami",
            )
        if code == 403:
            # From Kubernetes 1.35 on exec by WebSocket needs create as well as get.
            answer = Answer(code, "application/json", message.encode(), 0.0)
            who = subject_option(user_of(answer), self._namespace)
            return Forbidden(
                f"{source}: the identity may not (403)",
                source=source,
                next_step=shell(
                    "upkeep rbac --exec --namespace={}{} | kubectl apply -f -", self._namespace, who
                ),
            )
        if code == 404:
            return Absent(
                f"{source}: there is no such pod (404)",
                source=source,
                next_step=shell("kubectl -n {} get pods", self._namespace),
            )
        if code == 400:
            return Absent(
                f"{source}: no such container, or it does not run (400): {mask(message)[:200]}",
                source=source,
            )
        if code == 429 or code >= 500:
            failed = self._failed(message, source)
            return (
                failed
                if isinstance(failed, Absent)
                else Unavailable(f"{source}: {server} answered {code}", source=source)
            )
        return Malformed(
            f"{source}: {server} answered {code} to a WebSocket's handshake; "
            "is it really the API server?",
            source=source,
        )


def _first_word(command: str) -> str:
    """The program of a command. Its arguments may hold anything and stay out of messages."""
    words = command.split(maxsplit=1)
    return words[0] if words else "nothing"
