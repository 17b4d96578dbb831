"""The columns of each kind of object, as kube-apiserver prints them for ``kubectl get``.

Source: https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/printers/internalversion/printers.go
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from upkeep.demo.state import Object, stamp

# An age below so many seconds is written in the first unit, its rest in the second.
STEPS = (
    (120, 1, "s", 0, ""), (600, 60, "m", 1, "s"), (10800, 60, "m", 0, ""), (28800, 3600, "h", 60, "m"),
    (172800, 3600, "h", 0, ""), (691200, 86400, "d", 3600, "h"), (730 * 86400, 86400, "d", 0, ""),
)  # fmt: skip
MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX"}
TEMPLATE = "*Containers=@names, *Images=@images, *Selector=@selector"
BOUND = "Name, Role=@role, Age, *Users=@User, *Groups=@Group, *ServiceAccounts=@ServiceAccount"
# A column is a path into the object, with its default; ``~`` makes an age of it, ``@`` is a cell of CELLS, ``*`` is shown with -o wide alone.
KNOWN = {"Name": "metadata.name", "Age": "~metadata.creationTimestamp", "Created At": "metadata.creationTimestamp"}  # fmt: skip
COLUMNS = {
    "namespaces": "Name, Status=status.phase, Age",
    "pods": "Name, Ready=@ready, Status=@status, Restarts=@restarts, Age, *IP=status.podIP|<none>, *Node=spec.nodeName|<none>,"
    " *Nominated Node=|<none>, *Readiness Gates=|<none>",
    "services": "Name, Type=spec.type, Cluster-IP=spec.clusterIP, External-IP=|<none>, Port(s)=@ports, Age, *Selector=@selector",
    "configmaps": "Name, Data=@data, Age",
    "secrets": "Name, Type=type, Data=@data, Age",
    "persistentvolumeclaims": "Name, Status=status.phase, Volume=spec.volumeName, Capacity=status.capacity.storage, Access Modes=@modes,"
    " StorageClass=spec.storageClassName, VolumeAttributesClass=|<unset>, Age, *VolumeMode=spec.volumeMode|<unset>",
    "serviceaccounts": "Name, Age",
    "events": "Last Seen=~lastTimestamp, Type=type, Reason=reason, Object=@object, *Subobject=, *Source=, Message=message,"
    " *First Seen=~firstTimestamp, *Count=count|1, *Name=metadata.name",
    "deployments": f"Name, Ready=@replicas, Up-to-date=status.updatedReplicas|0, Available=status.availableReplicas|0, Age, {TEMPLATE}",
    "replicasets": f"Name, Desired=spec.replicas|0, Current=status.replicas|0, Ready=status.readyReplicas|0, Age, {TEMPLATE}",
    "cronjobs": "Name, Schedule=spec.schedule, Timezone=|<none>, Suspend=@suspend, Active=@active, Last Schedule=~status.lastScheduleTime,"
    f" Age, {TEMPLATE}",
    "jobs": f"Name, Status=@job, Completions=@completions, Duration=@duration, Age, {TEMPLATE}",
    "endpoints": "Name, Endpoints=@addresses, Age",
    "endpointslices": "Name, AddressType=addressType, Ports=@slice, Endpoints=@endpoints, Age",
    "poddisruptionbudgets": "Name, Min Available=spec.minAvailable|N/A, Max Unavailable=spec.maxUnavailable|N/A,"
    " Allowed Disruptions=status.disruptionsAllowed|0, Age",
    "nodes": "Name, Status=@node, Roles=@roles, Age, Version=status.nodeInfo.kubeletVersion, *Internal-IP=|<none>, *External-IP=|<none>,"
    " *OS-Image=|<unknown>, *Kernel-Version=|<unknown>, *Container-Runtime=|<unknown>",
    "resourcequotas": "Name, Request=@requests, Limit=@limits, Age",
    "limitranges": "Name, Created At",
    "roles": "Name, Created At",
    "clusterroles": "Name, Created At",
    "rolebindings": BOUND,
    "clusterrolebindings": BOUND,
    "horizontalpodautoscalers": "Name, Reference=@scaled, Targets=@targets, MinPods=spec.minReplicas, MaxPods=spec.maxReplicas,"
    " Replicas=status.currentReplicas|0, Age",
    "networkpolicies": "Name, Pod-Selector=@selector, Age",
}  # fmt: skip


def duration(elapsed: timedelta) -> str:
    """Return a duration as kubectl shows it: ``119s``, ``2m5s``, ``5d3h``, ``30d``."""
    seconds = max(0, int(elapsed.total_seconds()))
    _, unit, name, small, rest_name = next((step for step in STEPS if seconds < step[0]), STEPS[-1])
    rest = seconds % unit // small if small else 0
    return f"{seconds // unit}{name}" + (f"{rest}{rest_name}" if rest else "")


def age(then: str, now: datetime) -> str:
    return duration(now - datetime.fromisoformat(then)) if then else "<unknown>"


def value(item: Any, path: str, default: Any = "") -> Any:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return default if item is None else item


def few(texts: Iterable[object], nothing: str = "<none>", glue: str = ",") -> str:
    """Return the first three, and how many are left out."""
    words = [str(text) for text in texts]
    more = f" + {len(words) - 3} more..." if len(words) > 3 else ""
    return (glue.join(words[:3]) + more) or nothing


def holds(item: Object, kind: str) -> bool:
    conditions = value(item, "status.conditions", [])
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def standing(pod: Object, now: datetime) -> tuple[str, str, str]:
    """Return a pod's READY, STATUS and RESTARTS."""
    spec, status = pod["spec"], pod["status"]
    sidecars = [one for one in spec.get("initContainers", []) if one.get("restartPolicy") == "Always"]  # fmt: skip
    ran = status.get("initContainerStatuses", []) + status.get("containerStatuses", [])
    reason = status.get("reason") or status["phase"]
    for one in reversed(ran):
        over = value(one, "state.terminated", {})
        exited = over.get("reason") or f"ExitCode:{over.get('exitCode')}"
        reason = value(one, "state.waiting.reason") or (exited if over else reason)
    ready = sum(one["ready"] and "running" in one["state"] for one in ran)
    restarts = sum(one.get("restartCount", 0) for one in ran)
    last = max((value(one, "lastState.terminated.finishedAt") for one in ran), default="")
    ago = f" ({age(last, now)} ago)" if restarts and last else ""
    return f"{ready}/{len(spec['containers']) + len(sidecars)}", reason, f"{restarts}{ago}"


