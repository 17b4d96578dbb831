"""Would an upgrade to the newest chart succeed? helm renders it, the API server rehearses it.

Guide: "Test upgrade in staging".
Source: https://helm.sh/docs/helm/helm_upgrade/.
"""

import re

from upkeep.domain.access.granting import granting_answer
from upkeep.errors import Absent, missing_of
from upkeep.judges.releases.up_to_date import repository_url
from upkeep.judges.wording import counted
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import AccessAnswer, DryRun
from upkeep.records.releases import ObjectChange, UpgradeRehearsal
from upkeep.records.workload import Install
from upkeep.shell import Command, shell

# The API server's words for an immutable field; the answer names the fields beside.
_IMMUTABLE = re.compile(
    r"immutable|may not be changed|may not change|cannot be changed|can ?not be (?:un)?set"
    r"|updates to .* are forbidden|fields other than"
)
MOST_OBJECTS, MOST_FIELDS = 6, 4
_SIGNS = {"added": "+", "changed": "~", "removed": "-", "left": "="}


def upgrade(rehearsal: UpgradeRehearsal, *, install: Install) -> Judgement:
    """upgrade-rehearsed: the acting identity may upgrade, and each object's dry run is accepted.

    helm renders the newest chart with the live values. An upgrade that changes nothing passes.
    The basis says what is not rehearsed: removals, hooks, and CustomResourceDefinitions in a
    chart's folder crds, which helm upgrade leaves alone.

    :raises Absent: a right was not asked for, or an object was not rehearsed.
    """
    one = rehearsal
    release, namespace = one.release, one.namespace
    command = shell(
        "helm get values {} -n {} -o yaml | helm upgrade {} {} --repo {} --version {} -n {} --reset-values -f - --dry-run=server --hide-secret",
        release,
        namespace,
        release,
        one.chart,
        repository_url(one.repository),
        one.newest,
        namespace,
    )
    found = [_forbidden(answer, one) for answer in one.access if not answer.allowed]
    if one.refusal:
        message = (
            f"helm refused the dry run of the upgrade of release {one.release} from {one.chart} "
            f"{one.installed} to {one.newest}: {one.refusal}"
        )
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
    return Judgement(
        tuple(found),
        f"{one.installed} to {one.newest}: {_difference(one)}",
        "accepted",
        "",
        _basis(one),
        unmeasured=missing_of(_require_whole, one),
    )


def _basis(rehearsal: UpgradeRehearsal) -> str:
    """Return what was rehearsed, and what was not."""
    if not rehearsal.helm:
        return "access reviews as the acting identity"
    helm = (
        f"helm {rehearsal.helm} upgrade --dry-run=server with the live values, as the acting "
        "identity"
    )
    if rehearsal.refusal:
        return helm
    hooks = (
        f"{counted(len(rehearsal.hooks), 'hook')} ({listed(rehearsal.hooks)})"
        if rehearsal.hooks
        else "hooks"
    )
    return (
        f"{helm}; then PATCH or POST dryRun=All of each object that is added or changed; not "
        f"rehearsed: removals, {hooks}, and the charts' crds folders, which helm does not upgrade"
    )


def _require_whole(rehearsal: UpgradeRehearsal) -> None:
    """:raises Absent: a part that a pass needs is missing."""
    if any(not answer.allowed for answer in rehearsal.access):
        return  # a finding of its own, and without the right nothing is rehearsed
    rehearsed = {run.object for run in rehearsal.dry_runs}
    missing = [
        change.object
        for change in rehearsal.changes
        if change.action in ("added", "changed") and change.object not in rehearsed
    ]
    if not (rehearsal.access and rehearsal.helm) or missing:
        what = f"{listed(missing)} of the upgrade" if missing else "Upgrade"
        raise Absent(f"{what} not rehearsed: no dry run was sent.", next_step="run again")


def _difference(rehearsal: UpgradeRehearsal) -> str:
    """Return the changed objects with their fields, shortened."""
    if not rehearsal.helm or rehearsal.refusal:
        return "not rendered"
    shown = []
    for change in sorted(
        rehearsal.changes, key=lambda one: one.action != "changed"
    ):  # those with fields first
        fields = f" ({listed(change.fields, most=MOST_FIELDS)})" if change.fields else ""
        shown.append(f"{_SIGNS[change.action]}{change.object}{fields}")
    return listed(shown, most=MOST_OBJECTS) if shown else "nothing would change"


def _refused(run: DryRun, rehearsal: UpgradeRehearsal, command: Command) -> Finding:
    """Return the finding of an object that the API server refused."""
    said = f"{run.status} {run.reason}, {run.message}"
    if run.status in (409, 422) and _IMMUTABLE.search(run.message):
        fields = listed(run.fields, most=MOST_FIELDS) or "a field"
        message = (
            f"The upgrade to {rehearsal.newest} changes {fields} of {run.object}, which is "
            f"immutable ({said}). helm would stop midway."
        )
        return Finding(run.object, "upgrade-immutable", message, run.status, 200, "", command)
    message = (
        f"The API server refused {run.object} of the upgrade to {rehearsal.newest} ({said}). "
        "helm would stop midway."
    )
    return Finding(run.object, "upgrade-object-refused", message, run.status, 200, "", command)


def _removes(change: ObjectChange, install: Install, rehearsal: UpgradeRehearsal) -> bool:
    """Tell whether an upgrade removes the collector's own Deployment."""
    own = (
        install.deployment
        if rehearsal.namespace == install.namespace
        else f"{install.namespace}/{install.deployment}"
    )
    return change.action == "removed" and change.object == f"Deployment/{own}"


def _gone(change: ObjectChange, rehearsal: UpgradeRehearsal, command: Command) -> Finding:
    message = (
        f"The upgrade to {rehearsal.newest} deletes {change.object}, the collector. The newest "
        "chart renders none of this name with the live values."
    )
    return Finding(
        change.object, "upgrade-removes-collector", message, "removed", "kept", "", command
    )


def _forbidden(answer: AccessAnswer, rehearsal: UpgradeRehearsal) -> Finding:
    group = f".{answer.group}" if answer.group else ""
    resource = f"{answer.resource}{group}"
    where = f"in {answer.namespace}" if answer.namespace else "in the cluster"
    name = f" {answer.name}" if answer.name else ""
    message = (
        f"The acting identity may not {answer.verb} {resource}{name} {where}. "
        f"It cannot upgrade release {rehearsal.release}."
    )
    command = granting_answer(answer)
    return Finding(
        f"HelmRelease/{rehearsal.release}",
        "upgrade-forbidden",
        message,
        "forbidden",
        "allowed",
        "",
        command,
    )
