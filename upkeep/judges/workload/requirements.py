"""limits-set: does every container have CPU and memory requests and a memory limit?

Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/;
https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/; the guide's
"Check current limits".
"""

from collections.abc import Iterator

from upkeep.judges.wording import counted
from upkeep.judges.workload.admitted import Shape, compare
from upkeep.judges.workload.rollout import newest_pods
from upkeep.model import Finding, Judgement, listed
from upkeep.records.workload import ContainerResources, Install, Workload
from upkeep.shell import shell

REQUIRED = (
    ("CPU request", "cpu_request_nanocores"),
    ("memory request", "memory_request_bytes"),
    ("memory limit", "memory_limit_bytes"),
)


def limits_set(workload: Workload, *, install: Install) -> Judgement:
    """Judge limits-set on the pods as admitted, then on the template.

    A value of the pod as a whole covers its containers. A CPU limit is not required: it throttles
    a container while its node has CPU to spare. Init containers that end do not count.

    :raises Absent: the template or a pod is listed without a container.
    """

    def faults_of(shape: Shape) -> Iterator[Finding]:
        return _faults(shape, install=install)

    compared = compare(workload, faults_of, install=install)
    judged = len(compared.lasting)
    lacking = len({finding.object for finding in compared.findings})
    observed = (
        f"{judged - lacking} of {counted(judged, 'container')} "
        f"with requests and a memory limit{compared.differences}"
    )
    if others := _other_values(workload):
        observed += f"; in force and not the template's value: {listed(others)}"
    basis = "Pods as admitted and the pod template, now"
    limit = "CPU and memory requests, memory limit"
    return Judgement(compared.findings, observed, limit, "", basis)


def _faults(shape: Shape, *, install: Install) -> Iterator[Finding]:
    for container in shape.lasting:
        missing = [
            what
            for what, field in REQUIRED
            if not _value(container.resources, field) and not _value(shape.whole, field)
        ]
        if missing:
            message = (
                f"Container {container.name} has no {listed(missing)}: the scheduler reserves too "
                "little for it, and a full node evicts it early."
            )
            fix = shell(
                "kubectl -n {} set resources deployment {} -c {} --requests=cpu=250m,memory=512Mi --limits=memory=1Gi",
                install.namespace,
                install.deployment,
                container.name,
            )
            where = f"Deployment/{install.deployment} container/{container.name}"
            yield Finding(
                where, "limit-missing", message, ", ".join(missing), "none missing", "", fix
            )


def _value(resources: ContainerResources | None, field: str) -> int | None:
    return None if resources is None else getattr(resources, field)


def _other_values(workload: Workload) -> list[str]:
    """Return what an in-place resize or admission set to another value than the template's."""
    declared = {one.name: one.resources for one in workload.deployment.template.containers}
    return sorted(
        {
            f"{what} of {one.name}"
            for pod in newest_pods(workload)
            for one in pod.resources
            for what, field in REQUIRED
            if (said := _value(declared.get(one.name), field)) is not None
            and _value(one, field) not in (None, said)
        }
    )
