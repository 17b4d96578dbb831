"""The Secrets that the collector references: do they exist, were they rotated, can they be rotated?

Source: docs/guide.rst, "List all secrets", "Check secret age", "Rotate webhook URLs and tokens".
"""

from collections.abc import Sequence
from datetime import datetime

from upkeep.domain.access.granting import granting
from upkeep.domain.access.secret_writers import controllers, keys_by_hand, taken_keys
from upkeep.domain.discovery import PULL_SECRETS
from upkeep.errors import Absent
from upkeep.judges.attestations.ages import age_of
from upkeep.judges.attestations.signoffs import attest_command, standing
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import ActionRehearsal, DryRun
from upkeep.records.attestations import AttestationFile
from upkeep.records.configuration import SecretInventory, SecretReference, StoredObject
from upkeep.records.workload import Install
from upkeep.shell import Command, shell


def complete(inventory: SecretInventory, *, install: Install) -> Judgement:
    """Judge secrets-complete: every Secret and key that the pod template references exists.

    Missing optional ones and unreferenced ones are part of ``observed``; they are no findings.

    :raises Absent: a Secret is missing that a volume may create when a pod mounts it, and nothing else is.
    """
    found = {one.name: one for one in inventory.found}
    findings, optional, synced = [], [], []
    missing = [one for one in inventory.references if one.name in inventory.missing]
    for name in dict.fromkeys(one.name for one in missing):
        places = [one for one in missing if one.name == name]
        if all(one.optional for one in places):
            optional.append(f"Secret/{name}")
        elif inventory.syncing and all(one.container for one in places):
            synced.append(name)
        else:
            where = listed([one.place for one in places if not one.optional])
            message = f"Secret/{name} does not exist, but the pod template needs it for {where}. {_effect(places)}"
            command = shell("kubectl -n {} get secret {}", install.namespace, name)
            findings.append(_missing(f"Secret/{name}", "secret-missing", message, command))
    for one in inventory.references:
        for key in one.keys if one.name in found else ():
            if key in found[one.name].keys:
                continue
            if one.optional:
                optional.append(f"Secret/{one.name} key {key}")
                continue
            message = f"Secret/{one.name} has no key {key}, but the pod template needs it for {one.place}. The next pod will not start."
            command = shell("kubectl -n {} describe secret {}", install.namespace, one.name)
            findings.append(
                _missing(f"Secret/{one.name} key {key}", "secret-key-missing", message, command)
            )
    unmeasured = None
    if synced:
        unmeasured = Absent(
            f"Secret/{synced[0]} does not exist. Volume {inventory.syncing} may create it when a pod mounts the volume.",
            source=f"GET /api/v1/namespaces/{install.namespace}/secrets/{synced[0]}",
            next_step=shell("kubectl -n {} get secretproviderclasses -o yaml", install.namespace),
        )
    names = {one.name for one in inventory.references}
    said = [
        f"{len(names) - len({one.name for one in missing})} of {counted(len(names), 'Secret')} exist"
    ]
    said += [f"optional and missing: {listed(sorted(set(optional)))}"] if optional else []
    said += [f"not known: {listed(synced)}, which a volume may create"] if synced else []
    if inventory.unreferenced is None:
        said.append(f"unreferenced Secrets not listed: {inventory.unlooked}")
    elif inventory.unreferenced:
        said.append(f"unreferenced: {listed(list(inventory.unreferenced))}")
    return Judgement(
        tuple(findings),
        "; ".join(said) if names else "no Secret is referenced",
        0,
        "missing",
        "the pod template of the Deployment",
        unmeasured=unmeasured,
    )


def _effect(places: Sequence[SecretReference]) -> str:
    """Return what follows. The kubelet pulls without a missing pull Secret (kubernetes/kubernetes#88142)."""
    if all(one.place == PULL_SECRETS for one in places):
        return "A node without the image cannot pull a private one."
    return "The next pod will not start."


def _missing(subject: str, code: str, message: str, command: Command) -> Finding:
    return Finding(subject, code, message, 0, 1, "there", command)


def rotated(
    inventory: SecretInventory,
    attestations: AttestationFile,
    *,
    target: str,
    now: datetime,
    limits: Limits,
    install: Install,
) -> Judgement:
    """Judge secrets-rotated: each key that the collector takes changed within ``limits["secret_age"]``.

    A key that is proven older is a finding. An attestation of the rotation, of the key or of its Secret, is proof, too.

    :raises Absent: the age of a key cannot be proven, and no key is proven too old.
    """
    limit = limits["secret_age"]
    found, unproven, fresh = [], [], []
    for stored in sorted(inventory.found, key=lambda one: one.name):
        for key in taken_keys(inventory, stored):
            subject = f"Secret/{stored.name}" + (f" key {key}" if key else "")
            writers = controllers(stored, key)
            age = age_of(stored, key, now=now, limit_seconds=limit, copied_by=writers)
            if age.proven == "fresh" or _attested(
                stored.name, subject, attestations, target=target, now=now, limits=limits
            ):
                fresh.append(subject)
            elif age.proven == "old":
                message = f"{subject} is too old: {age.why} (limit {limits.text('secret_age')})."
                message += (
                    f" Rotate it at its source: {listed(list(writers))}."
                    if writers
                    else f" FILE is a patch whose stringData holds {key or 'each key'} alone."
                )
                command = (
                    shell(
                        "kubectl -n {} patch secret {} --patch-file=FILE",
                        install.namespace,
                        stored.name,
                    )
                    if not writers
                    else shell("kubectl -n {} describe secret {}", install.namespace, stored.name)
                )
                observed, unit = int(age.seconds), "s old"
                found.append(
                    Finding(subject, "secret-old", message, observed, int(limit), unit, command)
                )
            else:
                unproven.append((subject, age.why))
    every = len(found) + len(unproven) + len(fresh)
    unmeasured = None
    if unproven:
        subject, why = unproven[0]
        more = f" (likewise {counted(len(unproven) - 1, 'more key')})" if len(unproven) > 1 else ""
        unmeasured = Absent(
            f"The last rotation of {subject} cannot be proven: {why}{more}.",
            source=f"metadata of {subject.split(' key ')[0]}",
            next_step=attest_command(
                "secrets-rotated", file=attestations.file, object_name=subject, target=target
            ),
        )
    observed_text = (
        f"{len(fresh)} of {counted(every, 'key')} changed within {limits.text('secret_age')}"
        if every
        else "no Secret is referenced"
    )
    if unproven:
        observed_text += f", {len(unproven)} of unproven age"
    return Judgement(
        tuple(found),
        observed_text,
        limit,
        "s old",
        "creation, managedFields and attestations",
        unmeasured=unmeasured,
    )


