"""What runs differs from the template: which faults do the pods have, and which the template alone?

Admission changes pods: webhooks inject containers, a SecurityContextConstraint sets the user, a
LimitRange sets requests. So the pods are judged as the API server admitted them, then the template.

Source: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.judges.workload.rollout import newest_pods
from upkeep.model import Finding, listed
from upkeep.records.workload import ContainerResources, ContainerSpec, Install, Pod, Workload
from upkeep.shell import shell


class Shape(Struct, frozen=True):
    """A pod or a pod template.

    :ivar debug: the ephemeral containers that run.
    :ivar whole: requests and limits of the pod as a whole.
    """

    containers: tuple[ContainerSpec, ...]
    init_containers: tuple[ContainerSpec, ...]
    host_namespaces: tuple[str, ...]
    whole: ContainerResources | None
    debug: tuple[ContainerSpec, ...] = ()

    @property
    def lasting(self) -> tuple[ContainerSpec, ...]:
        """Return the containers that run as long as the pod: native sidecars are among them."""
        return (*self.containers, *(one for one in self.init_containers if one.restarts))

    @property
    def every(self) -> tuple[ContainerSpec, ...]:
        """Return all containers, ephemeral ones apart."""
        return (*self.init_containers, *self.containers)


class Comparison(Struct, frozen=True):
    """The faults of what runs, and how the template differs.

    :ivar containers: the names of the containers that were judged; ``lasting`` are those that run
        as long as their pod.
    :ivar mended: the faults of the template that no pod has.
    :ivar added: the containers that pods have and the template has not.
    """

    findings: tuple[Finding, ...]
    containers: tuple[str, ...]
    lasting: tuple[str, ...]
    mended: tuple[Finding, ...]
    added: tuple[str, ...]

    @property
    def differences(self) -> str:
        """Return how the pods differ from the template; empty where they do not."""
        parts = []
        if self.added:
            parts.append(f"in the pods and not in the template: {listed(list(self.added))}")
        if self.mended:
            names = sorted({f"{one.code} of {_container(one)}" for one in self.mended})
            parts.append(f"admission corrected the template: {listed(names)}")
        return "".join(f"; {part}" for part in parts)


def template_of(workload: Workload) -> Shape:
    """Return the Deployment's pod template."""
    template = workload.deployment.template
    return Shape(
        template.containers,
        template.init_containers,
        template.host_namespaces,
        template.resources,
    )


def shape_of(pod: Pod) -> Shape:
    """Return a pod as the API server admitted it.

    :raises Absent: its spec holds no container.
    """
    if not pod.specs:
        raise Absent(f"Pod {pod.name} is listed without a container", source=f"spec of {pod.name}")
    return Shape(pod.specs, pod.init_specs, pod.host_namespaces, pod.whole, pod.debug_specs)


def compare(
    workload: Workload, faults_of: Callable[[Shape], Iterable[Finding]], *, install: Install
) -> Comparison:
    """Return the faults of the active pods; of the template where no pod of it exists.

    A fault of the template that no pod of it has is no finding: admission corrects it.

    :param faults_of: the faults of one pod or template; same object, code and value are one fault.
    :raises Absent: the template or a pod is listed without a container.
    """
    template = template_of(workload)
    if not template.containers:
        raise Absent(
            f"The pod template of Deployment/{workload.deployment.name} has no container",
            source="deployments",
        )
    pods = sorted((pod for pod in workload.pods if pod.works), key=lambda pod: pod.name)
    shapes = {pod.name: shape_of(pod) for pod in pods}
    newest = {pod.name for pod in newest_pods(workload)}
    declared = {_key(one): one for one in faults_of(template)}
    having: dict[tuple[object, ...], list[str]] = {}
    sample: dict[tuple[object, ...], Finding] = {}
    for name, shape in shapes.items():
        for one in faults_of(shape):
            having.setdefault(_key(one), []).append(name)
            sample.setdefault(_key(one), one)
    found = [one for key, one in declared.items() if key in having or not newest]
    found += [
        _only_in_pods(one, having[key], of=len(pods), install=install)
        for key, one in sample.items()
        if key not in declared
    ]
    mended = [one for key, one in declared.items() if key not in having and newest]
    judged = (template, *shapes.values())
    names = {one.name for shape in judged for one in shape.every}
    lasting = {one.name for shape in judged for one in shape.lasting}
    added = names - {one.name for one in template.every}
    return Comparison(
        tuple(found),
        tuple(sorted(names)),
        tuple(sorted(lasting)),
        tuple(mended),
        tuple(sorted(added)),
    )


def _key(finding: Finding) -> tuple[object, ...]:
    return (finding.object, finding.code, finding.observed)


def _only_in_pods(finding: Finding, names: list[str], *, of: int, install: Install) -> Finding:
    """Return the finding with the pods that have it: the Deployment cannot be edited to end it."""
    told = (
        f" {len(names)} of {counted(of, 'pod')} ({listed(names, most=2)}), and not the template: "
        "admission or a later change made it so."
    )
    fix = shell("kubectl -n {} get pod {} -o yaml", install.namespace, names[0])
    return replace(finding, message=finding.message + told, next=fix)


def _container(finding: Finding) -> str:
    return finding.object.rpartition(" ")[2]
