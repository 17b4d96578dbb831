"""What the guide does in an emergency, as the patches that its commands send, with the install's real names.

Source: the guide's "Performance Emergency".
"""

import json
from typing import Any

from upkeep.records.workload import Install

MIB, MILLI = 1024**2, 1_000_000


def raised_limits(
    container: str, *, memory_bytes: int = 0, cpu_nanocores: int = 0
) -> dict[str, Any]:
    """The patch that gives a container of a Deployment other limits; 0 leaves one as it is."""
    limits = {"memory": memory_text(memory_bytes)} if memory_bytes else {}
    limits |= {"cpu": cpu_text(cpu_nanocores)} if cpu_nanocores else {}
    return {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": container, "resources": {"limits": limits}}]}
            }
        }
    }


def patch_command(install: Install, patch: dict[str, Any]) -> str:
    """The command that rehearses a patch of the Deployment; without its last word it does it."""
    text = json.dumps(patch, separators=(",", ":"))
    return f"kubectl -n {install.namespace} patch deployment {install.deployment} -p '{text}' --dry-run=server"


def memory_text(amount: int) -> str:
    """As Kubernetes writes it: ``1Gi``, ``768Mi``, bytes where it is neither."""
    for unit, size in (("Gi", 1024 * MIB), ("Mi", MIB)):
        if amount and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)


def cpu_text(nanocores: int) -> str:
    """As the guide writes it: ``1000m``; what is finer is rounded up."""
    return f"{-(-nanocores // MILLI)}m"
