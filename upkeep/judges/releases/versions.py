"""Whether what is installed can be told, is recent, and can be upgraded.

Source: the guide's "Upgrade Planning"; its ``helm search repo`` names an alias whose URL only the user knows.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from shlex import quote

from upkeep.domain.removed_apis import COMPLETE_MINOR, REMOVALS, of_kubernetes
from upkeep.domain.versions import Version, image_tag, named, of_chart, offered, parse
from upkeep.errors import Absent, TooEarly
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span
from upkeep.records.releases import (
    ChartIndex,
    ChartVersion,
    HelmRelease,
    InstalledChart,
    ProgramVersions,
    ReleasedObject,
    ServedApis,
)
from upkeep.records.workload import ContainerSpec, Install, Workload

VERSION_LABEL = "app.kubernetes.io/version"
# helm's own --timeout: until then an upgrade may still be at work.
HELM_TIMEOUT = timedelta(minutes=5)
# By so much two clocks may differ.
SKEW = timedelta(hours=1)


def version_known(workload: Workload, program: ProgramVersions, *, install: Install) -> Judgement:
    """version-known: image tag, APP_VERSION, label and the program itself name one version, and it is the same on every pod.

    What names none (a digest, ``latest``, no label) is left out. One that does is enough to know it; the basis says how many there were.

    :raises Absent: there is no pod, or nothing of a pod names a version.
    """
    pods = [pod for pod in workload.pods if pod.works]
    if not pods:
        raise Absent(
            "no pod was there whose version could be told",
            next_step="pytest -m \"control(id='pods-ready')\"",
        )
    printed = dict(program.versions)
    deployment = workload.deployment
    said = {
        f"Deployment/{deployment.name}": {
            "its label": named(deployment.labels.get(VERSION_LABEL, "")),
            **_named_by(deployment.template.labels, deployment.template.containers, install),
        }
    }
    for pod in pods:
        said[f"Pod/{pod.name}"] = {
            **_named_by(pod.labels, pod.specs, install),
            "--version": printed.get(pod.name, ""),
        }
    told = {
        name: {source: version for source, version in one.items() if version}
        for name, one in said.items()
    }
    for pod in pods:
        if not told[f"Pod/{pod.name}"]:
            raise Absent(
                f"nothing names the version of pod {pod.name}: its image has no tag that is one, and it has neither APP_VERSION nor the label {VERSION_LABEL}",
                next_step=f"set the label {VERSION_LABEL} in the pod template; kubectl -n {install.namespace} get pod {pod.name} --show-labels",
            )
    found = [
        _disagreement(name, versions, install)
        for name, versions in told.items()
        if len(set(versions.values())) > 1
    ]
    agreed: dict[str, list[str]] = {}
    for name, versions in told.items():
        if len(set(versions.values())) == 1:
            agreed.setdefault(next(iter(versions.values())), []).append(name)
    if len(agreed) > 1:
        parts = "; ".join(
            f"{version}: {listed(names)}" for version, names in sorted(agreed.items())
        )
        message = f"Not all of the collector is of one version ({parts})."
        command = f"kubectl -n {install.namespace} rollout status deployment {install.deployment} --timeout=10s"
        found.append(
            Finding(
                f"Deployment/{deployment.name}",
                "versions-mixed",
                message,
                listed(sorted(agreed)),
                "one version",
                "",
                command,
            )
        )
    sources = sorted({source for versions in told.values() for source in versions})
    observed = listed(
        sorted({version for versions in told.values() for version in versions.values()})
    )
    basis = f"{listed(sources)} of {counted(len(pods), 'pod')}"
    return Judgement(
        tuple(found),
        observed,
        "one version",
        "",
        f"{basis}; {program.not_asked}" if program.not_asked else basis,
    )


def _named_by(
    labels: Mapping[str, str], containers: Sequence[ContainerSpec], install: Install
) -> dict[str, str]:
    container = next((one for one in containers if one.name == install.container), None)
    return {
        "image tag": named(image_tag(container.image)) if container else "",
        "APP_VERSION": container.app_version if container else "",
        "label": named(labels.get(VERSION_LABEL, "")),
    }


def _disagreement(name: str, versions: Mapping[str, str], install: Install) -> Finding:
    parts = ", ".join(f"{version} by {source}" for source, version in versions.items())
    message = f"{name} is {parts}: which version runs cannot be told."
    command = f'kubectl -n {install.namespace} get {name.lower()} -o jsonpath=\'{{.metadata.labels}}{{"\\n"}}{{..image}}{{"\\n"}}{{..env}}\''
    return Finding(name, "versions-disagree", message, parts, "one version", "", command)


def up_to_date(
    chart: InstalledChart, index: ChartIndex, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """up-to-date: the installed chart is at most ``limits["chart_minors_behind"]`` minors behind the newest of its repository, or has not been further
    behind for ``limits["chart_age"]`` yet.

    Prereleases count only for whom has one installed. Versions that are none are left out, and said.

    :raises Malformed: the installed version is none. :raises TooEarly: an upgrade runs.
    :raises Absent: the index has no version, ends before what is installed, or does not say how old a version is where that decides.
    """
    installed = of_chart(chart.version, chart=chart.name, source=chart.source)
    known = offered(index, installed=installed)
    found = [*_unfinished(chart, now=now)]
    newest, entry = known[-1]
    most = int(limits["chart_minors_behind"])
    too_new = [(version, one) for version, one in known if _beyond(version, installed, most)]
    if too_new:
        found += _outdated(
            chart,
            entry,
            [one for _, one in too_new],
            index,
            now=now,
            limits=limits,
            install=install,
        )
    if entry.deprecated:
        message = f"The newest version {entry.version} of chart {chart.name} is marked as deprecated: there will be no other in {index.where}."
        command = "helm show chart " + _chart(chart, index, entry.version)
        found.append(
            Finding(
                _object(chart, install),
                "chart-deprecated",
                message,
                "deprecated",
                "maintained",
                "",
                command,
            )
        )
    age = f", {span(now - entry.created)} old" if entry.created and entry.created <= now else ""
    observed = (
        f"{chart.version} installed, and it is the newest"
        if newest == installed
        else f"{chart.version} installed, {entry.version} is the newest{age}"
    )
    basis = f"{chart.source}; index of {index.where}"
    skipped = [one.version for one in index.versions if parse(one.version) is None]
    if skipped:
        basis += f"; {counted(len(skipped), 'version')} left out that are none"
    limit = f"{counted(most, 'minor')} behind, or for less than {limits.text('chart_age')}"
    return Judgement(tuple(found), observed, limit, "", basis)


def _beyond(version: Version, installed: Version, most: int) -> bool:
    """Whether it is further ahead than the limit allows; another major always is."""
    return version.major > installed.major or (
        version.major == installed.major and version.minor - installed.minor > most
    )


def _object(chart: InstalledChart, install: Install) -> str:
    return f"HelmRelease/{chart.release}" if chart.release else f"Deployment/{install.deployment}"


def _chart(chart: InstalledChart, index: ChartIndex, version: str) -> str:
    """The chart as helm takes it."""
    return f"{quote(chart.name)} --repo {repository_url(index.where)} --version {quote(version)}"


def repository_url(where: str) -> str:
    """A repository as helm takes it. What only the user knows has a placeholder: the URL of a file, and the path of a URL, which may be a secret and is
    masked in everything that is shown."""
    return quote(where) if "://" in where and not where.endswith("…") else "URL"


def _outdated(
    chart: InstalledChart,
    newest: ChartVersion,
    too_new: Sequence[ChartVersion],
    index: ChartIndex,
    *,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Iterator[Finding]:
    """Since when it has been too far behind: since the first version beyond the limit came."""
    # A time that is still to come is none: an index that has it could hide for ever how old a version is.
    times = [
        one.created for one in too_new if one.created is not None and one.created <= now + SKEW
    ]
    since = now - min(times) if times else None
    if since is None or since < timedelta(seconds=limits["chart_age"]):
        silent = [one.version for one in too_new if one.created is None or one.created > now + SKEW]
        if silent:
            raise Absent(
                f"the index of {index.where} does not say when {listed(silent)} of chart {chart.name} came, so how long {chart.version} has been behind is not known",
                source=index.where,
                next_step=f"--limit=chart_minors_behind={int(limits['chart_minors_behind']) + 1}",
            )
        return
    message = (
        f"Chart {chart.name} {chart.version} is installed, {newest.version} is the newest, and for {span(since)} it has been more than "
        f"{counted(int(limits['chart_minors_behind']), 'minor')} behind."
    )
    command = f"helm upgrade {quote(chart.release or 'RELEASE')} {_chart(chart, index, newest.version)} -n {quote(chart.namespace or install.namespace)} --reuse-values --dry-run=server"
    yield Finding(
        _object(chart, install),
        "chart-outdated",
        message,
        chart.version,
        newest.version,
        "",
        command,
    )


def _unfinished(chart: InstalledChart, *, now: datetime) -> Iterator[Finding]:
    """A release that is not deployed: what is installed is then neither the chart before nor this one."""
    if not chart.status or chart.status == "deployed":
        return
    if (
        chart.status.startswith("pending")
        and chart.since is not None
        and now - chart.since < HELM_TIMEOUT
    ):
        raise TooEarly(
            f"Helm release {chart.release} is {chart.status} since {span(now - chart.since)}: helm is at work",
            next_step=f"helm status {quote(chart.release)} -n {quote(chart.namespace)}, and run again",
        )
    message = f"Helm release {chart.release} is {chart.status}: its last change was not finished, and helm may refuse the next one."
    command = f"helm history {quote(chart.release)} -n {quote(chart.namespace)}"
    yield Finding(
        f"HelmRelease/{chart.release}",
        "release-unfinished",
        message,
        chart.status,
        "deployed",
        "",
        command,
    )


def apis_served(release: HelmRelease, served: ServedApis) -> Judgement:
    """apis-served: the API server serves every apiVersion and kind of the release, and the next Kubernetes minor will.

    :raises Absent: the release has no object, or the next minor is beyond what is known here, and the release uses a version that may go.
    """
    if not release.objects:
        raise Absent(
            f"the manifest of Helm release {release.name} has no object",
            source=release.storage,
            next_step=f"helm get manifest {quote(release.name)} -n {quote(release.namespace)}",
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
    if not found and unsure and (served.major != 1 or following > COMPLETE_MINOR):
        raise Absent(
            f"the API server is {served.version}, and what Kubernetes {served.major}.{following} removes is not known here, which is complete to 1.{COMPLETE_MINOR}: {listed(unsure)}",
            source="GET /version",
            next_step="pip install --upgrade cano-upkeep",
        )
    observed = (
        f"{counted(len(kinds), 'kind')} of {counted(len(release.objects), 'object')}, {counted(len(found), 'finding')}"
        if found
        else f"{counted(len(kinds), 'kind')} of {counted(len(release.objects), 'object')} served"
    )
    basis = f"revision {release.revision} of Helm release {release.name}; discovery of {served.version}; removals up to Kubernetes {served.major}.{following}"
    return Judgement(
        tuple(found),
        observed,
        f"served by {served.major}.{served.minor} and {served.major}.{following}",
        "",
        basis,
    )


def _prerelease(api_version: str) -> bool:
    return "alpha" in api_version or "beta" in api_version


def _fate(
    api_version: str,
    kind: str,
    those: Sequence[ReleasedObject],
    release: HelmRelease,
    served: ServedApis,
) -> Iterator[Finding]:
    """What is wrong with a kind of the release."""
    name = f"{kind}/{those[0].name}"
    what = f"{kind} {listed([one.name for one in those])} of Helm release {release.name} is {api_version}"
    removal = REMOVALS.get((api_version, kind))
    instead = (
        f": a chart with {removal.replacement} is needed" if removal and removal.replacement else ""
    )
    group = api_version.rpartition("/")[0]
    here, following = f"{served.major}.{served.minor}", f"{served.major}.{served.minor + 1}"
    if (api_version, kind) not in served.kinds:
        gone = (
            f", gone since Kubernetes 1.{removal.minor}"
            if removal and removal.minor <= served.minor
            else ""
        )
        message = f"{what}, which this API server ({served.version}) does not serve{gone}{instead}; the next helm upgrade would fail."
        command = f"kubectl api-resources --api-group={quote(group)}"
        yield Finding(name, "api-not-served", message, "not served", api_version, "", command)
    elif removal and removal.minor <= served.minor + 1:
        message = f"{what}, which Kubernetes 1.{removal.minor} no longer serves, and the API server is {here}{instead}."
        command = f"helm get manifest {quote(release.name)} -n {quote(release.namespace)} | grep -n -A1 {quote(f'apiVersion: {api_version}')}"
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
        message = f"{what}: an alpha version may be gone in any minor, without notice."
        command = f"kubectl api-resources --api-group={quote(group)}"
        yield Finding(name, "api-alpha", message, api_version, "beta or stable", "", command)
