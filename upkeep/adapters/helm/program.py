"""The program helm, asked what an upgrade would be: rendered with look-ups at the server, as the acting identity, and nothing is written.

``helm upgrade --dry-run=server`` renders and looks; it runs no admission, so what it renders is
rehearsed at the API server besides. The live values go to it by its standard input, never to a
file. What it prints holds secrets: it is read and reduced here, and never shown; of its errors one
line, without a value of the release. It reads ``as`` and the rest of the kubeconfig itself.

Source: https://helm.sh/docs/helm/helm_upgrade/; helm.sh/helm/v3, pkg/action/upgrade.go; Helm 4 has the same options.
"""

import base64
import json
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from upkeep import deadline
from upkeep.adapters.helm.manifests import Manifest, manifest
from upkeep.adapters.helm.processes import removed_at_exit, run
from upkeep.adapters.helm.storage import MOST_BYTES, ReleasePayload
from upkeep.adapters.wire.text import one_line
from upkeep.clock import Clock
from upkeep.errors import Absent, Malformed, TimedOut, Unauthenticated, Unreachable
from upkeep.masking import MASK, mask
from upkeep.meter import note
from upkeep.records.releases import HelmRelease
from upkeep.shell import shell

# --dry-run=server came with it; before, --dry-run was yes or no, and looked at nothing.
LEAST_VERSION = (3, 13)
_VERSION = re.compile(r"v?(\d+)\.(\d+)\S*")
_FAILED = "UPGRADE FAILED: "
# What stands in an error where the API server was not reached, or did not answer: no verdict on the upgrade.
_NO_ANSWER = re.compile(
    r"cluster unreachable|connection refused|connection reset|no such host|no route to host|i/o timeout|TLS handshake|x509:|context deadline exceeded"
    r"|Client\.Timeout|unexpected EOF|etcdserver|Internal error occurred|[Tt]oo [Mm]any [Rr]equests|currently unable to handle|getting credentials",
)
_UNAUTHENTICATED = re.compile(r"must be logged in|provide credentials|\bUnauthorized\b")
# Of YAML that does not fit its type the parser quotes the beginning of the value.
LEAST_DIGITS = 6
_BACKQUOTED = re.compile(r"`[^`]*`")
_OVERRIDES = re.compile(
    r"HELM_(?:KUBE\w*|NAMESPACE|DEBUG|DRIVER\w*|CACHE_HOME|REPOSITORY_CACHE|CONTENT_CACHE)"
)


