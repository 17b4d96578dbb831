"""Does the API server serve the release's objects, and will the next Kubernetes minor?

Guide: "Upgrade planning".
Source: https://kubernetes.io/docs/reference/using-api/deprecation-policy/.
"""

from collections.abc import Iterator, Sequence

from upkeep.domain.removed_apis import COMPLETE_MINOR, REMOVALS, of_kubernetes
from upkeep.errors import Absent
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.releases import HelmRelease, ReleasedObject, ServedApis
from upkeep.shell import shell


def apis_served(release: HelmRelease, served: ServedApis) -> Judgement:
    """apis-served: this Kubernetes minor and the next serve every apiVersion of the release.

    :raises Absent: the release has no object; or it uses a prerelease version, and the table of
        removals does not reach the next minor.
    """
    if not release.objects:
        raise Absent(
            f"The manifest of Helm release {release.name} has no object.",
            source=release.storage,
            next_step=shell("helm get manifest {} -n {}", release.name, _place(release)),
        )
    kinds: dict[tuple[str, str], list[ReleasedObject]] = {}
    for one in release.objects:
        kinds.setdefault((one.api_version, one.kind), []).append(one)
    found = [
        finding for key, those in kinds.items() for finding in _fate(*key, those, release, served)
    ]
    following = served.minor + 1
    unsure = [
        f"{kind} ({version})"
        for version, kind in kinds
        if of_kubernetes(version) and _prerelease(version)
    ]
    unmeasured = None
    if unsure and (served.major != 1 or following > COMPLETE_MINOR):
        unmeasured = Absent(
            f"The API server is {served.version}; the table of removals ends at 1.{COMPLETE_MINOR}. "
            f"Kubernetes {served.major}.{following} may remove {listed(unsure)}.",
            source="GET /version",
            next_step="pip install --upgrade cano-upkeep",
        )
    observed = (
        f"{counted(len(kinds), 'kind')} of {counted(len(release.objects), 'object')}, {counted(len(found), 'finding')}"
        if found
        else f"{counted(len(kinds), 'kind')} of {counted(len(release.objects), 'object')} served"
    )
    basis = (
        f"revision {release.revision} of Helm release {release.name}; discovery of "
        f"{served.version}; removals up to Kubernetes {served.major}.{following}"
    )
    return Judgement(
        tuple(found),
        observed,
        f"served by {served.major}.{served.minor} and {served.major}.{following}",
        "",
        basis,
        unmeasured=unmeasured,
    )


def _place(release: HelmRelease) -> str:
    return release.storage_namespace or release.namespace


def _prerelease(api_version: str) -> bool:
    return "alpha" in api_version or "beta" in api_version


def _fate(
    api_version: str,
    kind: str,
    those: Sequence[ReleasedObject],
    release: HelmRelease,
    served: ServedApis,
) -> Iterator[Finding]:
    """Yield the finding of a kind that is not served, or soon will not be."""
    name = f"{kind}/{those[0].name}"
    what = (
        f"{kind} {listed([one.name for one in those])} of Helm release {release.name} uses "
        f"{api_version}"
    )
    removal = REMOVALS.get((api_version, kind))
    instead = f" Use a chart with {removal.replacement}." if removal and removal.replacement else ""
    group = api_version.rpartition("/")[0]
    here, following = f"{served.major}.{served.minor}", f"{served.major}.{served.minor + 1}"
    if (api_version, kind) not in served.kinds:
        gone = (
            f" Kubernetes 1.{removal.minor} removed it."
            if removal and removal.minor <= served.minor
            else ""
        )
        message = (
            f"{what}. API server {served.version} does not serve it: the next helm upgrade fails."
            f"{gone}{instead}"
        )
        command = shell("kubectl api-resources --api-group={}", group)
        yield Finding(name, "api-not-served", message, "not served", api_version, "", command)
    elif removal and removal.minor <= served.minor + 1:
        message = f"{what}. Kubernetes 1.{removal.minor} removes it; this one is {here}.{instead}"
        command = shell(
            "helm get manifest {} -n {} | grep -n -A1 {}",
            release.name,
            _place(release),
            f"apiVersion: {api_version}",
        )
        yield Finding(
            name,
            "api-goes",
            message,
            f"gone in 1.{removal.minor}",
            f"served by {following}",
            "",
            command,
        )
    elif "alpha" in api_version and of_kubernetes(api_version):
        message = f"{what}. Kubernetes may remove an alpha version in any minor, without notice."
        command = shell("kubectl api-resources --api-group={}", group)
        yield Finding(name, "api-alpha", message, api_version, "beta or stable", "", command)
