"""The healthy cluster in both layouts: what the guide's manifests, or ``helm install``, leave behind."""

import base64
import hashlib
import json
from datetime import datetime, timedelta

import yaml

from upkeep.demo import helm, logs, notifications, releases
from upkeep.demo.state import CANARY, RESOURCES, Answer, Object, Process, State, Stream, stamp, uid

IMAGES = {"guide": "registry.example/cano-collector:1.4.2", "chart": "kubecano/cano-collector:0.0.24"}
HEALTH_PATHS = {"guide": ("/health",), "chart": ("/livez", "/readyz", "/healthz")}
NAMESPACES = {"guide": "monitoring", "chart": "kubecano"}
# Groups of alerts that a pod takes in a day.
GROUPS_A_DAY = 300
HASH, OLD_HASH = "6f7d9c5b84", "5c4b8d7f69"
CONTAINER = "cano-collector"
# libyaml's where there is one: a hundred scenarios write a week of backups each.
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
GUIDE_ALERTS = {
    "CanoCollectorBackupFailed": ("time() - cano_backup_last_success_timestamp > 86400", "warning"),
    "CanoCollectorConfigOld": ("time() - cano_config_last_modified_timestamp > 2592000", "info"),
}


def metadata(
    state: State, kind: str, name: str, created: datetime, labels: dict[str, str] | None = None, owner: Object | None = None
) -> Object:
    """An object's metadata, owned by the controller of ``owner`` where one is given."""
    result: Object = {
        "name": name,
        "namespace": state.namespace,
        "uid": uid(state.layout, kind, name),
        "resourceVersion": str(1000 + sum(map(len, state.objects.values()))),
        "creationTimestamp": stamp(created),
        "labels": dict(labels or {}),
    }
    if owner is not None:
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
        }
        result["ownerReferences"] = [reference | {"controller": True, "blockOwnerDeletion": True}]
    return result


def applied(item: Object) -> Object:
    """The object with the annotation that ``kubectl apply`` leaves, which repeats every value in it."""
    short = {**item, "metadata": {"name": item["metadata"]["name"], "namespace": item["metadata"]["namespace"]}}
    annotations = item["metadata"].setdefault("annotations", {})
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = json.dumps(short) + "\n"
    return item


def make(state: State, kind: str, name: str, created: datetime, labels: dict[str, str] | None = None, **content: object) -> Object:
    """An object of one of the stored kinds."""
    version = next(version for version, other, _ in RESOURCES.values() if other == kind)
    head = metadata(state, kind, name, created, labels)
    if isinstance(data := content.get("data"), dict):
        owned: Object = {"f:data": {".": {}, **{f"f:{key}": {} for key in data}}} | ({"f:type": {}} if kind == "Secret" else {})
        entry = {"manager": "helm", "operation": "Update", "apiVersion": version, "time": stamp(created), "fieldsType": "FieldsV1"}
        head["managedFields"] = [entry | {"fieldsV1": owned}]
    return {"apiVersion": version, "kind": kind, "metadata": head, **content}


def pod_labels(state: State) -> dict[str, str]:
    if state.layout == "guide":
        return {"app": "cano-collector"}
    return {"app.kubernetes.io/name": "cano-collector", "app.kubernetes.io/instance": state.fullname}


