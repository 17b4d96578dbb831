"""The embedded cluster's program helm: a script that answers an upgrade with a canned rendering.

It is really run. The tests on the real control plane use the real helm.
"""

import base64
import gzip
import json
import os
import shlex
from pathlib import Path

from upkeep.demo.objects import releases
from upkeep.demo.state import Object, State

VERSION = "v3.22.0"
# It demands the adapter's options, the values by standard input, and the release after the dashes.
SCRIPT = """#!/bin/sh
case "$1" in
version) echo {version}; exit ;;
upgrade) shift ;;
*) echo "Error: unknown command \\"$1\\" for \\"helm\\"" >&2; exit 1 ;;
esac
for word; do
    case "$word" in
    --dry-run=server) dry=yes ;;
    --values=-) test -n "$(cat)" && values=yes ;;
    --) shift; break ;;
    esac
    shift
done
if [ "$dry$values" != yesyes ]; then echo "Error: this helm only rehearses" >&2; exit 1; fi
if [ "$1" != {release} ]; then echo "Error: UPGRADE FAILED: \\"$1\\" has no deployed releases" >&2; exit 1; fi
test -e {refusal} && {{ cat {refusal} >&2; exit 1; }}
exec cat {rendering}
"""


def write(state: State, folder: Path) -> Path | None:
    """Write the program into a private folder; ``None`` where the scenario has none."""
    if state.helm_refusal is None:
        return None
    path, rendering, refusal = (folder / name for name in ("helm", "rendering.json", "refusal"))
    rendering.write_text(json.dumps(rendered(state)), encoding="utf-8")
    if state.helm_refusal:
        refusal.write_text(f"Error: UPGRADE FAILED: {state.helm_refusal}\n", encoding="utf-8")
    names = {"release": state.fullname, "refusal": str(refusal), "rendering": str(rendering)}
    text = SCRIPT.format(
        version=VERSION, **{name: shlex.quote(value) for name, value in names.items()}
    )
    with open(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    return path


def rendered(state: State) -> Object:
    """Return the release as helm prints it: the stored one with the newest chart's differences."""
    body = stored(state)
    text = body.get("manifest", "")
    for old, new in state.upgrade:
        text = text.replace(old, new)
    return {
        "name": state.fullname,
        "namespace": state.namespace,
        "version": body.get("version", 0) + 1,
        "manifest": text,
        "hooks": [],
    }


def stored(state: State) -> Object:
    """Return the stored release; empty where there is none."""
    for plural in ("secrets", "configmaps"):
        for item in state.objects[plural]:
            if item["metadata"]["labels"].get("owner") == "helm":
                text = item["data"]["release"]
                body: Object = json.loads(
                    gzip.decompress(
                        base64.b64decode(base64.b64decode(text) if plural == "secrets" else text)
                    )
                )
                return body
    return {}


def newer(state: State) -> list[tuple[str, str]]:
    """Return a newer chart's differences: its own version, and the image's."""
    name, version = releases.CHARTS[state.layout]
    tag = releases.APP_VERSIONS[state.layout]
    return [
        (f"{name}-{version}", f"{name}-{following(version)}"),
        (f"{name}:{tag}", f"{name}:{following(tag)}"),
    ]


def following(version: str) -> str:
    """Return the next patch version."""
    head, _, patch = version.rpartition(".")
    return f"{head}.{int(patch) + 1}"
