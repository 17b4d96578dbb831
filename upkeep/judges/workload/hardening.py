"""How the collector is built to last: replicas, budgets, limits, rights of its containers, the network.

Source: the guide's quarterly "Architecture review", "Check current limits" and "Check network policies".
"""

from collections.abc import Iterator, Sequence

from upkeep.errors import Absent, TooEarly
from upkeep.judges.wording import counted, excerpt
from upkeep.limits import Limits
from upkeep.masking import mask
from upkeep.model import Finding, Judgement, listed
from upkeep.records.usage import DisruptionBudget, NetworkPolicy
from upkeep.records.workload import ContainerSpec, Deployment, Install, KubernetesEvent, Workload

# Of the capabilities that may be added, the one that the restricted Pod Security Standard allows.
ALLOWED_CAPABILITY = "NET_BIND_SERVICE"
HOOK_FAILED = {"FailedPreStopHook": "preStop", "FailedPostStartHook": "postStart"}


def limits_set(collector: Deployment, *, install: Install) -> Judgement:
    """limits-set: every container requests CPU and memory, and its memory has a limit.

    A limit of CPU is not asked for: it slows down what has room to run.

    :raises Absent: the pod template has no container.
    """
    containers = collector.template.containers
    if not containers:
        raise Absent(
            f"the pod template of Deployment/{collector.name} is listed without a container",
            source="deployments",
        )
    found = []
    for container in containers:
        said = container.resources
        missing = [
            what
            for what, value in (
                ("CPU request", said and said.cpu_request_nanocores),
                ("memory request", said and said.memory_request_bytes),
                ("memory limit", said and said.memory_limit_bytes),
            )
            if not value
        ]
        if missing:
            message = f"Container {container.name} lacks {listed(missing)}: a node may be promised more than it has."
            fix = (
                f"kubectl -n {install.namespace} set resources deployment {install.deployment} -c {container.name} "
                "--requests=cpu=250m,memory=512Mi --limits=memory=1Gi"
            )
            found.append(
                Finding(
                    _in(install, container),
                    "limit-missing",
                    message,
                    ", ".join(missing),
                    "none missing",
                    "",
                    fix,
                )
            )
    observed = f"{len(containers) - len(found)} of {counted(len(containers), 'container')} with requests and a memory limit"
    return Judgement(
        tuple(found),
        observed,
        "CPU and memory requests, memory limit",
        "",
        "the pod template of the Deployment",
    )


def survives_node_loss(
    workload: Workload, budgets: Sequence[DisruptionBudget], *, limits: Limits, install: Install
) -> Judgement:
    """survives-node-loss: replicas on more than one node, and one PodDisruptionBudget that lets a node drain and keeps one up.

    :param budgets: those whose selector selects the pods.
    :raises Absent: a pod's node is not known. :raises TooEarly: the budget's controller has not seen its present form.
    """
    deployment, least = workload.deployment, int(limits["least_replicas"])
    found = []
    if deployment.replicas < least:
        message = f"Deployment/{deployment.name} wants {counted(deployment.replicas, 'replica')}: the loss of its node is an outage."
        fix = f"kubectl -n {install.namespace} scale deployment {install.deployment} --replicas={least}"
        found.append(
            Finding(
                f"Deployment/{deployment.name}",
                "too-few-replicas",
                message,
                deployment.replicas,
                least,
                "replicas",
                fix,
            )
        )
    ready = [pod for pod in workload.pods if pod.ready and pod.works]
    nodes = sorted({pod.node for pod in ready if pod.node})
    if len(ready) > 1 and len(nodes) == 1:
        message = f"All {len(ready)} ready pods run on node {nodes[0]}: its loss is an outage."
        fix = (
            f"kubectl -n {install.namespace} patch deployment {install.deployment} -p "
            '\'{"spec":{"template":{"spec":{"topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"kubernetes.io/hostname",'
            '"whenUnsatisfiable":"ScheduleAnyway","labelSelector":'
            + _selector(deployment)
            + "}]}}}}'"
        )
        found.append(
            Finding(f"Deployment/{deployment.name}", "one-node", message, 1, 2, "nodes", fix)
        )
    found += _budget_findings(budgets, deployment, install=install)
    if (
        not found
        and len(ready) < len([pod for pod in workload.pods if pod.works])
        and len(nodes) < 2
    ):
        raise Absent(
            "fewer than two pods are ready, so how they are spread cannot be told",
            next_step="pytest -m \"control(id='pods-ready')\"",
        )
    if not found and len(nodes) < min(2, least):
        raise Absent(
            "no pod is listed with its node",
            source="pods",
            next_step="pytest -m \"control(id='pods-ready')\"",
        )
    if not found and any(not budget.current for budget in budgets):
        raise TooEarly(
            f"PodDisruptionBudget/{budgets[0].name}: its controller has not seen its present form",
            source="poddisruptionbudgets",
            next_step="run again in a minute",
        )
    observed = f"{counted(deployment.replicas, 'replica')} on {counted(len(nodes), 'node')}"
    if budgets:
        observed += f", PodDisruptionBudget {listed([one.name for one in budgets])} allows {counted(budgets[0].allowed, 'eviction')}"
    return Judgement(
        tuple(found), observed, least, "replicas", "Deployment, pods and PodDisruptionBudgets, now"
    )


