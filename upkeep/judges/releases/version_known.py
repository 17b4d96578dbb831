"""Which version of the collector runs? Image tag, APP_VERSION, label and program must agree.

Guide: "Check current version".
"""

from collections.abc import Mapping, Sequence

from upkeep.domain.versions import image_tag, named
from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.releases import ProgramVersions
from upkeep.records.workload import ContainerSpec, Install, Workload
from upkeep.shell import shell

VERSION_LABEL = "app.kubernetes.io/version"


def version_known(workload: Workload, program: ProgramVersions, *, install: Install) -> Judgement:
    """version-known: image tag, APP_VERSION, label and program name one version on every pod.

    A source without a version (a digest, ``latest``, no label) is left out. One source is enough;
    the basis names those that were read.

    :raises Absent: there is no pod, or no source of a pod names a version.
    """
    pods = [pod for pod in workload.pods if pod.works]
    if not pods:
        raise Absent(
            "No pod of the collector is running.",
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    printed = dict(program.versions)
    deployment = workload.deployment
    said = {
        f"Deployment/{deployment.name}": {
            "its label": named(deployment.labels.get(VERSION_LABEL, "")),
            **_named_by(deployment.template.labels, deployment.template.containers, install),
        }
    }
    for pod in pods:
        said[f"Pod/{pod.name}"] = {
            **_named_by(pod.labels, pod.specs, install),
            "--version": printed.get(pod.name, ""),
        }
    told = {
        name: {source: version for source, version in one.items() if version}
        for name, one in said.items()
    }
    for pod in pods:
        if not told[f"Pod/{pod.name}"]:
            raise Absent(
                f"The version of pod {pod.name} is unknown: no version in its image tag, no "
                f"APP_VERSION, no label {VERSION_LABEL}.",
                next_step=shell(
                    "set the label {} in the pod template; kubectl -n {} get pod {} --show-labels",
                    VERSION_LABEL,
                    install.namespace,
                    pod.name,
                ),
            )
    found = [
        _disagreement(name, versions, install)
        for name, versions in told.items()
        if len(set(versions.values())) > 1
    ]
    agreed: dict[str, list[str]] = {}
    for name, versions in told.items():
        if len(set(versions.values())) == 1:
            agreed.setdefault(next(iter(versions.values())), []).append(name)
    if len(agreed) > 1:
        parts = "; ".join(
            f"{version}: {listed(names)}" for version, names in sorted(agreed.items())
        )
        message = f"The collector runs several versions ({parts}). A rollout is unfinished."
        command = shell(
            "kubectl -n {} rollout status deployment {} --timeout=10s",
            install.namespace,
            install.deployment,
        )
        found.append(
            Finding(
                f"Deployment/{deployment.name}",
                "versions-mixed",
                message,
                listed(sorted(agreed)),
                "one version",
                "",
                command,
            )
        )
    sources = sorted({source for versions in told.values() for source in versions})
    observed = listed(
        sorted({version for versions in told.values() for version in versions.values()})
    )
    basis = f"{listed(sources)} of {counted(len(pods), 'pod')}"
    return Judgement(
        tuple(found),
        observed,
        "one version",
        "",
        f"{basis}; {program.not_asked}" if program.not_asked else basis,
    )


def _named_by(
    labels: Mapping[str, str], containers: Sequence[ContainerSpec], install: Install
) -> dict[str, str]:
    container = next((one for one in containers if one.name == install.container), None)
    return {
        "image tag": named(image_tag(container.image)) if container else "",
        "APP_VERSION": container.app_version if container else "",
        "label": named(labels.get(VERSION_LABEL, "")),
    }


def _disagreement(name: str, versions: Mapping[str, str], install: Install) -> Finding:
    parts = ", ".join(f"{version} by {source}" for source, version in versions.items())
    message = f"{name} names several versions: {parts}."
    command = shell(
        'kubectl -n {} get {} -o jsonpath=\'{{.metadata.labels}}{{"\\n"}}{{..image}}{{"\\n"}}{{..env}}\'',
        install.namespace,
        name.lower(),
    )
    return Finding(name, "versions-disagree", message, parts, "one version", "", command)
