"""Whether an upgrade to the newest chart would go through (guide: "Test upgrade in staging")."""

import re
from shlex import quote

from upkeep.errors import Absent
from upkeep.judges.releases.versions import repository_url
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import AccessAnswer, DryRun
from upkeep.records.releases import ObjectChange, UpgradeRehearsal
from upkeep.records.workload import Install

# In the API server's own words; which fields they are it says beside.
_IMMUTABLE = re.compile(
    r"immutable|may not be changed|may not change|cannot be changed|can ?not be (?:un)?set|updates to .* are forbidden|fields other than"
)
MOST_OBJECTS, MOST_FIELDS = 6, 4
_SIGNS = {"added": "+", "changed": "~", "removed": "-", "left": "="}


def upgrade(rehearsal: UpgradeRehearsal, *, install: Install) -> Judgement:
    """upgrade-rehearsed: the acting identity may upgrade, helm renders the newest chart with the live values, and the API server's dry run accepts
    every object that would be added or changed. An upgrade that changes nothing is accepted, too.

    What is removed and what hooks do is not rehearsed, and said; so are the custom resource definitions in a chart's folder crds, which helm makes at
    the first installation and leaves alone in every upgrade.

    :raises Absent: it was not asked, or not every object was rehearsed.
    """
    one = rehearsal
    release, namespace = quote(one.release), quote(one.namespace)
    command = (
        f"helm get values {release} -n {namespace} -o yaml | helm upgrade {release} {quote(one.chart)} --repo {repository_url(one.repository)} "
        f"--version {quote(one.newest)} -n {namespace} --reset-values -f - --dry-run=server --hide-secret"
    )
    found = [_forbidden(answer, one) for answer in one.access if not answer.allowed]
    if one.refusal:
        message = f"helm would refuse to upgrade release {one.release} from {one.chart} {one.installed} to {one.newest}: {one.refusal}"
        found.append(
            Finding(
                f"HelmRelease/{one.release}",
                "upgrade-refused",
                message,
                "refused",
                "accepted",
                "",
                command,
            )
        )
    found += [_refused(run, one, command) for run in one.dry_runs if not run.accepted]
    found += [
        _gone(change, one, command) for change in one.changes if _removes(change, install, one)
    ]
    if not found:
        _require_whole(one)
    return Judgement(
        tuple(found),
        f"{one.installed} to {one.newest}: {_difference(one)}",
        "accepted",
        "",
        _basis(one),
    )


def _basis(rehearsal: UpgradeRehearsal) -> str:
    """What was asked, and what was not."""
    if not rehearsal.helm:
        return "access reviews as the acting identity"
    helm = f"helm {rehearsal.helm} upgrade --dry-run=server with the live values, as the acting identity"
    if rehearsal.refusal:
        return helm
    hooks = (
        f"{counted(len(rehearsal.hooks), 'hook')} ({listed(rehearsal.hooks)})"
        if rehearsal.hooks
        else "hooks"
    )
    return f"{helm}; then PATCH or POST dryRun=All of each object that is added or changed; removals and {hooks} are not rehearsed, and what is in the charts' crds folders helm does not upgrade"


def _require_whole(rehearsal: UpgradeRehearsal) -> None:
    """:raises Absent: something that would be needed for a pass is not there."""
    rehearsed = {run.object for run in rehearsal.dry_runs}
    missing = [
        change.object
        for change in rehearsal.changes
        if change.action in ("added", "changed") and change.object not in rehearsed
    ]
    if not (rehearsal.access and rehearsal.helm) or missing:
        what = f"{listed(missing)} of the upgrade" if missing else "the upgrade"
        raise Absent(f"{what} was not rehearsed", next_step="run again")


def _difference(rehearsal: UpgradeRehearsal) -> str:
    """What would change, object by object: names and fields, and how many more there are."""
    if not rehearsal.helm or rehearsal.refusal:
        return "not rendered"
    shown = []
    for change in sorted(
        rehearsal.changes, key=lambda one: one.action != "changed"
    ):  # the fields first: they say most
        fields = f" ({listed(change.fields, most=MOST_FIELDS)})" if change.fields else ""
        shown.append(f"{_SIGNS[change.action]}{change.object}{fields}")
    return listed(shown, most=MOST_OBJECTS) if shown else "nothing would change"


def _refused(run: DryRun, rehearsal: UpgradeRehearsal, command: str) -> Finding:
    """An object that the API server would not take: a field that cannot be changed, or any other reason."""
    said = f"{run.status} {run.reason}, {run.message}"
    if run.status in (409, 422) and _IMMUTABLE.search(run.message):
        fields = listed(run.fields, most=MOST_FIELDS) or "a field"
        message = f"The upgrade to {rehearsal.newest} would change {fields} of {run.object}, which cannot be changed ({said}): helm would stop in the middle."
        return Finding(run.object, "upgrade-immutable", message, run.status, 200, "", command)
    message = f"The API server would refuse {run.object} of the upgrade to {rehearsal.newest} ({said}): helm would stop in the middle."
    return Finding(run.object, "upgrade-object-refused", message, run.status, 200, "", command)


def _removes(change: ObjectChange, install: Install, rehearsal: UpgradeRehearsal) -> bool:
    """Whether the collector itself would go. It is in the release's namespace, or named with its own."""
    own = (
        install.deployment
        if rehearsal.namespace == install.namespace
        else f"{install.namespace}/{install.deployment}"
    )
    return change.action == "removed" and change.object == f"Deployment/{own}"


def _gone(change: ObjectChange, rehearsal: UpgradeRehearsal, command: str) -> Finding:
    message = f"The upgrade to {rehearsal.newest} would delete {change.object}, the collector: the newest chart renders none of this name with the live values."
    return Finding(
        change.object, "upgrade-removes-collector", message, "removed", "kept", "", command
    )


def _forbidden(answer: AccessAnswer, rehearsal: UpgradeRehearsal) -> Finding:
    group = f".{answer.group}" if answer.group else ""
    resource = f"{answer.resource}{group}"
    where = f"in {answer.namespace}" if answer.namespace else "in the cluster"
    name = f" {answer.name}" if answer.name else ""
    message = f"The acting identity may not {answer.verb} {resource}{name} {where}, so it cannot upgrade release {rehearsal.release}."
    place = f" -n {quote(answer.namespace)}" if answer.namespace else ""
    command = f"kubectl auth can-i {answer.verb} {quote(resource + (f'/{answer.name}' if answer.name else ''))}{place}"
    return Finding(
        f"HelmRelease/{rehearsal.release}",
        "upgrade-forbidden",
        message,
        "forbidden",
        "allowed",
        "",
        command,
    )