def _budget_findings(
    budgets: Sequence[DisruptionBudget], deployment: Deployment, *, install: Install
) -> Iterator[Finding]:
    if not budgets:
        message = "No PodDisruptionBudget selects the pods: a drain of nodes may evict all of them at once."
        fix = (
            f"kubectl -n {install.namespace} create poddisruptionbudget {install.deployment} --selector='{deployment.selector}' "
            "--min-available=1"
        )
        yield Finding(
            f"Deployment/{deployment.name}", "budget-missing", message, 0, 1, "budgets", fix
        )
    if len(budgets) > 1:
        names = listed(sorted(budget.name for budget in budgets))
        message = f"PodDisruptionBudgets {names} select the same pods: the API server refuses every eviction then."
        fix = f"kubectl -n {install.namespace} get poddisruptionbudgets"
        yield Finding(
            f"Deployment/{deployment.name}",
            "budgets-overlap",
            message,
            len(budgets),
            1,
            "budgets",
            fix,
        )
        return
    for budget in budgets:
        subject = f"PodDisruptionBudget/{budget.name}"
        look = f"kubectl -n {install.namespace} describe poddisruptionbudget {budget.name}"
        if budget.current and budget.desired_healthy < 1:
            message = f"{subject} keeps none of {counted(budget.expected, 'pod')}: all may be evicted at once."
            yield Finding(
                subject, "budget-keeps-none", message, budget.desired_healthy, 1, "pods", look
            )
        elif budget.current and budget.allowed < 1:
            message = f"{subject} allows no eviction now: the drain of a node waits for ever."
            yield Finding(
                subject, "budget-blocks-drain", message, budget.allowed, 1, "evictions", look
            )


def network_restricted(
    policies: Sequence[NetworkPolicy], collector: Deployment, *, install: Install
) -> Judgement:
    """network-restricted: NetworkPolicies select the pods for ingress and for egress, and not everybody may come in.

    Rules add up, so one that lets anybody in opens the pods, whatever the others say; no rule at all lets nobody.

    :param policies: those whose selector selects the pods.
    """
    found = []
    look = f"kubectl -n {install.namespace} get networkpolicies"
    for kind, code, word in (
        ("Ingress", "ingress-unrestricted", "come to"),
        ("Egress", "egress-unrestricted", "leave"),
    ):
        if not any(kind in policy.types for policy in policies):
            message = f"No NetworkPolicy selects the pods for {kind.lower()}: any connection may {word} them."
            found.append(
                Finding(f"Deployment/{collector.name}", code, message, 0, 1, "policies", look)
            )
    for policy in policies:
        for rule in policy.from_everywhere:
            message = f"NetworkPolicy/{policy.name} lets everybody in ({rule})."
            fix = f"kubectl -n {install.namespace} edit networkpolicy {policy.name}"
            found.append(
                Finding(
                    f"NetworkPolicy/{policy.name}",
                    "ingress-from-everywhere",
                    message,
                    rule,
                    "named peers",
                    "",
                    fix,
                )
            )
    names = [
        f"{policy.name} ({', '.join(policy.types)})"
        for policy in sorted(policies, key=lambda one: one.name)
    ]
    observed = (
        f"{listed(names)}; that the network enforces them is not shown by the API"
        if names
        else "no NetworkPolicy selects the pods"
    )
    return Judgement(
        tuple(found), observed, "ingress and egress", "", "NetworkPolicies of the namespace"
    )


