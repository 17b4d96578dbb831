"""Records of a hardened collector: its containers, pods on nodes, budgets."""

from typing import Any

from msgspec.structs import replace

from tests.judges.samples import install, pod, template, workload
from upkeep.model import Judgement
from upkeep.records.containers import SecurityContext
from upkeep.records.selectors import LabelSelector
from upkeep.records.usage import DisruptionBudget
from upkeep.records.workload import ContainerResources, ContainerSpec, Workload

INSTALL = install()
GOOD = ContainerSpec(
    "cano-collector",
    "kubecano/cano-collector:0.0.24",
    ports=(("http", 8080),),
    probe_kinds=("startup", "liveness", "readiness"),
    resources=ContainerResources("cano-collector", 250_000_000, None, 2**30, 2**30),
    security=SecurityContext(run_as_non_root=True, allow_privilege_escalation=False),
)
BARE = replace(GOOD, resources=None)
BUDGET = DisruptionBudget(
    "cano",
    LabelSelector({"app": "cano-collector"}),
    allowed=1,
    desired_healthy=1,
    expected=2,
    current=True,
    healthy=2,
)


def cluster(
    *containers: ContainerSpec,
    nodes: tuple[str, ...] = ("a", "b"),
    images: tuple[str, ...] = (),
    admitted: tuple[ContainerSpec, ...] | None = None,
    **changes: Any,
) -> Workload:
    """Pods on nodes, each with its image id; they run the template's containers or ``admitted``."""
    plain, declared = workload(), containers or (GOOD,)
    pods = []
    for number, node in enumerate(nodes):
        one = pod(f"p{number}")
        digest = images[number] if images else "x@sha256:ab"
        pods.append(
            replace(
                one,
                node=node,
                specs=declared if admitted is None else admitted,
                containers=tuple(replace(status, image_id=digest) for status in one.containers),
            )
        )
    made = replace(plain.deployment, template=template(containers=declared), **changes)
    return replace(plain, deployment=made, pods=tuple(pods))


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]
