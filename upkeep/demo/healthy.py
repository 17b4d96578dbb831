"""The healthy cluster in both layouts: what the guide's manifests, or ``helm install``, leave behind."""

from datetime import datetime, timedelta

from upkeep.demo.objects import (
    alerting,
    attestations,
    backups,
    configuration,
    helm,
    nodes,
    processes,
    protection,
    rbac,
    releases,
    services,
    workload,
)
from upkeep.demo.objects.stored import make, metadata
from upkeep.demo.state import State

NAMESPACES = {"guide": "monitoring", "chart": "kubecano"}


def healthy(
    layout: str,
    now: datetime,
    *,
    fullname: str = "cano-collector",
    replicas: int = 2,
    age: timedelta = timedelta(days=30),
    life: timedelta = timedelta(days=8),
    traffic: bool = True,
) -> State:
    """All is well; ``age`` is the Deployment's, ``life`` its pods', ``traffic`` whether alerts came."""
    state = State(layout, NAMESPACES[layout], fullname, now)
    for name in ("default", "kube-system", state.namespace):
        entry = make(
            state,
            "Namespace",
            name,
            now - age - timedelta(days=90),
            {"kubernetes.io/metadata.name": name},
            spec={},
            status={"phase": "Active"},
        )
        del entry["metadata"]["namespace"]
        state.add(entry)
    collector = workload.deployment(state, fullname, replicas, now - age)
    newest = workload.replica_set(
        state, collector, workload.HASH, revision=3, replicas=replicas, created=now - life
    )
    groups = int(processes.GROUPS_A_DAY * (life / timedelta(days=1))) if traffic else 0
    state.add(collector, newest)
    if age > life:
        state.add(
            workload.replica_set(
                state,
                collector,
                workload.OLD_HASH,
                revision=2,
                replicas=0,
                created=now - age,
                tag="1.4.1",
            )
        )
        state.former = processes.former(state, now - age, now - life) if traffic else []
    for index, suffix in enumerate(("k7w2p", "x9d4t")[:replicas], start=1):
        item = workload.pod(state, newest, suffix, index, now - life)
        state.add(item)
        name = item["metadata"]["name"]
        state.processes[name] = [
            processes.run(state, name, now - life + timedelta(seconds=2), groups=groups)
        ]
    port = 8080 if layout == "guide" else 80
    labels = workload.pod_labels(state)
    service = services.service(state, fullname, port, target=8080, selector=labels, labels=labels)
    state.add(service)
    entry = make(state, "EndpointSlice", f"{fullname}-v5x8q", now - age, {
        "kubernetes.io/service-name": fullname,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }, addressType="IPv4", endpoints=[], ports=[{"name": "http", "port": 8080, "protocol": "TCP"}])  # fmt: skip
    entry["metadata"]["ownerReferences"] = metadata(state, "EndpointSlice", "", now, None, service)[
        "ownerReferences"
    ]
    state.add(
        entry,
        make(state, "ServiceAccount", fullname, now - age),
        make(state, "ServiceAccount", "default", now - age),
    )
    services.refresh_endpoints(state)
    configuration.configure(state, configuration.destinations(state))
    protection.store(state)
    rbac.store(state)
    nodes.store(state)
    backups.store(state)
    alerting.store(state)
    state.attestations = attestations.confirmed(state)
    releases.store(state)
    releases.offer(
        state, releases.Chart(helm.following(releases.CHARTS[layout][1]), timedelta(days=5))
    )
    state.upgrade = helm.newer(state)
    return state