def runs_hardened(
    workload: Workload, events: Sequence[KubernetesEvent], *, install: Install
) -> Judgement:
    """runs-hardened: probes, a pinned image that is the same on every pod, no root, no privilege, hooks that can run.

    :raises Absent: what image a running pod has is not reported.
    """
    template = workload.deployment.template
    found = [
        finding
        for container in template.containers
        for finding in _probes(container, install=install)
    ]
    for container in (*template.init_containers, *template.containers):
        found += _image(container, install=install)
        found += _rights(container, install=install)
    for field in template.host_namespaces:
        message = (
            f"The pods share the node's namespace ({field}): what they can reach is the node's."
        )
        found.append(
            Finding(
                f"Deployment/{install.deployment}",
                "host-namespace",
                message,
                field,
                "none",
                "",
                _edit(install),
            )
        )
    live = [pod for pod in workload.pods if pod.deleted is None and pod.phase == "Running"]
    unknown = sorted(
        pod.name
        for pod in live
        if not any(status.image_id for status in pod.containers if not status.init)
    )
    images = "one image"
    for name in sorted(
        {status.name for pod in live for status in pod.containers if not status.init}
    ):
        digests = {
            status.image_id.rpartition("@")[2]
            for pod in live
            for status in pod.containers
            if status.name == name and status.image_id
        }
        if len(digests) > 1:
            images = "different images"
            message = f"Container {name} runs {len(digests)} different images under one tag: the pods are not the same program."
            fix = f"kubectl -n {install.namespace} rollout restart deployment {install.deployment}"
            found.append(
                Finding(
                    f"Deployment/{install.deployment} container/{name}",
                    "digests-differ",
                    message,
                    len(digests),
                    1,
                    "images",
                    fix,
                )
            )
    hooks = [event for event in events if event.reason in HOOK_FAILED]
    for event in hooks:
        message = f"The {HOOK_FAILED[event.reason]} hook of {event.kind}/{event.name} failed: {excerpt(mask(event.message))}"
        found.append(
            Finding(
                f"{event.kind}/{event.name}",
                "hook-cannot-run",
                message,
                event.count,
                0,
                "times",
                _edit(install),
            )
        )
    if not found and (unknown or not live):
        which = f"pod {unknown[0]}" if unknown else "any pod"
        raise Absent(
            f"what image {which} runs is not reported",
            source="pods",
            next_step="pytest -m \"control(id='pods-ready')\"",
        )
    declared = sorted({hook for container in template.containers for hook in container.hooks})
    observed = f"{counted(len(template.containers), 'container')}: {counted(len(found), 'fault')}; {images} on {counted(len(live), 'pod')}"
    if declared and not hooks:
        observed += f"; no event says that {listed(declared)} failed, which proves nothing"
    return Judgement(
        tuple(found),
        observed,
        "probes, pinned image, no root, no privilege",
        "",
        "pod template, pods and events, now",
    )


def _probes(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    if container.name == install.container:
        for kind in ("liveness", "readiness"):
            if kind not in container.probe_kinds:
                message = f"Container {container.name} has no {kind} probe: a process that hangs is not noticed."
                yield Finding(
                    _in(install, container),
                    "probe-missing",
                    message,
                    "none",
                    kind,
                    "",
                    _edit(install),
                )


def _image(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    tag = container.image.rpartition("/")[2].partition(":")[2]
    if "@sha256:" not in container.image and tag in ("", "latest"):
        message = f"Container {container.name} runs {mask(container.image)}: what that is changes without a rollout."
        repository = mask(container.image.removesuffix(":latest"))
        fix = f"kubectl -n {install.namespace} set image deployment/{install.deployment} {container.name}={repository}:VERSION"
        yield Finding(
            _in(install, container),
            "image-not-pinned",
            message,
            tag or "no tag",
            "a version or a digest",
            "",
            fix,
        )


def _rights(container: ContainerSpec, *, install: Install) -> Iterator[Finding]:
    said, subject = container.security, _in(install, container)
    if said.run_as_user == 0:
        yield Finding(
            subject,
            "runs-as-root",
            f"Container {container.name} runs as root.",
            0,
            "not 0",
            "uid",
            _edit(install),
        )
    elif not said.run_as_non_root and said.run_as_user is None:
        message = f"Container {container.name} may run as root: neither runAsNonRoot nor runAsUser is set, so the image decides."
        yield Finding(
            subject,
            "may-run-as-root",
            message,
            "not said",
            "runAsNonRoot: true",
            "",
            _edit(install),
        )
    if said.privileged:
        yield Finding(
            subject,
            "runs-privileged",
            f"Container {container.name} is privileged: it is root on its node.",
            True,
            False,
            "",
            _edit(install),
        )
    if said.allow_privilege_escalation is not False:
        message = f"Container {container.name} may gain rights: allowPrivilegeEscalation is not false, and true where nothing is said."
        yield Finding(
            subject,
            "may-escalate",
            message,
            said.allow_privilege_escalation,
            False,
            "",
            _edit(install),
        )
    added = sorted(set(said.added) - {ALLOWED_CAPABILITY})
    if added:
        message = f"Container {container.name} gets the capabilities {listed(added)}."
        yield Finding(
            subject, "capabilities-added", message, ", ".join(added), "none", "", _edit(install)
        )


def _in(install: Install, container: ContainerSpec) -> str:
    return f"Deployment/{install.deployment} container/{container.name}"


def _edit(install: Install) -> str:
    return f"kubectl -n {install.namespace} edit deployment {install.deployment}"


def _selector(deployment: Deployment) -> str:
    pairs = ",".join(
        f'"{key}":"{value}"' for key, value in sorted(deployment.template.labels.items())
    )
    return '{"matchLabels":{' + pairs + "}}"