def selector(item: Object, _: datetime) -> str:
    """Return the selector of any kind that has one, as kubectl shows it."""
    chosen = value(item, "spec.podSelector", value(item, "spec.selector", {}))
    chosen = chosen if item["kind"] != "Service" else {"matchLabels": chosen}
    return ",".join(f"{key}={text}" for key, text in sorted(chosen.get("matchLabels", {}).items())) or "<none>"  # fmt: skip


def containers(item: Object, key: str) -> str:
    template = value(item, "spec.jobTemplate.spec.template", value(item, "spec.template"))
    return ",".join(one[key] for one in template["spec"]["containers"])


def quota(item: Object, *, limits: bool) -> str:
    hard, used = value(item, "status.hard", {}), value(item, "status.used", {})
    return ", ".join(f"{key}: {used.get(key, 0)}/{hard[key]}" for key in sorted(hard) if key.startswith("limits.") is limits)  # fmt: skip


def target(metric: Object, status: Object) -> str:
    """Return the present and the wanted utilisation of a HorizontalPodAutoscaler's resource."""
    current = value(status, "resource.current.averageUtilization", "<unknown>")
    text = current if isinstance(current, str) else f"{current}%"
    return f"{value(metric, 'resource.name')}: {text}/{value(metric, 'resource.target.averageUtilization')}%"


def took(job: Object, now: datetime) -> str:
    end = value(job, "status.completionTime", stamp(now))
    return age(value(job, "status.startTime", end), datetime.fromisoformat(end))


def subjects(kind: str) -> Callable[[Object, datetime], str]:
    return lambda item, _: ", ".join(
        "/".join(filter(None, (one.get("namespace"), one["name"])))
        for one in item.get("subjects", []) if one["kind"] == kind
    )  # fmt: skip


CELLS: dict[str, Callable[[Object, datetime], object]] = {
    "ready": lambda item, now: standing(item, now)[0],
    "status": lambda item, now: standing(item, now)[1],
    "restarts": lambda item, now: standing(item, now)[2],
    "ports": lambda item, _: ",".join(f"{one['port']}/{one['protocol']}" for one in item["spec"]["ports"]),
    "selector": selector,
    "data": lambda item, _: len(item.get("data", {})),
    "modes": lambda item, _: ",".join(MODES[mode] for mode in value(item, "status.accessModes", [])),
    "object": lambda item, _: f"{item['involvedObject']['kind'].lower()}/{item['involvedObject']['name']}",
    "replicas": lambda item, _: f"{value(item, 'status.readyReplicas', 0)}/{item['spec']['replicas']}",
    "names": lambda item, _: containers(item, "name"),
    "images": lambda item, _: containers(item, "image"),
    "suspend": lambda item, _: str(value(item, "spec.suspend", False)),
    "active": lambda item, _: len(value(item, "status.active", [])),
    "job": lambda item, _: next((kind for kind in ("Complete", "Failed") if holds(item, kind)), "Running"),
    "completions": lambda item, _: f"{value(item, 'status.succeeded', 0)}/1",
    "duration": took,
    "addresses": lambda item, _: few(
        f"{one['ip']}:{port['port']}" for subset in item["subsets"] for port in subset["ports"] for one in subset.get("addresses", [])
    ),
    "slice": lambda item, _: few((one["port"] for one in item["ports"] or []), "<unset>"),
    "endpoints": lambda item, _: few((one for entry in item["endpoints"] or [] for one in entry["addresses"]), "<unset>"),
    "node": lambda item, _: ("" if holds(item, "Ready") else "Not") + "Ready" + (",SchedulingDisabled" if item["spec"].get("unschedulable") else ""),
    "roles": lambda item, _: few(key.partition("role.kubernetes.io/")[2] for key in item["metadata"]["labels"] if key.startswith("node-role.")),
    "requests": lambda item, _: quota(item, limits=False),
    "limits": lambda item, _: quota(item, limits=True),
    "role": lambda item, _: f"{item['roleRef']['kind']}/{item['roleRef']['name']}",
    "scaled": lambda item, _: f"{item['spec']['scaleTargetRef']['kind']}/{item['spec']['scaleTargetRef']['name']}",
    "targets": lambda item, _: few(map(target, value(item, "spec.metrics", []), value(item, "status.currentMetrics", [{}] * 9)), glue=", "),
    **{kind: subjects(kind) for kind in ("User", "Group", "ServiceAccount")},
}  # fmt: skip


def cell(item: Object, text: str, now: datetime) -> object:
    path, _, default = text.partition("|")
    if path.startswith("@"):
        return CELLS[path[1:]](item, now)
    found = value(item, path.lstrip("~"), int(default) if default.isdigit() else default)
    return age(found, now) if path.startswith("~") else found
