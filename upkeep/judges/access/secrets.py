"""The Secrets that the collector references: are they there, were they rotated, could they be?

Source: the guide's "List all secrets", "Check secret age", "Rotate webhook URLs and tokens"; collector.md, "Traps".
"""

from datetime import datetime
from shlex import quote

from upkeep.errors import Absent
from upkeep.judges.attestations.ages import age_of
from upkeep.judges.attestations.signoffs import attest_command, standing
from upkeep.judges.wording import counted
from upkeep.limits import Limits
from upkeep.model import Finding, Judgement, listed
from upkeep.records.access import ActionRehearsal
from upkeep.records.attestations import AttestationFile
from upkeep.records.configuration import SecretInventory, StoredObject
from upkeep.records.workload import Install


def complete(inventory: SecretInventory, *, install: Install) -> Judgement:
    """secrets-complete: every Secret and key that the pod template references exists, but for optional ones; what is missing of those is said.

    The collector's Secrets that nothing references are listed where they were looked for; they are no failure.
    """
    found = {one.name: one for one in inventory.found}
    findings, optional = [], []
    missing = [one for one in inventory.references if one.name in inventory.missing]
    for name in dict.fromkeys(one.name for one in missing):
        places = [one for one in missing if one.name == name]
        if all(one.optional for one in places):
            optional.append(f"Secret/{name}")
            continue
        where = listed([one.place for one in places if not one.optional])
        message = (
            f"Secret/{name} does not exist, and {where} needs it: the next pod will not start."
        )
        findings.append(
            _missing(
                f"Secret/{name}",
                "secret-missing",
                message,
                f"kubectl -n {install.namespace} get secret {quote(name)}",
            )
        )
    for one in inventory.references:
        for key in one.keys if one.name in found else ():
            if key in found[one.name].keys:
                continue
            if one.optional:
                optional.append(f"Secret/{one.name} key {key}")
                continue
            message = f"Secret/{one.name} has no key {key}, and {one.place} needs it: the next pod will not start."
            command = f"kubectl -n {install.namespace} describe secret {one.name}"
            findings.append(
                _missing(f"Secret/{one.name} key {key}", "secret-key-missing", message, command)
            )
    names = {one.name for one in inventory.references}
    said = [
        f"{len(names) - len({one.name for one in missing})} of {counted(len(names), 'Secret')} exist"
    ]
    said += [f"optional and missing: {listed(sorted(set(optional)))}"] if optional else []
    if inventory.unreferenced is None:
        said.append(f"unreferenced ones were not looked for: {inventory.unlooked}")
    elif inventory.unreferenced:
        said.append(f"nothing references {listed(list(inventory.unreferenced))}")
    return Judgement(
        tuple(findings),
        "; ".join(said) if names else "no Secret is referenced",
        0,
        "missing",
        "the pod template of the Deployment",
    )