def _attested(
    name: str,
    subject: str,
    attestations: AttestationFile,
    *,
    target: str,
    now: datetime,
    limits: Limits,
) -> bool:
    for object_name in dict.fromkeys((subject, f"Secret/{name}")):
        found = standing(
            attestations,
            "secrets-rotated",
            target=target,
            now=now,
            limits=limits,
            object_name=object_name,
        )
        if found.attestation is not None and found.holds and found.attestation.satisfied:
            return True
    return False


def rotatable(
    inventory: SecretInventory, rehearsal: ActionRehearsal | Exception, *, install: Install
) -> Judgement:
    """Judge secrets-rotatable: the acting identity may patch every Secret, and the server's dry run accepts it.

    Keys that a controller writes from its own source are only named: it would overwrite a patch.

    :raises Unmeasured: a Secret with keys that people write was not rehearsed.
    """
    own = [one.name for one in inventory.found if keys_by_hand(inventory, one)]
    said = [text for one in inventory.found if (text := _elsewhere(inventory, one))]
    stripped = [one.name for one in inventory.found if not one.owners and one.name in own]
    if stripped:
        said.append(f"no managedFields, so its writers are unknown: {listed(stripped)}")
    if not own:
        return Judgement(
            (),
            "; ".join(said) or "no Secret is referenced",
            "accepted",
            "",
            "the pod template of the Deployment",
        )
    if isinstance(rehearsal, Exception):
        raise rehearsal
    asked = {answer.name for answer in rehearsal.access}
    ran = {run.object for run in rehearsal.dry_runs} | {
        f"Secret/{answer.name}" for answer in rehearsal.access if not answer.allowed
    }
    left = [name for name in own if name not in asked or f"Secret/{name}" not in ran]
    if left:
        raise Absent(f"No dry run of a rotation of Secret/{left[0]}.", next_step="run again")
    found = [_forbidden(answer.name, install) for answer in rehearsal.access if not answer.allowed]
    found += [_refused(run, install) for run in rehearsal.dry_runs if not run.accepted]
    accepted = sum(run.accepted for run in rehearsal.dry_runs)
    observed = "; ".join(
        [f"the dry run accepts a rotation of {accepted} of {counted(len(own), 'Secret')}", *said]
    )
    return Judgement(
        tuple(found),
        observed,
        "accepted",
        "",
        "access reviews and PATCH dryRun=All as the acting identity",
    )


def _elsewhere(inventory: SecretInventory, stored: StoredObject) -> str:
    """Return which keys a controller writes, and which one; empty where there is none."""
    taken, own = taken_keys(inventory, stored), keys_by_hand(inventory, stored)
    foreign = [key for key in taken if key not in own]
    writers = dict.fromkeys(name for key in foreign for name in controllers(stored, key))
    if not foreign:
        return ""
    which = f" key {listed(foreign)}" if own and any(foreign) else ""
    write = "writes" if len(writers) == 1 else "write"
    return f"{listed(list(writers))} {write} Secret/{stored.name}{which}, so rotate it there"


def _forbidden(name: str, install: Install) -> Finding:
    message = f"The acting identity may not patch Secret/{name}, so it cannot rotate it."
    command = granting("patch", "secrets", namespace=install.namespace, name=name)
    subject, code = f"Secret/{name}", "rotation-forbidden"
    return Finding(subject, code, message, "forbidden", "allowed", "", command)


def _refused(run: DryRun, install: Install) -> Finding:
    immutable = run.status == 422 and "immutable" in run.message
    name = run.object.removeprefix("Secret/")
    command = shell(
        'kubectl -n {} patch secret {} --dry-run=server -p \'{{"stringData":{{"KEY":"-"}}}}\'',
        install.namespace,
        name,
    )
    if immutable:
        message = f"{run.object} is immutable. Rotate it by a new Secret under another name and a rollout."
    else:
        message = f"The API server would refuse to rotate {run.object} ({run.status} {run.reason}, {run.message})."
    code = "secret-immutable" if immutable else "rotation-refused"
    return Finding(run.object, code, message, run.status, 200, "", command)