def template(state: State) -> Object:
    """The pod template: everything else that belongs to the collector can be derived from it."""
    container: Object = {
        "name": CONTAINER,
        "image": IMAGES[state.layout],
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "CLUSTER_NAME", "value": "demo"}],
        # Less than the chart's own, so that the emergency's limits raise something.
        "resources": {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"cpu": "500m", "memory": "768Mi"}},
        "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    if state.layout == "guide":
        for variable, key in (("SLACK_WEBHOOK", "slack-webhook"), ("TEAMS_WEBHOOK", "teams-webhook")):
            container["env"].append({"name": variable, "valueFrom": {"secretKeyRef": {"name": "cano-collector-secrets", "key": key}}})
        for probe in ("livenessProbe", "readinessProbe"):  # they name no path, so that the guide's own is asked
            container[probe] = {"tcpSocket": {"port": 8080}, "timeoutSeconds": 1, "periodSeconds": 10}
        mounts = {"config": "/etc/cano-collector"}
        volumes = [{"name": "config", "configMap": {"name": "cano-collector-config", "defaultMode": 420}}]
    else:
        secret = {"name": "cano-slack", "key": "api-key"}
        container["env"].append({"name": "APP_VERSION", "value": releases.APP_VERSIONS["chart"]})
        container["env"].append({"name": "SLACK_API_KEY_ONCALL", "valueFrom": {"secretKeyRef": secret}})
        container["envFrom"] = [{"secretRef": {"name": f"{state.fullname}-secret", "optional": True}}]
        for probe, path in (("startupProbe", "/healthz"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
            container[probe] = {"httpGet": {"path": path, "port": 8080, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10}
        container["lifecycle"] = {"preStop": {"exec": {"command": ["bash", "-c", "kill -SIGINT 1"]}}}
        mounts = {part: f"/etc/cano-collector/{part}" for part in ("teams", "destinations", "workflows")}
        volumes = [
            {"name": "teams", "configMap": {"name": f"{state.fullname}-teams", "defaultMode": 420}},
            {"name": "destinations", "secret": {"secretName": f"{state.fullname}-destination-secrets", "defaultMode": 420}},
            {"name": "workflows", "secret": {"secretName": f"{state.fullname}-workflows-secrets", "defaultMode": 420}},
        ]
    container["volumeMounts"] = [{"name": name, "mountPath": path, "readOnly": True} for name, path in mounts.items()]
    spec = {"containers": [container], "volumes": volumes, "serviceAccountName": state.fullname, "restartPolicy": "Always"}
    return {"metadata": {"labels": pod_labels(state) | chart_labels(state)}, "spec": spec}


def chart_labels(state: State) -> dict[str, str]:
    """What the public chart writes on the Deployment and its pods, beside what it selects by; the guide's says less."""
    if state.layout == "guide":
        return {}
    version = releases.APP_VERSIONS["chart"]
    return releases.labels("chart") | {"app.kubernetes.io/version": version, "app.kubernetes.io/managed-by": "Helm"}


def deployment(state: State, name: str, replicas: int, created: datetime) -> Object:
    """A Deployment whose rollout is complete."""
    updated = stamp(max(created, state.ago(days=8)))
    conditions = [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability."},
        {
            "type": "Progressing",
            "status": "True",
            "reason": "NewReplicaSetAvailable",
            "message": f'ReplicaSet "{name}-{HASH}" has successfully progressed.',
        },
    ]
    result = make(state, "Deployment", name, created, pod_labels(state), spec={
        "replicas": replicas, "selector": {"matchLabels": pod_labels(state)}, "template": template(state),
        "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    }, status={
        "observedGeneration": 3,
        **dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), replicas),
        "conditions": [one | {"lastUpdateTime": updated, "lastTransitionTime": updated} for one in conditions],
    })  # fmt: skip
    result["metadata"] |= {"generation": 3, "annotations": {"deployment.kubernetes.io/revision": "3"}}
    if state.layout == "guide":
        applied(result)
    result["metadata"]["labels"] |= releases.labels(state.layout) | chart_labels(state)
    result["metadata"]["annotations"] |= releases.annotations(state)
    return result


def replica_set(state: State, owner: Object, template_hash: str, *, revision: int, replicas: int, created: datetime) -> Object:
    name = f"{owner['metadata']['name']}-{template_hash}"
    labels = pod_labels(state) | {"pod-template-hash": template_hash}
    pod = {"metadata": {"labels": labels}, "spec": owner["spec"]["template"]["spec"]}
    status = {
        "replicas": replicas,
        "fullyLabeledReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "observedGeneration": 1,
    }
    result = make(
        state,
        "ReplicaSet",
        name,
        created,
        labels,
        spec={"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
        status=status,
    )
    result["metadata"] |= metadata(state, "ReplicaSet", name, created, labels, owner)
    result["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": str(revision)}
    return result


def pod(state: State, owner: Object, suffix: str, index: int, created: datetime) -> Object:
    """A running, ready pod of a ReplicaSet."""
    name = f"{owner['metadata']['name']}-{suffix}"
    template_ = owner["spec"]["template"]
    ready = stamp(created + timedelta(seconds=8))
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": ready}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    status = {
        "phase": "Running", "podIP": f"10.244.{index}.17", "hostIP": f"192.168.0.{10 + index}",
        "startTime": stamp(created), "conditions": conditions, "qosClass": "Burstable",
        "containerStatuses": [{
            "name": CONTAINER, "ready": True, "started": True, "restartCount": 0, "lastState": {},
            "image": IMAGES[state.layout],
            "imageID": f"{IMAGES[state.layout].split(':')[0]}@sha256:{'ab' * 32}",
            "containerID": f"containerd://{uid(name).replace('-', '') * 2}",
            "state": {"running": {"startedAt": stamp(created + timedelta(seconds=2))}},
        }],
    }  # fmt: skip
    result = make(
        state, "Pod", name, created, template_["metadata"]["labels"], spec=template_["spec"] | {"nodeName": f"node-{index}"}, status=status
    )
    result["metadata"] |= metadata(state, "Pod", name, created, template_["metadata"]["labels"], owner)
    return result


def run(state: State, name: str, started: datetime, *, groups: int = 8 * GROUPS_A_DAY) -> Process:
    """The process in a pod, with ``groups`` groups of alerts since its start, and a clean log of its whole life."""
    answers = {"/health": Answer(200, '{"status":"ok"}')}
    if state.layout == "chart":
        body = {"status": "OK", "timestamp": stamp(state.now), "component": {"name": "cano-collector", "version": "0.0.24"}}
        answers = {
            "/livez": Answer(200, '{"status":"ok"}'),
            "/readyz": Answer(200, json.dumps(body)),
            "/healthz": Answer(200, json.dumps(body)),
        }
    sends = (("oncall", 1), ("platform", 1))
    streams = [
        Stream("KubePodCrashLooping", groups // 2, severity="warning", sends=sends),
        Stream("TargetDown", groups - groups // 2 - groups // 10, severity="critical", sends=(("oncall", 2),)),
        Stream("TargetDown", groups // 10, severity="critical", status="resolved", sends=(("oncall", 1),)),
    ]
    log = logs.life(state.layout, started, state.now, seed=name, silent=None if groups else started)
    return Process(name, started, streams=[stream for stream in streams if stream.groups], log=log, answers=answers)


def former(state: State, started: datetime, ended: datetime) -> list[Process]:
    """The processes of the template before, in pods that are gone: each took as many alerts a day as those of now."""
    groups = int(GROUPS_A_DAY * ((ended - started) / timedelta(days=1)))
    streams = [Stream("KubePodCrashLooping", groups, sends=(("oncall", 1), ("platform", 1)))]
    return [Process(f"{state.fullname}-{OLD_HASH}-{suffix}", started, ended, streams=list(streams)) for suffix in ("c6m8q", "t5z9g")]


def service(
    state: State,
    name: str,
    port: int,
    *,
    target: int | str,
    selector: dict[str, str],
    labels: dict[str, str],
    port_name: str = "http",
    headless: bool = False,
) -> Object:
    spec = {
        "type": "ClusterIP", "clusterIP": "None" if headless else f"10.96.0.{len(name)}", "selector": selector,
        "ports": [{"name": port_name, "port": port, "targetPort": target, "protocol": "TCP"}],
    }  # fmt: skip
    return make(state, "Service", name, state.ago(days=30), labels, spec=spec, status={"loadBalancer": {}})


def endpoint(item: Object) -> Object:
    """What the EndpointSlice controller writes for a pod."""
    status = next((condition["status"] for condition in item["status"]["conditions"] if condition["type"] == "Ready"), "False")
    ready = status == "True"
    return {
        "addresses": [item["status"]["podIP"]], "nodeName": item["spec"]["nodeName"],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "targetRef": {"kind": "Pod"} | {key: item["metadata"][key] for key in ("name", "namespace", "uid")},
    }  # fmt: skip


def refresh_endpoints(state: State) -> None:
    """Write the collector's EndpointSlice as its controller would after a change to the pods."""
    entry = state.objects["endpointslices"][0]
    entry["endpoints"] = [endpoint(item) for item in state.pods if item["status"].get("podIP")]


def protection(state: State) -> None:
    """A budget that keeps one pod up, and policies for both directions: alerts and scrapes from the monitoring namespace, messages to anywhere."""
    created, selector = state.ago(days=30), {"matchLabels": pod_labels(state)}
    count = len(state.pods)
    status = {"disruptionsAllowed": count - 1, "currentHealthy": count, "desiredHealthy": 1, "expectedPods": count, "observedGeneration": 1}
    budget = make(state, "PodDisruptionBudget", state.fullname, created, spec={"minAvailable": 1, "selector": selector}, status=status)
    budget["metadata"]["generation"] = 1
    peers = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    port = [{"port": 8080, "protocol": "TCP"}]
    incoming = {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [{"from": peers, "ports": port}]}
    outgoing = {"podSelector": selector, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 443, "protocol": "TCP"}]}]}
    state.add(
        budget,
        make(state, "NetworkPolicy", f"{state.fullname}-ingress", created, spec=incoming),
        make(state, "NetworkPolicy", f"{state.fullname}-egress", created, spec=outgoing),
    )


