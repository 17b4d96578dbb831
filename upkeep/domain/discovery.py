"""What is installed, found by what the objects say and never by their names (collector.md, "Two layouts")."""

from collections.abc import Mapping, Sequence

from upkeep.errors import Absent, Ambiguous
from upkeep.limits import nearest
from upkeep.model import listed
from upkeep.records.configuration import ConfigurationReference, SecretReference, StoredObject
from upkeep.records.selectors import LabelSelector
from upkeep.records.serving import Service, ServicePort
from upkeep.records.workload import ContainerSpec, Deployment, Install, PodTemplate

COLLECTOR = "cano-collector"
_LABELS = ("app.kubernetes.io/name", "app")
GUIDE_HEALTH_PATH = "/health"
DEFAULT_PORT = 8080
SECRETS_STORE = "secrets-store.csi.k8s.io"


def image_basename(image: str) -> str:
    """``registry:5000/a/cano-collector:1@sha256:…`` is ``cano-collector``."""
    return image.split("@", 1)[0].rsplit("/", 1)[-1].split(":", 1)[0]


def find_collector(
    deployments: Sequence[Deployment], *, namespace: str, name: str | None
) -> Deployment:
    """The collector's Deployment: by name where one is given, else by its image's basename, its labels, its container's name, in that order.

    :raises Absent: none; the message says what was looked for and where.
    :raises Ambiguous: several; the message lists them and names the option.
    """
    names = [deployment.name for deployment in deployments]
    if name is not None:
        for deployment in deployments:
            if deployment.name == name:
                return deployment
        raise Absent(
            f"namespace {namespace} has no Deployment {name!r}{nearest(name, names)}; it has {listed(names) or 'none'}",
            next_step=f"kubectl get deployments -n {namespace}",
        )
    for how, matching in (
        (
            "image",
            [
                d
                for d in deployments
                if any(image_basename(c.image) == COLLECTOR for c in d.template.containers)
            ],
        ),
        (
            "label",
            [
                d
                for d in deployments
                if any(d.template.labels.get(label) == COLLECTOR for label in _LABELS)
            ],
        ),
        (
            "container",
            [d for d in deployments if any(c.name == COLLECTOR for c in d.template.containers)],
        ),
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise Ambiguous(
                f"namespace {namespace} has {len(matching)} collectors (by {how}): {listed([d.name for d in matching])}; "
                "say which with --deployment=NAME",
                next_step=f"--deployment={matching[0].name}",
            )
    raise Absent(
        f"no collector in namespace {namespace}: no Deployment has an image named {COLLECTOR}, a label "
        f"{' or '.join(f'{label}={COLLECTOR}' for label in _LABELS)}, or a container named {COLLECTOR}; "
        f"Deployments there: {listed(names) or 'none'}",
        next_step=f"--namespace=NAME or --deployment=NAME; kubectl get deployments -A | grep {COLLECTOR}",
    )


def collector_container(template: PodTemplate) -> ContainerSpec:
    """The container that is the collector, beside sidecars.

    :raises Ambiguous: it cannot be told.
    """
    for matching in (
        [c for c in template.containers if image_basename(c.image) == COLLECTOR],
        [c for c in template.containers if c.name == COLLECTOR],
        list(template.containers),
    ):
        if len(matching) == 1:
            return matching[0]
    raise Ambiguous(
        f"which container is the collector? {listed([c.name for c in template.containers])}: none or several have its image"
    )


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a Service's selector matches the labels. An empty selector selects nothing: its endpoints are made by hand."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects what has these labels. Every term must hold, so that an empty one selects everything; ``None`` nothing.

    NotIn and DoesNotExist hold for a label that is not there (Kubernetes, "Labels and Selectors").
    """
    if selector is None:
        return False
    for key, operator, values in selector.expressions:
        holds = {
            "In": key in labels and labels[key] in values,
            "NotIn": labels.get(key) not in values or key not in labels,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[operator]
        if not holds:
            return False
    return all(labels.get(key) == value for key, value in selector.labels.items())


def install(deployment: Deployment) -> Install:
    """What the Deployment's pod template says about the installation.

    :raises Ambiguous: the collector's container cannot be told. :raises Absent: nothing says its port.
    """
    template = deployment.template
    container = collector_container(template)
    port = _port(container)
    probes = [probe for probe in container.probes if _number(probe.port, container) == port]
    paths = [probe.path for probe in probes]
    kinds = {
        volume.name: [v for v in template.volumes if v.name == volume.name]
        for volume in template.volumes
    }
    configuration = [
        (volume.kind, volume.object, path)
        for name, path, _ in container.mounts
        for volume in kinds.get(name, [])
        if volume.kind in ("ConfigMap", "Secret")
    ]
    secrets = [volume.object for volume in template.volumes if volume.kind == "Secret"]
    for spec in template.containers:
        secrets += [name for kind, name, _ in spec.env_from if kind == "Secret"]
        secrets += [name for _, kind, name, _, _ in spec.env_keys if kind == "Secret"]
    return Install(
        namespace=deployment.namespace,
        deployment=deployment.name,
        container=container.name,
        port=port,
        health_paths=tuple(dict.fromkeys(paths)) or (GUIDE_HEALTH_PATH,),
        layout="chart" if "app.kubernetes.io/name" in template.labels else "guide",
        configuration=tuple(dict.fromkeys(configuration)),
        secrets=tuple(dict.fromkeys(secrets)),
        scheme=probes[0].scheme if probes else "HTTP",
    )


def references(deployment: Deployment, install: Install) -> tuple[ConfigurationReference, ...]:
    """Every ConfigMap and Secret that the collector's container mounts or takes variables from; required where one of its places requires it.

    What other containers of the pod need is not the collector's configuration.
    """
    container = next(one for one in deployment.template.containers if one.name == install.container)
    mounted = {name for name, _, _ in container.mounts}
    places = [
        (volume.kind, volume.object, volume.optional)
        for volume in deployment.template.volumes
        if volume.name in mounted
    ]
    places += list(container.env_from)
    places += [(kind, name, optional) for _, kind, name, _, optional in container.env_keys]
    found: dict[tuple[str, str], bool] = {}
    for kind, name, optional in places:
        if kind in ("ConfigMap", "Secret") and name:
            found[kind, name] = found.get((kind, name), True) and optional
    return tuple(
        ConfigurationReference(kind, name, optional)
        for (kind, name), optional in sorted(found.items())
    )


def secret_references(deployment: Deployment) -> tuple[SecretReference, ...]:
    """Every place of the pod template that needs a Secret, whichever container it is for: a pod starts whole or not at all."""
    template = deployment.template
    found = [
        SecretReference(volume.object, volume.keys, volume.optional, f"volume {volume.name}")
        for volume in template.volumes
        if volume.kind == "Secret"
    ]
    for container in (*template.init_containers, *template.containers):
        own = f"of container {container.name}"
        found += [
            SecretReference(name, (), optional, f"envFrom {own}", container=True)
            for kind, name, optional in container.env_from
            if kind == "Secret"
        ]
        found += [
            SecretReference(name, (key,), optional, f"env {variable} {own}", container=True)
            for variable, kind, name, key, optional in container.env_keys
            if kind == "Secret"
        ]
    found += [
        SecretReference(name, (), False, f"volume {volume}")
        for name, volume in template.volume_secrets
    ]
    # The kubelet goes on without one that is missing, and pulls nothing that is private.
    found += [
        SecretReference(name, (), False, "imagePullSecrets") for name in template.pull_secrets
    ]
    return tuple(one for one in found if one.name)


def syncing_volume(deployment: Deployment) -> str:
    """Return the volume whose driver may create Secrets when a pod mounts it; empty for none.

    Source: https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret
    """
    return next(
        (
            volume.name
            for volume in deployment.template.volumes
            if (volume.kind, volume.object) == ("csi", SECRETS_STORE)
        ),
        "",
    )


def config_map_references(deployment: Deployment) -> tuple[str, ...]:
    """Every ConfigMap that the pod template names, whichever container it is for."""
    template = deployment.template
    places = [(volume.kind, volume.object) for volume in template.volumes]
    for container in (*template.init_containers, *template.containers):
        places += [(kind, name) for kind, name, _ in container.env_from]
        places += [(kind, name) for _, kind, name, _, _ in container.env_keys]
    return tuple(sorted({name for kind, name in places if kind == "ConfigMap" and name}))


def belongs(stored: StoredObject, install: Install) -> bool:
    """Whether a Secret is the collector's by its labels or its name; releases of helm are helm's."""
    if stored.labels.get("owner") == "helm":
        return False
    labels = (stored.labels.get("app.kubernetes.io/name"), stored.labels.get("app"))
    return (
        COLLECTOR in labels
        or stored.name == install.deployment
        or stored.name.startswith(f"{install.deployment}-")
    )


def _port(container: ContainerSpec) -> int:
    """The collector's HTTP port: the one that its probes ask, else its container port."""
    asked = [
        number
        for probe in container.probes
        if (number := _number(probe.port, container)) is not None
    ]
    if asked:
        return DEFAULT_PORT if DEFAULT_PORT in asked else asked[0]
    numbers = [number for _, number in container.ports]
    if DEFAULT_PORT in numbers or len(numbers) == 1:
        return DEFAULT_PORT if DEFAULT_PORT in numbers else numbers[0]
    raise Absent(
        f"container {container.name} has no HTTP probe and {len(numbers)} container ports: which one is the collector's cannot be told",
        next_step=f"declare containerPort {DEFAULT_PORT} or a probe, or give --collector=http://{{pod_ip}}:{DEFAULT_PORT}",
    )


def _number(port: int | str, container: ContainerSpec) -> int | None:
    """The number of a port that is told by number or by name; ``None`` where the container has none of that name."""
    return (
        port
        if isinstance(port, int)
        else {name: number for name, number in container.ports if name}.get(port)
    )


def find_service(
    services: Sequence[Service], *, program: str, ports: Sequence[int]
) -> tuple[Service, ServicePort]:
    """The Service of a monitoring program, by its labels or its usual names.

    :param program: ``prometheus`` or ``alertmanager``.
    :param ports: its usual port numbers, best first.
    :raises Absent: none. :raises Ambiguous: several programs of that kind that cannot be told apart.
    """
    ranked: dict[int, list[Service]] = {}
    for service in services:
        rank = _rank(service, program)
        if rank is not None and any(port.port in ports for port in service.ports):
            ranked.setdefault(rank, []).append(service)
    namespaces = listed(sorted({service.namespace for service in services}))
    if not ranked:
        raise Absent(
            f"no {program} was found: no Service in {namespaces or 'the namespaces looked at'} has the label "
            f"app.kubernetes.io/name={program} or one of its usual names",
            next_step=f"--{program}=URL, or --absent={program}=REASON",
        )
    best = ranked[min(ranked)]
    if len(best) > 1:
        raise Ambiguous(
            f"{len(best)} Services could be {program}: {listed([f'{s.namespace}/{s.name}' for s in best])}; say which with --{program}=URL",
            next_step=f"--{program}=URL",
        )
    return best[0], min(
        (port for port in best[0].ports if port.port in ports),
        key=lambda port: ports.index(port.port),
    )


def alertmanager_config(services: Sequence[Service], *, namespace: str) -> str:
    """Where Alertmanager's configuration is likely to be stored, as ``--alertmanager-config`` takes it; empty where nothing tells.

    The operator selects the pods of the Alertmanager NAME by the label ``alertmanager``, and stores its configuration in the Secret
    ``alertmanager-NAME-generated``. Other charts keep it in a ConfigMap that is called like the Service.
    """
    own = [
        service
        for service in services
        if service.namespace == namespace and _rank(service, "alertmanager") is not None
    ]
    names = {
        service.selector["alertmanager"] for service in own if "alertmanager" in service.selector
    }
    if len(names) == 1:
        return f"Secret/{namespace}/alertmanager-{names.pop()}-generated"
    operated = any(service.name == "alertmanager-operated" for service in own)
    return f"ConfigMap/{namespace}/{own[0].name}" if len(own) == 1 and not operated else ""


def _rank(service: Service, program: str) -> int | None:
    if (
        service.name == f"{program}-operated"
    ):  # of the operator: the one that leads to the running pods
        return 0
    if service.labels.get("app.kubernetes.io/name") == program:
        return 1
    if (
        service.labels.get("app", "").endswith(f"-{program}")
        or service.labels.get("app") == program
    ):
        return 2
    if service.name in (program, f"{program}-server", f"{program}-k8s", f"{program}-main"):
        return 3
    return None
