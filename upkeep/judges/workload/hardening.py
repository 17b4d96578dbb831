"""runs-hardened: probes, a pinned image, no root, no privilege, and hooks that can run.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (restricted); the
guide's "Architecture review".
"""

from collections.abc import Iterator, Sequence

from upkeep.domain.versions import image_tag
from upkeep.errors import missing_of
from upkeep.judges.wording import counted, excerpt
from upkeep.judges.workload import images
from upkeep.judges.workload.admitted import Shape, compare
from upkeep.masking import mask
from upkeep.model import Finding, Judgement, listed
from upkeep.records.containers import SecurityContext
from upkeep.records.events import KubernetesEvent
from upkeep.records.workload import ContainerSpec, Install, Workload
from upkeep.shell import Command, shell

# The one capability that the restricted Pod Security Standard lets a container add.
ALLOWED_CAPABILITY = "NET_BIND_SERVICE"
HOOK_FAILED = {"FailedPreStopHook": "preStop", "FailedPostStartHook": "postStart"}


def runs_hardened(
    workload: Workload, events: Sequence[KubernetesEvent], *, install: Install
) -> Judgement:
    """Judge runs-hardened on the pods as admitted, then on the template.

    :raises Absent: a running container reports no image, no pod runs, or the nodes report one
        image in two forms that cannot be compared.
    """

    def faults_of(shape: Shape) -> Iterator[Finding]:
        return _faults(shape, install=install)

    compared = compare(workload, faults_of, install=install)
    found = [*compared.findings, *_image_volumes(workload, install=install)]
    running = images.of_running(workload)
    found += images.differing(running, install=install)
    hooks = [event for event in events if event.reason in HOOK_FAILED]
    for event in hooks:
        message = (
            f"The {HOOK_FAILED[event.reason]} hook of {event.kind}/{event.name} failed: "
            f"{excerpt(event.message)}"
        )
        found.append(
            Finding(
                f"{event.kind}/{event.name}",
                "hook-cannot-run",
                message,
                event.count,
                0,
                "times",
                _edit(install),
            )
        )
    declared = sorted(
        {hook for container in workload.deployment.template.containers for hook in container.hooks}
    )
    observed = (
        f"{counted(len(compared.containers), 'container')}: {counted(len(found), 'fault')}; "
        f"{images.summary(running)}{compared.differences}"
    )
    if declared and not hooks:
        observed += f"; no event reports a failed {listed(declared)} hook, which proves nothing"
    return Judgement(
        tuple(found),
        observed,
        "probes, pinned image, no root, no privilege",
        "",
        "Pods as admitted, pod template and events, now",
        unmeasured=missing_of(images.require_known, running, workload),
    )


def _faults(shape: Shape, *, install: Install) -> Iterator[Finding]:
    for container in shape.containers:
        yield from _probes(container, install=install)
    for container in shape.every:
        yield from _image(container, install=install)
        yield from _rights(container, install=install)
    for container in shape.debug:
        yield from _privileges(container, install=install)
    for field in shape.host_namespaces:
        message = f"The pods share a namespace of their node ({field}) and reach what it reaches."
        yield Finding(
            f"Deployment/{install.deployment}",
            "host-namespace",
            message,
            field,
            "none",
            "",
            _edit(install),
        )


def _probes(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    if container.name == install.container:
        for kind in ("liveness", "readiness"):
            if kind not in container.probe_kinds:
                message = (
                    f"Container {container.name} has no {kind} probe: "
                    "the kubelet does not notice a process that hangs."
                )
                yield Finding(
                    _in(install, container),
                    "probe-missing",
                    message,
                    f"no {kind} probe",
                    kind,
                    "",
                    _edit(install),
                )


def _image_volumes(workload: Workload, *, install: Install) -> Iterator[Finding]:
    """Yield a finding for each image volume with a mutable reference: its files run as any image's.

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/image-volumes/
    """
    for volume in workload.deployment.template.volumes:
        if volume.kind == "image" and _is_mutable(volume.object):
            message = (
                f"Volume {volume.name} holds the mutable image {mask(volume.object)}: "
                "it can change without a rollout."
            )
            where = f"Deployment/{install.deployment} volume/{volume.name}"
            tag, limit = image_tag(volume.object) or "no tag", "a version or a digest"
            yield Finding(where, "image-not-pinned", message, tag, limit, "", _edit(install))


def _is_mutable(image: str) -> bool:
    return "@sha256:" not in image and image_tag(image) in ("", "latest")


def _image(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    tag = image_tag(container.image)
    if _is_mutable(container.image):
        message = (
            f"Container {container.name} uses the mutable image {mask(container.image)}: "
            "it can change without a rollout."
        )
        repository = mask(container.image.removesuffix(":latest"))
        fix = shell(
            "kubectl -n {} set image deployment/{} {}",
            install.namespace,
            install.deployment,
            f"{container.name}={repository}:VERSION",
        )
        yield Finding(
            _in(install, container),
            "image-not-pinned",
            message,
            tag or "no tag",
            "a version or a digest",
            "",
            fix,
        )


def _rights(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    said, subject = container.security, _in(install, container)
    edit, name = _edit(install), container.name
    if said.run_as_user == 0:
        message = f"Container {name} runs as root."
        yield Finding(subject, "runs-as-root", message, 0, "not 0", "uid", edit)
    elif not said.run_as_non_root and said.run_as_user is None:
        message = (
            f"Container {name} may run as root: runAsNonRoot and runAsUser are not set, "
            "so the image decides."
        )
        yield Finding(
            subject, "may-run-as-root", message, "not set", "runAsNonRoot: true", "", edit
        )
    yield from _privileges(container, install=install)
    if said.allow_privilege_escalation is not False:
        message = (
            f"Container {name} may gain privileges: allowPrivilegeEscalation is "
            f"{'true' if said.allow_privilege_escalation else 'not set, which means true'}."
        )
        observed = "true" if said.allow_privilege_escalation else "not set"
        yield Finding(subject, "may-escalate", message, observed, "false", "", edit)


def _privileges(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    """Yield the faults that a debug container has too."""
    said: SecurityContext = container.security
    subject, edit = _in(install, container), _edit(install)
    if said.privileged:
        message = f"Container {container.name} is privileged: it is root on its node."
        yield Finding(subject, "runs-privileged", message, "true", "false", "", edit)
    added = sorted(set(said.added) - {ALLOWED_CAPABILITY})
    if added:
        message = f"Container {container.name} adds the capabilities {listed(added)}."
        yield Finding(subject, "capabilities-added", message, ", ".join(added), "none", "", edit)


def _in(install: Install, container: ContainerSpec) -> str:
    return f"Deployment/{install.deployment} container/{container.name}"


def _edit(install: Install) -> Command:
    return shell("kubectl -n {} edit deployment {}", install.namespace, install.deployment)
