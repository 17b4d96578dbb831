"""What is installed? The objects' fields decide, not their names.

Source: https://github.com/kubecano/cano-collector (the chart); docs/runbook.md (the two layouts).
"""

from collections.abc import Mapping, Sequence

from upkeep.domain.mounted_configuration import mounted_files
from upkeep.errors import Absent, Ambiguous
from upkeep.limits import nearest
from upkeep.model import listed
from upkeep.records.configuration import ConfigurationReference, SecretReference, StoredObject
from upkeep.records.selectors import LabelSelector
from upkeep.records.workload import ContainerSpec, Deployment, Install, PodTemplate
from upkeep.shell import shell

COLLECTOR = "cano-collector"
_LABELS = ("app.kubernetes.io/name", "app")
GUIDE_HEALTH_PATH = "/health"
DEFAULT_PORT = 8080
SECRETS_STORE = "secrets-store.csi.k8s.io"
PULL_SECRETS = "imagePullSecrets"


def image_basename(image: str) -> str:
    """Return ``cano-collector`` of ``registry:5000/a/cano-collector:1@sha256:…``."""
    return image.split("@", 1)[0].rsplit("/", 1)[-1].split(":", 1)[0]


def find_collector(
    deployments: Sequence[Deployment], *, namespace: str, name: str | None
) -> Deployment:
    """Return the collector's Deployment.

    A given name decides. Else the basename of an image, a label or a container name, in this order.

    :raises Absent: none matches; the message names the criteria and the namespace.
    :raises Ambiguous: several match; the message lists them and names the option.
    """
    names = [deployment.name for deployment in deployments]
    if name is not None:
        for deployment in deployments:
            if deployment.name == name:
                return deployment
        raise Absent(
            f"Namespace {namespace} has no Deployment {name!r}{nearest(name, names)}; it has {listed(names) or 'no other'}",
            next_step=shell("kubectl get deployments -n {}", namespace),
        )
    for how, matching in (
        (
            "image",
            [d for d in deployments if runs_collector(d)],
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
                f"Namespace {namespace} has {len(matching)} collectors (by {how}): "
                f"{listed([d.name for d in matching])}. Choose one with --deployment=NAME",
                next_step=shell("--deployment={}", matching[0].name),
            )
    raise Absent(
        f"No collector in namespace {namespace}. No Deployment has an image named {COLLECTOR}, a label "
        f"{' or '.join(f'{label}={COLLECTOR}' for label in _LABELS)}, or a container named {COLLECTOR}. "
        f"Deployments there: {listed(names) or 'none'}",
        next_step=shell(
            "--namespace=NAME or --deployment=NAME; kubectl get deployments -A | grep {}", COLLECTOR
        ),
    )


def runs_collector(deployment: Deployment) -> bool:
    """Return whether a container of its template has the collector's image."""
    return any(image_basename(one.image) == COLLECTOR for one in deployment.template.containers)


def collector_container(template: PodTemplate) -> ContainerSpec:
    """Return the collector's container among sidecars.

    :raises Ambiguous: none or several match.
    """
    for matching in (
        [c for c in template.containers if image_basename(c.image) == COLLECTOR],
        [c for c in template.containers if c.name == COLLECTOR],
        list(template.containers),
    ):
        if len(matching) == 1:
            return matching[0]
    raise Ambiguous(
        f"None or several of the containers {listed([c.name for c in template.containers])} "
        f"run the image {COLLECTOR}: the collector's container is not known"
    )


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Return whether a Service's selector matches the labels.

    An empty selector selects nothing: such a Service has hand-made endpoints.
    """
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Return whether a LabelSelector selects the labels.

    Every term must hold, so an empty selector selects everything; ``None`` selects nothing.
    NotIn and DoesNotExist hold for a missing label. Source:
    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
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
    """Return what the Deployment's pod template says about the installation.

    :raises Ambiguous: the collector's container is not known.
    :raises Absent: neither a probe nor a container port gives its HTTP port.
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
        files=tuple(dict.fromkeys(mounted_files(template, container))),
    )


def references(deployment: Deployment, install: Install) -> tuple[ConfigurationReference, ...]:
    """Return every ConfigMap and Secret that the collector's container mounts or takes variables from.

    One required reference makes the object required. Objects of other containers are left out.
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
    """Return every reference to a Secret in the pod template.

    All containers count: one missing Secret keeps the whole pod from starting.
    """
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
    # Without a pull secret the kubelet still tries, and fails on private images.
    found += [SecretReference(name, (), False, PULL_SECRETS) for name in template.pull_secrets]
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
    """Return every ConfigMap that the pod template names, for any container."""
    template = deployment.template
    places = [(volume.kind, volume.object) for volume in template.volumes]
    for container in (*template.init_containers, *template.containers):
        places += [(kind, name) for kind, name, _ in container.env_from]
        places += [(kind, name) for _, kind, name, _, _ in container.env_keys]
    return tuple(sorted({name for kind, name in places if kind == "ConfigMap" and name}))


def belongs(stored: StoredObject, install: Install) -> bool:
    """Return whether a Secret is probably the collector's.

    Its application label decides. Secrets without one count by the chart's naming; Helm's own
    release records never count.
    """
    if stored.labels.get("owner") == "helm":
        return False
    labelled = [stored.labels[label] for label in _LABELS if label in stored.labels]
    if labelled:
        return COLLECTOR in labelled or install.deployment in labelled
    return stored.name == install.deployment or stored.name.startswith(f"{install.deployment}-")


def _port(container: ContainerSpec) -> int:
    """Return the collector's HTTP port: that of its probes, else its container port."""
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
        f"Container {container.name} has no HTTP probe and {len(numbers)} container ports: "
        "its HTTP port is not known",
        next_step=shell(
            "declare containerPort {} or a probe, or add --collector=http://{{pod_ip}}:{}",
            DEFAULT_PORT,
            DEFAULT_PORT,
        ),
    )


def _number(port: int | str, container: ContainerSpec) -> int | None:
    """Return the number of a port; ``None`` where the container has no port of that name."""
    return (
        port
        if isinstance(port, int)
        else {name: number for name, number in container.ports if name}.get(port)
    )
