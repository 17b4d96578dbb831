"""Is the installed chart recent, and is its release whole?

Guide: "Check for new versions"; its ``helm search repo`` names an alias whose URL only the user
knows. Source: https://helm.sh/docs/topics/chart_repository/.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from upkeep.domain.versions import Version, of_chart, offered, parse
from upkeep.errors import Absent, TooEarly, missing_of
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed, span, utc
from upkeep.records.releases import ChartIndex, ChartVersion, InstalledChart
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

# helm's default --timeout: until then an upgrade may still be running.
HELM_TIMEOUT = timedelta(minutes=5)
# Two clocks may differ by this much.
SKEW = timedelta(hours=1)


def up_to_date(
    chart: InstalledChart, index: ChartIndex, *, now: datetime, limits: Limits, install: Install
) -> Judgement:
    """up-to-date: the chart is at most ``limits["chart_minors_behind"]`` minors behind the newest.

    It may be further behind for ``limits["chart_age"]``. Prereleases count only where one is
    installed; the basis counts invalid versions, which are left out.

    :raises Malformed: the installed version is no version.
    :raises TooEarly: an upgrade is running.
    :raises Absent: the index has no candidate, is stale or of another repository, or lacks the
        time that decides.
    :raises Unmeasured: the release may not be read, so that a failed upgrade would be missed.
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
        message = (
            f"Chart {chart.name} is deprecated in {index.where}: {entry.version} is its last "
            "version. Find its successor."
        )
        command = shell("helm show chart {}", _chart(chart, index, entry.version))
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
    unmeasured = missing_of(_require_whole, chart, index, installed)
    age = f", {span(now - entry.created)} old" if entry.created and entry.created <= now else ""
    observed = (
        f"{chart.version} installed: the newest"
        if newest == installed
        else f"{chart.version} installed; newest {entry.version}{age}"
    )
    basis = f"{chart.source}; index of {index.where}"
    basis += f" of {utc(index.generated)}" if index.generated else ""
    basis += f"; applied by {_applied_by(chart)}" if chart.installer.tool else ""
    skipped = [one.version for one in index.versions if parse(one.version) is None]
    if skipped:
        basis += f"; {counted(len(skipped), 'invalid version')} left out"
    limit = f"{counted(most, 'minor')} behind, or more for {limits.text('chart_age')}"
    return Judgement(tuple(found), observed, limit, "", basis, unmeasured=unmeasured)


def _beyond(version: Version, installed: Version, most: int) -> bool:
    """Tell whether a version is further ahead than allowed; a new major always is."""
    return version.major > installed.major or (
        version.major == installed.major and version.minor - installed.minor > most
    )


def _object(chart: InstalledChart, install: Install) -> str:
    return f"HelmRelease/{chart.release}" if chart.release else f"Deployment/{install.deployment}"


def _chart(chart: InstalledChart, index: ChartIndex, version: str) -> Command:
    """Return the chart as arguments of helm."""
    return shell("{} --repo {} --version {}", chart.name, repository_url(index.where), version)


def repository_url(where: str) -> Command:
    """Return a repository as an argument of helm.

    A placeholder stands for a file's URL and for a masked path, which may be a secret.
    """
    return shell("{}", where if "://" in where and not where.endswith("…") else "URL")


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
    """Yield the finding where the first version beyond the limit is too old."""
    # A time in the future proves nothing: with it an index could hide a version's age.
    times = [
        one.created for one in too_new if one.created is not None and one.created <= now + SKEW
    ]
    since = now - min(times) if times else None
    if since is None or since < timedelta(seconds=limits["chart_age"]):
        silent = [one.version for one in too_new if one.created is None or one.created > now + SKEW]
        if silent:
            raise Absent(
                f"The index of {index.where} has no release time of {listed(silent)} of chart "
                f"{chart.name}: how long {chart.version} has been behind is unknown.",
                source=index.where,
                next_step=shell(
                    "--limit=chart_minors_behind={}", int(limits["chart_minors_behind"]) + 1
                ),
            )
        return
    message = (
        f"Chart {chart.name} {chart.version} is installed; {newest.version} is the newest. It has "
        f"been more than {counted(int(limits['chart_minors_behind']), 'minor')} behind for "
        f"{span(since)} ({limits.text('chart_age')} allowed)."
    )
    command = _upgrade(chart, index, newest.version, install)
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
    """Yield the finding of a release that is not deployed: its objects may be of two charts."""
    if not chart.status or chart.status == "deployed":
        return
    if (
        chart.status.startswith("pending")
        and chart.since is not None
        and now - chart.since < HELM_TIMEOUT
    ):
        raise TooEarly(
            f"Helm release {chart.release} has been {chart.status} for {span(now - chart.since)}: "
            "helm is running.",
            next_step=shell("helm status {} -n {}, and run again", chart.release, chart.namespace),
        )
    message = (
        f"Helm release {chart.release} is {chart.status}. Its last change did not finish, and helm "
        "may refuse the next one."
    )
    command = shell("helm history {} -n {}", chart.release, chart.namespace)
    yield Finding(
        f"HelmRelease/{chart.release}",
        "release-unfinished",
        message,
        chart.status,
        "deployed",
        "",
        command,
    )


def _require_whole(chart: InstalledChart, index: ChartIndex, installed: Version) -> None:
    """Demand what a pass needs: a release whose status is known, and an index that has it.

    An index may leave out old versions (bitnami/charts#10833). One that lists older versions and
    not the installed one is incomplete, or of another repository.
    """
    if chart.unread is not None:
        raise chart.unread
    known = [found for one in index.versions if (found := parse(one.version)) is not None]
    if installed not in known and any(one.order < installed.order for one in known):
        raise Absent(
            f"The index of {index.where} lists versions before and after {installed.text} of chart "
            f"{chart.name}, and not this one. It is incomplete, or of another repository.",
            source=index.where,
            next_step="--chart-repository=URL",
        )


def _applied_by(chart: InstalledChart) -> str:
    one = chart.installer
    return f"{one.tool} {one.namespace}/{one.name}" if one.namespace else f"{one.tool} {one.name}"


def _upgrade(chart: InstalledChart, index: ChartIndex, version: str, install: Install) -> Command:
    """Return the command that shows the upgrade, by the tool that applies the chart."""
    one = chart.installer
    if one.tool == "Argo CD":
        return shell("argocd app diff {} --revision {}", one.name, version)
    if one.tool == "Flux":
        spec = {"spec": {"chart": {"spec": {"version": version}}}}
        patch = json.dumps(spec, separators=(",", ":"))
        return shell(
            "kubectl -n {} patch helmrelease {} --type=merge -p {} --dry-run=server",
            one.namespace or install.namespace,
            one.name,
            patch,
        )
    return shell(
        "helm upgrade {} {} -n {} --reuse-values --dry-run=server",
        chart.release or "RELEASE",
        _chart(chart, index, version),
        chart.namespace or install.namespace,
    )
