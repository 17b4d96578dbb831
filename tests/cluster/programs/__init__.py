"""Where the programs of the control plane are: the folder that KUBEBUILDER_ASSETS names, or built once from the pinned Go modules here."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION = "v1.36.3"
MODULES = {
    "controlplane": {
        "server": "etcd",
        "kube-apiserver": "kube-apiserver",
        "kube-controller-manager": "kube-controller-manager",
        "kubectl": "kubectl",
    },
    "kwok": {"kwok": "kwok"},
    # Both majors are in use, and an upgrade is rehearsed by whichever is there.
    "helm3": {"helm": "helm3"},
    "helm4": {"helm": "helm4"},
    # The judge of Alertmanager's routes.
    "alertmanager": {"amtool": "amtool"},
}
# Kinds of other programs: the module that defines each, and the file.
DEFINITIONS = {
    "prometheusrules": (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
    "analysistemplates": (
        "github.com/argoproj/argo-rollouts@v1.8.3",
        "manifests/crds/analysis-template-crd.yaml",
    ),
}
_LDFLAGS = f"-s -w -X k8s.io/component-base/version.gitVersion={VERSION}"
_HERE = Path(__file__).parent


def program(name: str) -> Path:
    """The path of a program; it is built when KUBEBUILDER_ASSETS does not hold it.

    :raises RuntimeError: it must be built and there is no Go.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and (Path(assets) / name).exists():
        return Path(assets) / name
    module = next(module for module, programs in MODULES.items() if name in programs.values())
    return _built(module) / name


def kwok_stages() -> list[Path]:
    """The stages with which kwok plays the kubelet, from its own module."""
    # Downloaded where it is not there yet; go list would name no folder then.
    command = ["go", "mod", "download", "-json", "sigs.k8s.io/kwok"]
    told = json.loads(
        subprocess.run(
            command, cwd=_HERE / "kwok", check=True, capture_output=True, text=True
        ).stdout
    )
    stages = Path(told["Dir"]) / "kustomize" / "stage"
    return [
        stages / "node" / "fast" / "node-initialize.yaml",
        *(stages / "pod" / "fast" / f"pod-{name}.yaml" for name in ("ready", "delete")),
    ]


def definition(kind: str) -> Path:
    """The file with a kind's CustomResourceDefinition, from the module of the program that reads it."""
    module, file = DEFINITIONS[kind]
    command = ["go", "mod", "download", "-json", module]
    done = subprocess.run(
        command, cwd=tempfile.gettempdir(), check=True, capture_output=True, text=True
    )
    return Path(json.loads(done.stdout)["Dir"]) / file


def _built(module: str) -> Path:
    """The folder with a module's programs: named by what they are built from, so that a change of a version builds anew."""
    source = _HERE / module
    digest = hashlib.sha256(
        (source / "go.mod").read_bytes() + (source / "go.sum").read_bytes() + _LDFLAGS.encode()
    ).hexdigest()[:16]
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "upkeep" / "controlplane"
    )
    folder = cache / f"{module}-{digest}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{module}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _build(source, folder, MODULES[module])
    return folder


def _build(source: Path, folder: Path, programs: dict[str, str]) -> None:
    if shutil.which("go") is None:
        raise RuntimeError(
            "the control plane must be built and there is no Go: install it, or set KUBEBUILDER_ASSETS"
        )
    print(
        f"building {', '.join(programs.values())} (once; the control plane takes about 5 minutes) …",
        file=sys.stderr,
        flush=True,
    )
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        subprocess.run(
            ["go", "build", "-ldflags", _LDFLAGS, "-o", f"{scratch}/", "tool"],
            cwd=source,
            check=True,
        )
        for built, name in programs.items():
            (Path(scratch) / built).rename(Path(scratch) / name)
        shutil.copytree(scratch, folder.with_suffix(".new"), dirs_exist_ok=True)
        folder.with_suffix(".new").rename(folder)