class HelmProgram(Struct, frozen=True):
    """A helm that can be run: where it is, and its version."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """What helm would install. The objects never show.

    :ivar hooks: what it would run before or after the upgrade, ``Job/x``.
    :ivar server_side: whether the server merges what it would send (Helm 4), or helm itself.
    """

    manifest: Manifest = field(repr=False)
    hooks: tuple[str, ...]
    server_side: bool


class Refusal(Struct, frozen=True):
    """Helm would not do it: its own words, masked."""

    message: str


def find(path: str | None, *, deadline_seconds: float) -> HelmProgram:
    """The program, asked for its version.

    :param path: where it was found; ``None`` where it was not.
    :raises Unmeasured: there is none, it does not run, or it is too old.
    """
    next_step = (
        "install helm 3.13 or newer, and put it on the PATH: https://helm.sh/docs/intro/install/"
    )
    if path is None:
        raise Absent(
            "There is no program helm on the PATH to rehearse an upgrade with",
            source="helm",
            next_step=next_step,
        )
    code, out, err = _run(
        [path, "version", "--template={{.Version}}"], _environment({}), deadline_seconds
    )
    text = out.decode(errors="replace").strip()
    found = _VERSION.fullmatch(text)
    if code != 0 or found is None:
        why = mask(_error(err))[:200] or "no version"
        raise Absent(
            f"{path} does not say which version of helm it is: {why}",
            source="helm version",
            next_step=next_step,
        )
    if (int(found[1]), int(found[2])) < LEAST_VERSION:
        raise Absent(
            f"{path} is helm {text}, which knows no dry run at the server",
            source="helm version",
            next_step=next_step,
        )
    return HelmProgram(path, text)


def upgrade(
    program: HelmProgram,
    release: HelmRelease,
    payload: ReleasePayload,
    *,
    chart: str,
    version: str,
    kubeconfig: str,
    context: str,
    deadline_seconds: float,
) -> Rendering | Refusal:
    """What ``helm upgrade`` of a release to another chart would render with the values that it has.

    :param chart: a file, a folder or an ``oci://`` address; ``version`` is of the last.
    :param kubeconfig: files as in ``KUBECONFIG``; ``context`` is that of the acting identity.
    :raises Unmeasured: it gave no verdict: the API server did not answer, it took too long, it is not what it says.
    """
    # A name alone: helm makes the folder where it fetches a chart, and it is removed below.
    cache = Path(tempfile.gettempdir()) / f"upkeep-helm-{secrets.token_hex(8)}"
    own = {
        "KUBECONFIG": os.pathsep.join(
            str(Path(part).expanduser()) for part in kubeconfig.split(os.pathsep) if part
        ),
        "HELM_DRIVER": release.storage.lower(),
        "HELM_CACHE_HOME": str(cache),
    }
    # Nothing after the two dashes is an option, whatever the release is called. The values come
    # by the standard input: a file of them would stay where this process is killed.
    words = [
        program.path, "upgrade", "--dry-run=server", "--reset-values", "--values=-", "--output=json",
        f"--namespace={release.namespace}", f"--kube-context={context}",
        *([f"--version={version}"] if chart.startswith("oci://") else []), "--", release.name, chart,
    ]  # fmt: skip
    note(shell("helm upgrade {} --version {} --dry-run=server", release.name, version))
    values = json.dumps(payload.values).encode()  # JSON is YAML
    with removed_at_exit(cache):
        code, out, err = _run(words, _environment(own), deadline_seconds, given=values)
    if code != 0:
        return _refusal(err, payload, release)
    return _rendering(out, release)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    """The user's variables, without those that change helm's identity or output."""
    return {
        name: value for name, value in os.environ.items() if not _OVERRIDES.fullmatch(name)
    } | dict(own)


def _run(
    words: Sequence[str],
    environment: Mapping[str, str],
    deadline_seconds: float,
    *,
    given: bytes = b"",
) -> tuple[int, bytes, bytes]:
    """Return exit code and outputs.

    It runs in a process group of its own, plugins for credentials included, which ends with the
    deadline and with this process.

    :param given: what it reads from its standard input.
    :raises Unmeasured: it cannot be run, or it takes too long.
    """
    name = " ".join([Path(words[0]).name, words[1]])
    seconds = min(deadline_seconds, max(deadline.ends() - Clock().monotonic(), 0.0))
    try:
        return run(words, environment, given=given, seconds=seconds)
    except OSError as error:
        raise Absent(
            f"{words[0]} cannot be run: {error.strerror}",
            source=name,
            next_step=shell("{} version", words[0]),
        ) from None
    except subprocess.TimeoutExpired:
        raise TimedOut(
            f"{name} had not answered after {seconds:g} s",
            source=name,
            next_step=shell("--limit=sweep_deadline={}s", f"{deadline_seconds * 4:g}"),
        ) from None


def _error(err: bytes) -> str:
    """What helm complains about, in one line: from its word Error on; warnings stand before, advice behind."""
    text = err.decode(errors="replace").partition("\nUse --debug flag")[0]
    return one_line(" ".join(text[max(text.rfind("Error: "), 0) :].removeprefix("Error: ").split()))


def _refusal(err: bytes, payload: ReleasePayload, release: HelmRelease) -> Refusal:
    """The verdict in an error of helm's.

    :raises Unmeasured: there is none in it.
    """
    line = _error(err)
    shown = _without_values(
        line, payload, public={release.name, release.namespace, release.chart_name}
    )[:300]
    source = "helm upgrade --dry-run=server"
    if _UNAUTHENTICATED.search(line):
        raise Unauthenticated(
            f"helm was not accepted by the API server: {shown}",
            source=source,
            next_step="log in again (a new token for the acting context)",
        )
    if _NO_ANSWER.search(line):
        raise Unreachable(
            f"helm did not reach the API server: {shown}", source=source, next_step="run again"
        )
    if not line.startswith(
        _FAILED
    ):  # an option that it does not know, a chart that it could not load
        raise Malformed(
            f"helm failed before it rendered the upgrade: {shown or 'without a word'}",
            source=source,
            next_step="helm version",
        )
    return Refusal(shown.removeprefix(_FAILED))


def _rendering(out: bytes, release: HelmRelease) -> Rendering:
    """What helm printed, as objects.

    :raises Malformed: it is not what was asked for.
    """
    source = "helm upgrade --dry-run=server"
    if len(out) > MOST_BYTES:
        raise Malformed(f"helm printed more than {MOST_BYTES} bytes", source=source)
    try:
        body = json.loads(out)
        text, hooks = body["manifest"], body.get("hooks") or []
        named = [
            f"{hook['kind']}/{hook['name']}"
            for hook in hooks
            if {"pre-upgrade", "post-upgrade"} & set(hook.get("events") or [])
        ]
        if body["name"] != release.name or not isinstance(text, str):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Malformed(
            f"helm printed no release in JSON ({len(out)} bytes)", source=source
        ) from None
    rendered = manifest(text, name="the manifest that helm rendered", namespace=release.namespace)
    return Rendering(rendered, tuple(dict.fromkeys(named)), body.get("apply_method") == "ssa")


def _without_values(line: str, payload: ReleasePayload, *, public: set[str]) -> str:
    """An error without anything that the release's values say: a template may print what it likes."""
    text = _BACKQUOTED.sub(f"`{MASK}`", line)
    for value in sorted(set(_texts(payload.values)) - public, key=len, reverse=True):
        # A short one may be a part of other words.
        text = (
            re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, text)
            if len(value) < 12
            else text.replace(value, MASK)
        )
    return mask(text)


def _texts(value: object) -> Iterator[str]:
    """The texts of the values: whole, line by line, as JSON and Go write them in quotes, and in base64."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        for text in (
            value,
            *value.splitlines(),
            json.dumps(value)[1:-1],
            base64.b64encode(value.encode(errors="replace")).decode(),
        ):
            if len(text.strip()) >= 4:
                yield text.strip()
    elif (
        isinstance(value, int | float) and len(str(value)) >= LEAST_DIGITS
    ):  # a smaller one is a port or a size, not a key
        yield str(value)
