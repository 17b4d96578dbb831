"""Do the emergency's limits raise the limits in force? Those of the pods, else of the template."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from upkeep.domain.demands import with_defaults
from upkeep.domain.emergency_patches import cpu_text, memory_text, patch_command, raised_limits
from upkeep.model import Finding
from upkeep.records.placement import LimitRange
from upkeep.records.workload import (
    ContainerResources,
    ContainerSpec,
    Install,
    PodTemplate,
    Workload,
)
from upkeep.shell import Command, shell


class Raise(Struct, frozen=True):
    """A limit in force, and its value in the emergency patch.

    :ivar name: ``memory`` or ``CPU``, with its ``text`` form and the ``effect`` at the limit.
    :ivar was: the limit in force; ``None`` for none.
    :ivar planned: that of the template, where the pods have another one; ``None`` elsewhere.
    :ivar own: the container has a limit of its own.
    :ivar whole: the pod-level limit of the template; ``None`` for none.
    :ivar wanted: the emergency's limit; 0 leaves the limit as it is.
    """

    name: str
    text: Callable[[int], str]
    effect: str
    was: int | None
    planned: int | None
    own: bool
    whole: int | None
    wanted: int

    @property
    def present(self) -> str:
        told = "no limit" if self.was is None else self.text(self.was)
        return f"{told} (template {self.text(self.planned)})" if self.planned else told

    @property
    def reached(self) -> int:
        """The limit after the patch, which does not raise that of the pod as a whole."""
        return min(self.wanted, self.whole) if self.whole else self.wanted

    @property
    def better(self) -> int:
        """A limit that is a raise: the wanted one, or twice the present; 0 where there is none."""
        if self.was is None:
            return 0
        return max(self.wanted, 2 * self.was) if self.wanted <= self.was else self.wanted


def raises(
    workload: Workload,
    container: ContainerSpec,
    ranges: Sequence[LimitRange],
    *,
    memory_bytes: int,
    cpu_nanocores: int,
) -> tuple[Raise, ...]:
    """Return the emergency's limits beside those in force, memory first."""
    template = workload.deployment.template
    said = with_defaults(container, ranges)
    found = []
    for name, field, wanted, text, effect in (
        ("memory", "memory_limit_bytes", memory_bytes, memory_text, "OOMKilled"),
        ("CPU", "cpu_limit_nanocores", cpu_nanocores, cpu_text, "throttled"),
    ):
        # A limit of 0 is none: the kubelet sets no bound then.
        planned = getattr(said, field) or None
        whole = (getattr(template.resources, field) or None) if template.resources else None
        running = [
            getattr(one, field) or None
            for pod in workload.pods
            if pod.works
            for one in pod.resources
            if one.name == container.name
        ]
        # A resize in place or an autoscaler changes pods without their template.
        own = max(
            [one for one in running if one] + [planned or 0]
            if running and all(running)
            else [planned or 0]
        )
        bounds = [one for one in (own or None, whole) if one]
        was = min(bounds, default=None)
        changed = planned if planned and own != planned and was == own else None
        found.append(Raise(name, text, effect, was, changed, bool(own), whole, wanted))
    return tuple(found)


def replacement(
    wanted: Sequence[Raise], *, install: Install, replicas: int, refused: bool = False
) -> Command:
    """Return the command that helps: a patch that raises, else more replicas.

    A container's limit may not exceed that of its pod, so both rise together.

    :param refused: what is wanted was refused, and not judged to be no raise.
    """
    memory, cpu = wanted
    amounts = {
        one.name: one.wanted if refused and not one.whole else one.better for one in (memory, cpu)
    }
    if not any(amounts.values()) and not refused:
        return shell(
            "kubectl -n {} scale deployment {} --replicas={} --dry-run=server",
            install.namespace,
            install.deployment,
            replicas,
        )

    def of(one: Raise, *, pod: bool) -> int:
        amount = amounts[one.name]
        if pod:
            return amount if one.whole else 0
        return amount if one.own or not one.whole else 0

    patch = raised_limits(
        install.container,
        memory_bytes=of(memory, pod=False),
        cpu_nanocores=of(cpu, pod=False),
        pod_memory_bytes=of(memory, pod=True),
        pod_cpu_nanocores=of(cpu, pod=True),
    )
    return patch_command(install, patch)


def raise_findings(wanted: Sequence[Raise], *, replicas: int, install: Install) -> list[Finding]:
    """Return what is wrong with the emergency's limits as a raise of those in force."""
    subject = f"Deployment/{install.deployment} container/{install.container}"
    command = replacement(wanted, install=install, replicas=replicas)
    instead = (
        "Use the patch of the next step."
        if any(one.better for one in wanted)
        else "Nothing is limited: add replicas."
    )
    found = []
    for one in wanted:
        if not one.wanted:
            continue
        text = one.text(one.wanted)
        if one.was is None:
            message = (
                f"The emergency patch adds a {one.name} limit of {text} where there is none. "
                f"Beyond it the container is {one.effect}. {instead}"
            )
            found.append(
                Finding(subject, "limit-added", message, "no limit", text, one.name, command)
            )
        elif one.wanted < one.was:
            message = (
                f"The emergency patch lowers the {one.name} limit from {one.present} to {text}. "
                f"{instead}"
            )
            found.append(
                Finding(
                    subject, "limit-lowered", message, one.text(one.was), text, one.name, command
                )
            )
    if not any(one.was is not None and one.reached > one.was for one in wanted):
        told = ", ".join(f"{one.name} {one.present}" for one in wanted if one.wanted)
        told = told or "it names no limit"
        message = f"The emergency patch raises no limit ({told}). {instead}"
        found.append(
            Finding(subject, "raises-nothing", message, told, "a higher limit", "", command)
        )
    return found


def patched(
    template: PodTemplate, name: str, *, memory_bytes: int, cpu_nanocores: int
) -> PodTemplate:
    """Return the template with other limits of a container; 0 leaves one as it is."""

    def changed(said: ContainerResources | None) -> ContainerResources:
        present = said or ContainerResources(name)
        return replace(
            present,
            memory_limit_bytes=memory_bytes or present.memory_limit_bytes,
            cpu_limit_nanocores=cpu_nanocores or present.cpu_limit_nanocores,
        )

    containers = tuple(
        replace(one, resources=changed(one.resources)) if one.name == name else one
        for one in template.containers
    )
    return replace(template, containers=containers)