def binding(state: State, name: str, role: Object, subject: Object) -> Object:
    """What binds a role to a subject: a RoleBinding in the role's namespace, or a ClusterRoleBinding."""
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": role["kind"], "name": role["metadata"]["name"]}
    made = make(state, f"{role['kind']}Binding", name, state.ago(days=30), roleRef=reference, subjects=[subject])
    if role["kind"] == "ClusterRole":
        del made["metadata"]["namespace"]
    return made


def cluster_role(state: State, name: str, rules: list[Object]) -> Object:
    """A ClusterRole, which is in no namespace."""
    made = make(state, "ClusterRole", name, state.ago(days=30), rules=rules)
    del made["metadata"]["namespace"]
    return made


def account(state: State) -> Object:
    """The collector's service account as the subject of a binding."""
    return {"kind": "ServiceAccount", "name": state.fullname, "namespace": state.namespace}


def rbac(state: State) -> None:
    """What every API server grants to everybody, and a Role that lets the collector read what it enriches alerts with."""
    reviews = {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    }
    everybody = {"kind": "Group", "name": "system:authenticated", "apiGroup": "rbac.authorization.k8s.io"}
    basic = cluster_role(state, "system:basic-user", [reviews])
    discovery = cluster_role(state, "system:discovery", [{"nonResourceURLs": ["/api", "/api/*", "/apis", "/healthz"], "verbs": ["get"]}])
    read = {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list", "watch"]}
    own = make(state, "Role", state.fullname, state.ago(days=30), rules=[read])
    state.add(basic, discovery, own, binding(state, state.fullname, own, account(state)))
    state.add(*(binding(state, role["metadata"]["name"], role, everybody) for role in (basic, discovery)))
    administrator = cluster_role(state, "cluster-admin", [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    collect = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["delete", "get", "list", "patch", "update", "watch"]}
    collector = cluster_role(state, "system:controller:generic-garbage-collector", [collect])
    masters = {"kind": "Group", "name": "system:masters", "apiGroup": "rbac.authorization.k8s.io"}
    controller = {"kind": "ServiceAccount", "name": "generic-garbage-collector", "namespace": "kube-system"}
    for role, subject in ((administrator, masters), (collector, controller)):
        made = binding(state, role["metadata"]["name"], role, subject)
        made["metadata"]["labels"]["kubernetes.io/bootstrapping"] = "rbac-defaults"
        state.add(role, made)


def nodes(state: State) -> None:
    """Three nodes, the last one of the control plane; and a quota and a limit range that leave room."""
    for number in (1, 2, 3):
        free = {"cpu": "3920m", "memory": "7Gi", "pods": "110"}
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": stamp(state.ago(days=40))}
        taints = [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}] if number == 3 else []
        made = make(
            state,
            "Node",
            f"node-{number}",
            state.ago(days=40),
            spec={"taints": taints},
            status={"allocatable": free, "conditions": [ready]},
        )
        made["metadata"]["labels"] = {"kubernetes.io/hostname": f"node-{number}", "kubernetes.io/os": "linux"}
        del made["metadata"]["namespace"]
        state.add(made)
    status = {"hard": {"pods": "20", "requests.memory": "16Gi"}, "used": {"pods": "4", "requests.memory": "4Gi"}}
    item = {
        "type": "Container",
        "max": {"cpu": "2", "memory": "4Gi"},
        "default": {"cpu": "500m", "memory": "768Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "256Mi"},
    }
    state.add(
        make(state, "ResourceQuota", "compute", state.ago(days=40), spec={"hard": status["hard"]}, status=status),
        make(state, "LimitRange", "containers", state.ago(days=40), spec={"limits": [item]}),
    )


def webhook(kind: str) -> str:
    """A URL that is a key: whoever knows it may post."""
    return f"https://hooks.{kind}.example/services/T0/B0/{CANARY}"


def destinations(state: State) -> Object:
    """The collector's destinations document in the layout's own form, as data."""
    if state.layout == "guide":
        teams = [{"name": "platform", "webhookURL": "${TEAMS_WEBHOOK}"}]
        return {"destinations": {"slack": [{"name": "oncall", "webhookURL": "${SLACK_WEBHOOK}"}], "msteams": teams}}
    oncall = {"name": "oncall", "api_key": "${SLACK_API_KEY_ONCALL}", "slack_channel": "#oncall", "grouping_interval": "10m"}
    return {"destinations": {"slack": [oncall, {"name": "platform", "api_key": f"xoxb-{CANARY}-platform", "slack_channel": "#platform"}]}}


def configure(state: State, document: Object | str, *, teams: Object | None = None, workflows: Object | None = None) -> None:
    """Store the destinations document where the layout keeps it, and the objects beside it; a text is stored as it is."""
    created = state.ago(days=12)
    text = document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False)
    encode = {key: base64.b64encode(value.encode()).decode() for key, value in {
        "text": text, "workflows": yaml.safe_dump(workflows or {"active_workflows": []}), "hook": webhook("slack"), "teams": webhook("teams"),
        "key": f"xoxb-{CANARY}-oncall", "dsn": f"https://{CANARY}@sentry.example/1",
    }.items()}  # fmt: skip
    for plural in ("configmaps", "secrets"):
        state.objects[plural] = [item for item in state.objects[plural] if item["metadata"]["labels"].get("owner") == "helm"]
    if state.layout == "guide":
        state.add(
            applied(
                make(state, "ConfigMap", "cano-collector-config", created, {"app": "cano-collector"}, data={"destinations.yaml": text})
            ),
            make(
                state,
                "Secret",
                "cano-collector-secrets",
                created,
                type="Opaque",
                data={"slack-webhook": encode["hook"], "teams-webhook": encode["teams"]},
            ),
        )
        return
    name = state.fullname
    named = yaml.safe_dump(teams or {"teams": [{"name": "default", "destinations": ["oncall", "platform"]}]})
    state.add(
        make(state, "ConfigMap", f"{name}-teams", created, data={"teams.yaml": named}),
        make(state, "Secret", f"{name}-destination-secrets", created, type="Opaque", data={"destinations.yaml": encode["text"]}),
        make(state, "Secret", f"{name}-workflows-secrets", created, type="Opaque", data={"workflows.yaml": encode["workflows"]}),
        make(state, "Secret", f"{name}-secret", created, type="Opaque", data={"SENTRY_DSN": encode["dsn"]}),
        make(state, "Secret", "cano-slack", created, type="Opaque", data={"api-key": encode["key"]}),
    )


def backup(state: State) -> None:
    """A backup CronJob that works: mounted, permitted, successful; it saves the layout's own configuration."""
    name = "cano-collector-backup"
    last = state.ago(hours=10).replace(second=0, microsecond=0)
    objects = {"guide": ("configmap/cano-collector-config", "secret/cano-collector-secrets")}.get(
        state.layout,
        (f"configmap/{state.fullname}-teams", f"secret/{state.fullname}-destination-secrets", f"secret/{state.fullname}-workflows-secrets"),
    )
    script = "\n".join(f"kubectl get {item} -n {state.namespace} -o yaml >> /backup/backup-$(date +%Y%m%d).yaml" for item in objects)
    container = {
        "name": "backup",
        "image": "registry.example/kubectl:1.34",
        "command": ["/bin/sh", "-c", script],
        "volumeMounts": [{"name": "backup", "mountPath": "/backup"}],
    }
    spec = {
        "containers": [container], "serviceAccountName": name, "restartPolicy": "OnFailure",
        "volumes": [{"name": "backup", "persistentVolumeClaim": {"claimName": "backup-pvc"}}],
    }  # fmt: skip
    cron = make(state, "CronJob", name, state.ago(days=20), spec={
        "schedule": f"{last.minute} {last.hour} * * *", "suspend": False, "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {"template": {"spec": spec}}},
    }, status={"lastScheduleTime": stamp(last), "lastSuccessfulTime": stamp(last + timedelta(seconds=24))})  # fmt: skip
    state.add(cron, *(job(state, cron, last - timedelta(days=days)) for days in (2, 1, 0)))
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeName": "pv-backup"}
    state.add(
        make(
            state,
            "PersistentVolumeClaim",
            "backup-pvc",
            state.ago(days=20),
            spec=claim,
            status={"phase": "Bound", "capacity": {"storage": "1Gi"}},
        ),
        make(state, "ServiceAccount", name, state.ago(days=20)),
    )


def backup_time(state: State, age_days: int) -> datetime:
    """When the backup of some days ago was made."""
    return state.ago(days=age_days, hours=10).replace(minute=0, second=0)


def saved(state: State) -> dict[int, dict[str, str]]:
    """The backups of nine days, as ``upkeep backup`` writes them: of what is stored, without what the API server put there."""
    objects = [
        backed_up(item)
        for plural in ("configmaps", "secrets")
        for item in state.objects[plural]
        if item["metadata"]["labels"].get("owner") != "helm"
    ]
    return {age: backup_files(state, age, objects) for age in range(9)}


def backed_up(item: Object) -> Object:
    head = item["metadata"]
    kept = {"name": head["name"], "namespace": head["namespace"], "labels": head["labels"]}
    return {key: value for key, value in item.items() if key != "metadata"} | {"metadata": kept}


def backup_files(state: State, age_days: int, objects: list[Object]) -> dict[str, str]:
    """The files of one backup of the objects."""
    taken = backup_time(state, age_days)
    files = {}
    for part, kind in (("backup", "ConfigMap"), ("secrets", "Secret")):
        chosen = [item for item in objects if item["kind"] == kind]
        if chosen:
            files[f"{part}-{taken:%Y%m%d}.yaml"] = yaml.dump_all(chosen, Dumper=DUMPER, explicit_start=True)
    entries = {name: {"sha256": hashlib.sha256(text.encode()).hexdigest()} for name, text in files.items()}
    manifest = {"schema": "cano-upkeep/backup/1", "taken": stamp(taken), "files": entries}
    return files | {f"manifest-{taken:%Y%m%d}.json": json.dumps(manifest, indent=2) + "\n"}


def job(state: State, cron: Object, scheduled: datetime, *, failed: bool = False) -> Object:
    """A finished Job of a CronJob."""
    name = f"{cron['metadata']['name']}-{int(scheduled.timestamp()) // 60}"
    finished = stamp(scheduled + timedelta(seconds=24))
    condition = {
        "type": "Complete",
        "status": "True",
        "lastTransitionTime": finished,
        "reason": "CompletionsReached",
        "message": "Reached expected number of succeeded pods",
    }
    status: Object = {"startTime": stamp(scheduled), "succeeded": 1, "completionTime": finished, "conditions": [condition]}
    if failed:
        reason = {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        status = {"startTime": stamp(scheduled), "failed": 7, "conditions": [condition | {"type": "Failed"} | reason]}
    result = make(state, "Job", name, scheduled, spec=cron["spec"]["jobTemplate"]["spec"] | {"backoffLimit": 6}, status=status)
    result["metadata"] = metadata(state, "Job", name, scheduled, {"batch.kubernetes.io/job-name": name}, cron)
    return result


def rule(name: str) -> Object:
    """One of the guide's alerts as Prometheus' rules API shows it, loaded and quiet."""
    query, severity = GUIDE_ALERTS[name]
    return {
        "state": "inactive", "name": name, "query": query, "duration": 3600, "labels": {"severity": severity},
        "annotations": {"summary": name}, "alerts": [], "health": "ok", "evaluationTime": 0.0004, "type": "alerting",
    }  # fmt: skip


def alert(state: State, name: str, receiver: str, *, started: datetime, severity: str = "warning") -> Object:
    """An active alert as Alertmanager's API shows it."""
    return {
        "annotations": {"summary": name}, "labels": {"alertname": name, "severity": severity},
        "receivers": [{"name": receiver}], "fingerprint": uid(name)[:8] * 2, "startsAt": stamp(started),
        "endsAt": stamp(state.now + timedelta(minutes=4)), "updatedAt": stamp(state.ago(seconds=30)),
        "status": {"inhibitedBy": [], "silencedBy": [], "mutedBy": [], "state": "active"},
    }  # fmt: skip


EVIDENCE = ("recovery.md", "Restored the newest backup in staging; all alerts arrived.\n")


def attestation(state: State, control: str, explanation: str, *, days: float, **change: object) -> Object:
    """An entry of the file of attestations, made some days ago."""
    entry: Object = {
        "control": control, "target": "*", "status": "satisfied", "explanation": explanation, "by": "Ada", "reviewed_by": "Grace",
        "valid_for": "31d", "at": stamp(state.ago(days=days)),
    }  # fmt: skip
    return entry | change


def attestations(state: State) -> list[Object]:
    """What the people who run the collector have confirmed."""
    evidence = {"file": EVIDENCE[0], "sha256": hashlib.sha256(EVIDENCE[1].encode()).hexdigest()}
    return [
        attestation(state, "recovery-rehearsed", "restored the newest backup in staging", days=9, evidence=[evidence]),
        attestation(state, "documentation-current", "runbook and examples read against the release", days=16),
        *(
            attestation(state, control, what, days=20, valid_for="92d")
            for control, what in (
                ("architecture-reviewed", "two replicas suffice for the next quarter"),
                ("security-audited", "rights, policies and secrets read with the security team"),
                ("runbooks-updated", "read against the release"),
                ("emergency-procedures-reviewed", "the call list is right"),
            )
        ),
    ]


def monitoring(state: State) -> None:
    """Prometheus and Alertmanager: their Services, the guide's rules, an alert on its way to the collector.

    The chart layout has what kube-prometheus-stack installs: two Services each for the same program.
    """
    if state.layout == "guide":
        for name, port in (("prometheus", 9090), ("alertmanager", 9093)):
            labels = {"app.kubernetes.io/name": name}
            state.add(service(state, name, port, target=port, selector=labels, labels=labels, port_name="web"))
    else:
        for name, port in (("prometheus", 9090), ("alertmanager", 9093)):
            selector = {"app.kubernetes.io/name": name}
            operated = {f"operated-{name}": "true"}
            stack = {"app": f"kube-prometheus-stack-{name}", "app.kubernetes.io/part-of": "kube-prometheus-stack"}
            state.add(
                service(
                    state,
                    f"{name}-operated",
                    port,
                    target="http-web",
                    selector=selector,
                    labels=operated,
                    port_name="http-web",
                    headless=True,
                )
            )
            own = f"cano-kube-prometheus-{name}"
            state.add(service(state, own, port, target=port, selector=selector | {name: own}, labels=stack, port_name="http-web"))
    state.rules = [rule(name) for name in GUIDE_ALERTS]
    state.notifications = notifications.configuration(state)
    state.alerts = [
        alert(state, "Watchdog", "cano-collector", started=state.ago(days=9), severity="none"),
        alert(state, "KubePodCrashLooping", "cano-collector", started=state.ago(hours=5)),
    ]
    labels = {"namespace": state.namespace, "job": "cano-upkeep"}
    state.series = [
        (labels | {"__name__": "cano_backup_last_success_timestamp"}, state.ago(hours=10).timestamp()),
        (labels | {"__name__": "cano_config_last_modified_timestamp"}, state.ago(days=12).timestamp()),
    ]


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
    collector = deployment(state, fullname, replicas, now - age)
    newest = replica_set(state, collector, HASH, revision=3, replicas=replicas, created=now - life)
    groups = int(GROUPS_A_DAY * (life / timedelta(days=1))) if traffic else 0
    state.add(collector, newest)
    if age > life:
        state.add(replica_set(state, collector, OLD_HASH, revision=2, replicas=0, created=now - age))
        state.former = former(state, now - age, now - life) if traffic else []
    for index, suffix in enumerate(("k7w2p", "x9d4t")[:replicas], start=1):
        item = pod(state, newest, suffix, index, now - life)
        state.add(item)
        state.processes[item["metadata"]["name"]] = [run(state, item["metadata"]["name"], now - life + timedelta(seconds=2), groups=groups)]
    port = 8080 if layout == "guide" else 80
    state.add(service(state, fullname, port, target=8080, selector=pod_labels(state), labels=pod_labels(state)))
    entry = make(state, "EndpointSlice", f"{fullname}-v5x8q", now - age, {
        "kubernetes.io/service-name": fullname,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }, addressType="IPv4", endpoints=[], ports=[{"name": "http", "port": 8080, "protocol": "TCP"}])  # fmt: skip
    entry["metadata"]["ownerReferences"] = metadata(state, "EndpointSlice", "", now, None, state.get("services", fullname))[
        "ownerReferences"
    ]
    state.add(entry, make(state, "ServiceAccount", fullname, now - age), make(state, "ServiceAccount", "default", now - age))
    refresh_endpoints(state)
    configure(state, destinations(state))
    protection(state)
    rbac(state)
    nodes(state)
    backup(state)
    monitoring(state)
    state.attestations = attestations(state)
    releases.store(state)
    releases.offer(state, releases.Chart(helm.following(releases.CHARTS[layout][1]), timedelta(days=5)))
    state.upgrade = helm.newer(state)
    return state
