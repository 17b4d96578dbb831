"""What a kubelet does for a container, without its image: its environment, its mounts and its process.

The command is that of the pod that the Job controller made. It runs in a mount namespace of its own,
where the volumes are at their paths and the root file system is read-only where the container asks
for that. Needs root and util-linux.
"""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import ROOT
from tests.cluster.plane.controlplane import ControlPlane

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# A volume at /tmp hides a checkout there.
CHECKOUT, PROGRAMS = "/opt/upkeep-checkout", "/opt/upkeep-programs"
DEADLINE_SECONDS = 120


class Kubelet:
    """Runs the containers of pods as processes of this machine.

    :param folder: holds the volumes; a claim keeps its files from pod to pod.
    """

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.plane, self.folder = plane, folder
        programs = folder / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        upkeep = programs / "upkeep"
        python = shlex.quote(sys.executable.replace(f"{ROOT}/", f"{CHECKOUT}/"))
        upkeep.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {python} -m upkeep "$@"\n')
        upkeep.chmod(0o755)
        self.programs = programs

    def run(self, pod: dict[str, Any], name: str) -> subprocess.CompletedProcess[str]:
        """Run a container of the pod to its end."""
        container = next(one for one in pod["spec"]["containers"] if one["name"] == name)
        environment = self._environment(pod, container)
        mounts = {CHECKOUT: ROOT, PROGRAMS: self.programs, **self._mounts(pod, container)}
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        # An overlay of this machine's files stands in for the image's: mount points are made there.
        lines = [
            "set -e",
            "mount --make-rprivate /",
            f"mount -t tmpfs tmpfs {shlex.quote(str(root))}",
            f"cd {shlex.quote(str(root))}",
            "mkdir upper work merged",
            "mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work merged",
            "for one in proc dev; do mount --rbind /$one merged/$one; done",
        ]
        for path, source in mounts.items():
            place = shlex.quote(f"merged{os.path.realpath(path)}")
            lines += [f"mkdir -p {place}", f"mount --bind {shlex.quote(str(source))} {place}"]
        if container["securityContext"].get("readOnlyRootFilesystem"):
            lines.append("mount -o remount,ro merged")
        words = [
            _expanded(word, environment)
            for word in (*container["command"], *container.get("args", ()))
        ]
        lines.append(f"exec chroot merged {shlex.join(words)}")
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", "\n".join(lines)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_SECONDS,
        )

    def _environment(self, pod: dict[str, Any], container: dict[str, Any]) -> dict[str, str]:
        """Return the container's variables, those of Services first, as a kubelet orders them."""
        server = urlsplit(self.plane.url)
        found = {
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": "/tmp",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "KUBERNETES_SERVICE_HOST": str(server.hostname),
            "KUBERNETES_SERVICE_PORT": str(server.port),
        }
        namespace = pod["metadata"]["namespace"]
        if pod["spec"].get("enableServiceLinks", True):
            for one in self.plane.get(f"/api/v1/namespaces/{namespace}/services")["items"]:
                word = one["metadata"]["name"].upper().replace("-", "_")
                address, port = one["spec"]["clusterIP"], one["spec"]["ports"][0]["port"]
                found |= {
                    f"{word}_SERVICE_HOST": address,
                    f"{word}_SERVICE_PORT": str(port),
                    f"{word}_PORT": f"tcp://{address}:{port}",
                    f"{word}_PORT_{port}_TCP_ADDR": address,
                }
        for variable in container.get("env", ()):
            found[variable["name"]] = self._value(variable, pod)
        return found

    def _value(self, variable: Mapping[str, Any], pod: dict[str, Any]) -> str:
        if "value" in variable:
            return str(variable["value"])
        source = variable["valueFrom"]
        if "fieldRef" in source:
            path = source["fieldRef"]["fieldPath"]
            annotation = re.fullmatch(r"metadata\.annotations\['(.+)'\]", path)
            if annotation is not None:
                return str(pod["metadata"]["annotations"][annotation[1]])
            found: Any = pod
            for part in path.split("."):
                found = found[part]
            return str(found)
        key = source["configMapKeyRef"]
        return str(self._config_map(pod, key["name"])[key["key"]])

    def _config_map(self, pod: dict[str, Any], name: str) -> dict[str, str]:
        namespace = pod["metadata"]["namespace"]
        found = self.plane.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
        return dict(found["data"])

    def volume(self, pod: dict[str, Any], name: str) -> Path:
        """Return the folder of a pod's volume."""
        return self._volume(pod, next(one for one in pod["spec"]["volumes"] if one["name"] == name))

    def _mounts(self, pod: dict[str, Any], container: dict[str, Any]) -> dict[str, Path]:
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        return {
            mount["mountPath"]: self._volume(pod, volumes[mount["name"]])
            for mount in container["volumeMounts"]
        }

    def _volume(self, pod: dict[str, Any], volume: dict[str, Any]) -> Path:
        """Return a folder with a volume's files."""
        owner = (
            f"{pod['metadata']['namespace']}-{volume['persistentVolumeClaim']['claimName']}"
            if "persistentVolumeClaim" in volume
            else pod["metadata"]["name"]
        )
        folder = self.folder / f"{owner}-{volume['name']}"
        folder.mkdir(exist_ok=True)
        files: dict[str, str] = {}
        if "configMap" in volume:
            files = self._config_map(pod, volume["configMap"]["name"])
        elif "secret" in volume:
            files = self._secret(pod, volume["secret"]["secretName"])
        elif "projected" in volume:
            files = {
                "token": self._token(pod),
                "namespace": pod["metadata"]["namespace"],
                "ca.crt": (self.plane.folder / "apiserver.crt").read_text(),
            }
        for name, text in files.items():
            # No name of the cluster's DNS resolves here.
            text = text.replace("https://kubernetes.default.svc", self.plane.url)
            (folder / name).write_text(text)
        return folder

    def _secret(self, pod: dict[str, Any], name: str) -> dict[str, str]:
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/secrets/{name}"
        data = self.plane.get(path)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def _token(self, pod: dict[str, Any]) -> str:
        """Return a token of the pod's account, bound to the pod, as a kubelet asks for it."""
        metadata, account = pod["metadata"], pod["spec"]["serviceAccountName"]
        bound = {
            "apiVersion": "v1",
            "kind": "Pod",
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        answer = self.plane.request(
            "POST",
            f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": 3600, "boundObjectRef": bound},
            },
        )
        assert answer.status == 201, answer.data[:300]
        return str(json.loads(answer.data)["status"]["token"])


def _expanded(word: str, environment: Mapping[str, str]) -> str:
    """Return a word with ``$(NAME)`` replaced, as Kubernetes does it."""
    return re.sub(r"\$\(([A-Za-z_]\w*)\)", lambda found: environment.get(found[1], found[0]), word)
