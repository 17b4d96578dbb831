"""The changes: each takes the healthy cluster one step away from healthy, in either layout.

Where one change has consequences in a real cluster (a pod that crashes is not ready, is no ready endpoint, cannot be
scraped), the change carries them, so that a check meets what it would meet there.
"""

# Each of these modules enters its scenarios into the catalogue when it is imported.
from upkeep.demo.changes import (
    access,
    alerts,
    architecture,
    attestations,
    backups,
    capacity,
    configuration,
    emergency,
    exports,
    finding,
    guarding,
    logs,
    monitoring,
    outage,
    pods,
    releases,
    resources,
    secrets,
    serving,
    upgrades,
)
from upkeep.demo.changes.catalogue import CHANGES, CHART_ONLY, Change, nothing

__all__ = [
    "CHANGES",
    "CHART_ONLY",
    "Change",
    "access",
    "alerts",
    "architecture",
    "attestations",
    "backups",
    "capacity",
    "configuration",
    "emergency",
    "exports",
    "finding",
    "guarding",
    "logs",
    "monitoring",
    "nothing",
    "outage",
    "pods",
    "releases",
    "resources",
    "secrets",
    "serving",
    "upgrades",
]
