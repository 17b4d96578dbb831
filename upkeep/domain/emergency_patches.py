"""The guide's emergency measures as the patches that its commands send, for this install.

Guide: "Performance Emergency".
"""

import json
from typing import Any

from upkeep.records.workload import Install
from upkeep.shell import Command, shell

MIB, MILLI = 1024**2, 1_000_000


def raised_limits(
    container: str,
    *,
    memory_bytes: int = 0,
    cpu_nanocores: int = 0,
    pod_memory_bytes: int = 0,
    pod_cpu_nanocores: int = 0,
) -> dict[str, Any]:
    """Return the patch that sets other limits of a container, and of the pod as a whole.

    0 leaves a limit as it is.
    """
    spec: dict[str, Any] = {}
    if limits := _limits(memory_bytes, cpu_nanocores):
        spec["containers"] = [{"name": container, "resources": {"limits": limits}}]
    if limits := _limits(pod_memory_bytes, pod_cpu_nanocores):
        spec["resources"] = {"limits": limits}
    if not spec:
        spec["containers"] = [{"name": container, "resources": {"limits": {}}}]
    return {"spec": {"template": {"spec": spec}}}


def _limits(memory_bytes: int, cpu_nanocores: int) -> dict[str, str]:
    limits = {"memory": memory_text(memory_bytes)} if memory_bytes else {}
    return limits | ({"cpu": cpu_text(cpu_nanocores)} if cpu_nanocores else {})


def patch_command(install: Install, patch: dict[str, Any]) -> Command:
    """Return the command that rehearses a patch of the Deployment; its last word makes it dry."""
    text = json.dumps(patch, separators=(",", ":"))
    return shell(
        "kubectl -n {} patch deployment {} -p {} --dry-run=server",
        install.namespace,
        install.deployment,
        text,
    )


def memory_text(amount: int) -> str:
    """Return an amount as Kubernetes writes it: ``1Gi``, ``768Mi``, else bytes."""
    for unit, size in (("Gi", 1024 * MIB), ("Mi", MIB)):
        if amount and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)


def cpu_text(nanocores: int) -> str:
    """Return an amount as the guide writes it: ``1000m``, rounded up."""
    return f"{-(-nanocores // MILLI)}m"
