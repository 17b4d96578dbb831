"""Do all pods run the same image? Only what can be compared is compared.

The kubelet reports an image as a digest of its registry or as the id of its local configuration.
The two name the same image by different numbers. Images of two tags differ by intent: during a
rollout, or where a webhook injected another version into a newer pod.

Source: https://github.com/kubernetes/kubernetes/issues/115199 (two forms of imageID);
https://kubernetes.io/docs/concepts/containers/images/#image-names
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.model import Finding, listed
from upkeep.records.workload import Install, Workload
from upkeep.shell import shell


class RunningImage(Struct, frozen=True):
    """The image of a running container.

    :ivar reference: the image as the pod's spec names it.
    :ivar identity: what the kubelet reports; empty where it reports nothing.
    """

    pod: str
    container: str
    reference: str
    identity: str

    @property
    def digest(self) -> str:
        """Return the digest or id without repository and runtime prefix."""
        return self.identity.rpartition("@")[2].rpartition("//")[2]

    @property
    def form(self) -> str:
        """Return whether it is a digest of a registry or an id of the node."""
        return "registry digest" if "@" in self.identity else "local image id"


def of_running(workload: Workload) -> tuple[RunningImage, ...]:
    """Return the images of the containers that run as long as their pod, of running pods."""
    found = []
    for pod in sorted(workload.pods, key=lambda one: one.name):
        if pod.deleted is not None or pod.phase != "Running":
            continue
        references = {one.name: one.image for one in (*pod.init_specs, *pod.specs)}
        found += [
            RunningImage(pod.name, one.name, references.get(one.name, ""), one.image_id)
            for one in pod.containers
            if one.runs_on and (one.image_id or one.state == "running")
        ]
        reported = {one.name for one in pod.containers}
        found += [
            RunningImage(pod.name, one.name, one.image, "")
            for one in pod.specs
            if one.name not in reported
        ]
    return tuple(found)


def differing(running: Sequence[RunningImage], *, install: Install) -> list[Finding]:
    """Return a finding for each container of which pods run several images under one tag."""
    found = []
    for (name, reference), group in _by_reference(running):
        for form in ("registry digest", "local image id"):
            digests = {one.digest for one in group if one.identity and one.form == form}
            if len(digests) > 1:
                message = (
                    f"Container {name} runs {len(digests)} different images of {reference}: "
                    "the pods are not the same program."
                )
                fix = shell(
                    "kubectl -n {} rollout restart deployment {}",
                    install.namespace,
                    install.deployment,
                )
                where = f"Deployment/{install.deployment} container/{name}"
                found.append(
                    Finding(where, "digests-differ", message, len(digests), 1, "images", fix)
                )
    return found


def require_known(running: Sequence[RunningImage], workload: Workload) -> None:
    """Refuse images that are not reported or that cannot be compared.

    A reference with a digest needs no comparison: it names one image.

    :raises Absent: no pod runs, an image is not reported, or the forms differ.
    """
    namespace = workload.deployment.namespace
    look = shell(
        "kubectl -n {} get pods -o custom-columns=NAME:.metadata.name,IMAGE:.status.containerStatuses[*].imageID",
        namespace,
    )
    unknown = sorted({one.pod for one in running if not one.identity})
    if unknown or not running:
        raise Absent(
            f"Pod {unknown[0]} reports no image." if unknown else "No pod reports an image.",
            source="pods",
            next_step="upkeep run -m \"control(id='pods-ready')\"",
        )
    for (name, reference), group in _by_reference(running):
        forms = {one.form for one in group}
        if len(forms) > 1 and "@sha256:" not in reference:
            raise Absent(
                f"The nodes report the image {reference} of container {name} in two forms "
                f"({listed(sorted(forms))}), which cannot be compared",
                source="pods",
                next_step=look,
            )


def summary(running: Sequence[RunningImage]) -> str:
    """Return how many images run on how many pods."""
    pods = counted(len({one.pod for one in running}), "pod")
    several = []
    for name in sorted({one.container for one in running}):
        mine = [one for one in running if one.container == name]
        references = sorted({one.reference for one in mine})
        if len(references) > 1:
            several.append(f"{name} in {len(references)} versions: {listed(references)}")
        elif len({(one.form, one.digest) for one in mine if one.identity}) > 1:
            several.append(f"{name} with different images of one tag")
    return f"{'; '.join(several) if several else 'one image a container'} on {pods}"


def _by_reference(
    running: Iterable[RunningImage],
) -> list[tuple[tuple[str, str], list[RunningImage]]]:
    groups: dict[tuple[str, str], list[RunningImage]] = {}
    for one in running:
        groups.setdefault((one.container, one.reference), []).append(one)
    return sorted(groups.items())