def _missing(subject: str, code: str, message: str, command: str) -> Finding:
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
    """secrets-rotated: each key that the collector takes is proven to have changed within ``limits["secret_age"]``.

    Proven too old is a failure. An attestation of the rotation, of the key or of its Secret, is proof, too.

    :raises Absent: of a key neither can be proven, and none is known to be too old.
    """
    limit = limits["secret_age"]
    found, unproven, fresh = [], [], []
    for stored in sorted(inventory.found, key=lambda one: one.name):
        for key in _keys(inventory, stored):
            subject = f"Secret/{stored.name}" + (f" key {key}" if key else "")
            age = age_of(stored, key, now=now, limit_seconds=limit)
            if age.proven == "fresh" or _attested(
                stored.name, subject, attestations, target=target, now=now, limits=limits
            ):
                fresh.append(subject)
            elif age.proven == "old":
                command = (
                    f"kubectl -n {install.namespace} patch secret {stored.name} --patch-file=FILE"
                )
                where = (
                    f" It is written by {listed(list(stored.written_by))}: rotate it there."
                    if stored.written_by
                    else ""
                )
                message = f"{subject} is too old: {age.why}, and {limits.text('secret_age')} is the limit. FILE: a patch with stringData, {key or 'each key'} alone.{where}"
                found.append(
                    Finding(
                        subject,
                        "secret-old",
                        message,
                        int(age.seconds),
                        int(limit),
                        "s old",
                        command,
                    )
                )
            else:
                unproven.append((subject, age.why))
    every = len(found) + len(unproven) + len(fresh)
    if unproven and not found:
        subject, why = unproven[0]
        more = f" (and {len(unproven) - 1} more)" if len(unproven) > 1 else ""
        raise Absent(
            f"when {subject} was last rotated cannot be proven: {why}{more}",
            source=f"metadata of {subject.split(' key ')[0]}",
            next_step=attest_command(
                "secrets-rotated", file=attestations.file, object_name=subject, target=target
            ),
        )
    observed = (
        f"{len(fresh)} of {counted(every, 'key')} changed within {limits.text('secret_age')}"
        if every
        else "no Secret is referenced"
    )
    if unproven:
        observed += f", of {len(unproven)} it cannot be proven"
    return Judgement(
        tuple(found), observed, limit, "s old", "creation, managedFields and attestations"
    )


def _keys(inventory: SecretInventory, stored: StoredObject) -> tuple[str, ...]:
    """The keys of a Secret that the collector takes; ``""`` where it takes all and nobody knows which there are."""
    references = [one for one in inventory.references if one.name == stored.name]
    if all(one.keys for one in references):
        needed = {key for one in references for key in one.keys}
        return tuple(key for key in stored.keys if key in needed)
    return stored.keys or ("",)


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
    """secrets-rotatable: the acting identity may patch every Secret that nobody else writes, and the server's dry run accepts a rotation.

    What an operator writes from a source of its own is said: there a patch would be undone, and the rotation is done at the source.

    :raises Unmeasured: it could not be rehearsed, or not for each of them, and there is something to rotate.
    """
    foreign = [one for one in inventory.found if one.written_by]
    said = [
        f"Secret/{one.name} is written by {listed(list(one.written_by))}: rotate it there"
        for one in foreign
    ]
    own = [one.name for one in inventory.found if not one.written_by]
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
        raise Absent(f"a rotation of Secret/{left[0]} was not rehearsed", next_step="run again")
    found = []
    for answer in rehearsal.access:
        if not answer.allowed:
            message = (
                f"The acting identity may not patch Secret/{answer.name}, so it cannot rotate it."
            )
            command = f"kubectl auth can-i patch secret/{answer.name} -n {install.namespace}"
            found.append(
                Finding(
                    f"Secret/{answer.name}",
                    "rotation-forbidden",
                    message,
                    "forbidden",
                    "allowed",
                    "",
                    command,
                )
            )
    for run in rehearsal.dry_runs:
        if run.accepted:
            continue
        immutable = run.status == 422 and "immutable" in run.message
        name = run.object.removeprefix("Secret/")
        command = f'kubectl -n {install.namespace} patch secret {name} --dry-run=server -p \'{{"stringData":{{"KEY":"-"}}}}\''
        if immutable:
            message = f"{run.object} is immutable, so it is rotated by a new Secret under another name and a rollout."
        else:
            message = f"The API server would refuse to rotate {run.object} ({run.status} {run.reason}, {run.message})."
        found.append(
            Finding(
                run.object,
                "secret-immutable" if immutable else "rotation-refused",
                message,
                run.status,
                200,
                "",
                command,
            )
        )
    accepted = sum(run.accepted for run in rehearsal.dry_runs)
    observed = "; ".join(
        [f"a rotation of {accepted} of {counted(len(own), 'Secret')} would be accepted", *said]
    )
    return Judgement(
        tuple(found),
        observed,
        "accepted",
        "",
        "access reviews and PATCH dryRun=All as the acting identity",
    )
