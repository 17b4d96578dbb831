"""The program of a kubeconfig that gives credentials: run with a deadline, and never trusted.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upkeep.errors import BadInput
from upkeep.masking import hide, mask

VERSIONS = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))
MODES = ("Never", "IfAvailable", "Always")
# A plugin fetches a token within seconds, unless it waits for a person. A person gets minutes.
PLUGIN_SECONDS = 60.0
PERSON_SECONDS = 300.0
MOST_SHOWN = 200
# kubectl runs it with the same arguments, which may be secret, and shows its complaints.
BY_KUBECTL = "To see its error: kubectl auth whoami"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a plugin gave. ``expires`` is the instant after which it is to be asked again."""

    token: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    key: str = field(default="", repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program and how it is run.

    :ivar where: the kubeconfig and its user, for messages.
    :ivar cluster: the cluster information for the plugin; ``None`` where it gets none.
    """

    where: str
    command: str
    arguments: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = field(repr=False)
    version: str
    mode: str
    hint: str
    cluster: Mapping[str, Any] | None = field(repr=False)

    def run(self, environ: Mapping[str, str]) -> Credential:
        """Return the credentials that the program prints.

        :raises BadInput: it cannot be run, fails, takes too long or prints something else.
        """
        interactive = self.mode != "Never" and sys.stdin is not None and sys.stdin.isatty()
        if self.mode == "Always" and not interactive:
            raise self._refused("needs a terminal to ask at, and there is none", "Log in first")
        spec: dict[str, Any] = {"interactive": interactive}
        if self.cluster is not None:
            spec["cluster"] = self.cluster
        asked = {"apiVersion": self.version, "kind": "ExecCredential", "spec": spec}
        variables = dict(environ) | dict(self.variables)
        variables["KUBERNETES_EXEC_INFO"] = json.dumps(asked)
        code, out = self._run(variables, interactive=interactive)
        if code != 0:
            raise self._refused(f"ended with exit code {code}", BY_KUBECTL)
        return self._credential(out)

    def _run(self, variables: Mapping[str, str], *, interactive: bool) -> tuple[int, bytes]:
        """Return the exit code and what it printed; its complaints are dropped.

        They may quote a token that nothing here knows. A person who runs it reads them.
        """
        seconds = PERSON_SECONDS if interactive else PLUGIN_SECONDS
        try:
            process = subprocess.Popen(
                [self.command, *self.arguments],
                env=dict(variables),
                stdin=None if interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # A person reads there what is to be done: a code for a device, a prompt.
                stderr=None if interactive else subprocess.DEVNULL,
                start_new_session=not interactive,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "an argument that no program can take"
            hint = f" {mask(self.hint)[:MOST_SHOWN]}" if self.hint else ""
            raise self._refused(f"cannot be run: {why}", f"Install it.{hint}") from None
        with process:
            try:
                out, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                raise self._refused(
                    f"had not answered after {seconds:g} s",
                    "Log in first, or use a kubeconfig with a token",
                ) from None
            finally:
                if process.returncode is None:
                    # Not waited for yet, so that the number is still its own.
                    with contextlib.suppress(ProcessLookupError):
                        if interactive:
                            process.kill()
                        else:
                            os.killpg(process.pid, signal.SIGKILL)
        return process.returncode, out

    def _credential(self, out: bytes) -> Credential:
        try:
            answer = json.loads(out)
            status = answer["status"]
            if answer["kind"] != "ExecCredential" or not isinstance(status, dict):
                raise ValueError
            version = answer["apiVersion"]
            texts = [
                status.get(key) or "" for key in ("token", "clientCertificateData", "clientKeyData")
            ]
            if not all(isinstance(text, str) for text in texts):
                raise ValueError
            token, certificate, key = texts
            until = status.get("expirationTimestamp")
            expires = datetime.fromisoformat(until) if until else None
        except (ValueError, KeyError, TypeError, RecursionError):
            # What it printed stays out of the message: it may be half a credential.
            raise self._refused(
                f"printed no ExecCredential ({len(out)} bytes)", BY_KUBECTL
            ) from None
        hide(token, key)
        if version != self.version:
            raise self._refused(
                f"answered in another apiVersion than {self.version}", "Set its apiVersion"
            )
        if not token and not (certificate and key):
            raise self._refused(
                "gave neither a token nor a certificate with its key",
                "Log in again",
            )
        if expires is not None and expires.tzinfo is None:
            expires = expires.replace(tzinfo=UTC)
        return Credential(token, certificate, key, expires)

    def _refused(self, what: str, step: str) -> BadInput:
        return BadInput(f"{self.where}: the exec plugin {self.command} {what}. {step}")


def command_of(command: str, *, folder: Path) -> str:
    """Return the program: by its name on the PATH, or relative to the kubeconfig's folder."""
    return str(folder / command) if os.sep in command else command
