"""Changes of the configuration before a crash, and the backup that holds the earlier content.

The collector reads its files at its start alone. A bad change shows at the next start, minutes or weeks later.
So a finding says that the change came first, never that it is the cause.
Source: docs/guide.rst, "Configuration Emergency"; https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from upkeep.judges.wording import excerpt, lasted
from upkeep.judges.workload.containers import unready_since
from upkeep.masking import mask
from upkeep.model import utc
from upkeep.records.backups import BackupFolder, BackupSet
from upkeep.records.configuration import ConfigurationObject, FieldOwner
from upkeep.records.workload import ContainerStatus, Install, Workload
from upkeep.shell import Command, chain, shell

# The API server compares them with those of the live object: a restore over a changed object is a conflict (409).
REFUSED_FIELDS = ("metadata.resourceVersion", "metadata.uid")


class Crash(Struct, frozen=True):
    """A crashing container, and the time since which its pod is not ready."""

    pod: str
    container: str
    since: datetime


def first_crash(workload: Workload, *, install: Install) -> Crash | None:
    """Return the collector's container that crashes for the longest time; ``None`` for none."""
    found = [
        Crash(pod.name, container.name, unready_since(pod))
        for pod in workload.pods
        if pod.works and not pod.ready
        for container in pod.containers
        if container.name == install.container and _crashes(container)
    ]
    return min(found, key=lambda one: (one.since, one.pod), default=None)


def _crashes(container: ContainerStatus) -> bool:
    """Return whether it ended with an error and waits for its next start, or has just started and is not ready."""
    ended = container.terminated or container.last_termination
    return not container.ready and (
        container.waiting_reason == "CrashLoopBackOff"
        or (ended is not None and ended.exit_code != 0)
    )


def last_writer(owners: Iterable[FieldOwner], keys: Iterable[str]) -> FieldOwner | None:
    """Return the owner of one of the keys whose entry changed last. A removed key has no owner: then the owner of any data."""
    wanted, timed = set(keys), [owner for owner in owners if owner.changed is not None]
    holders = [owner for owner in timed if wanted & set(owner.keys)] or [
        owner for owner in timed if owner.keys or owner.others
    ]
    return max(holders, key=lambda owner: (owner.changed, owner.manager), default=None)


def by_whom(owner: FieldOwner | None, *, now: datetime) -> str:
    """Return ``25 min ago (2026-01-02 11:35 UTC) by kubectl-edit``; empty for an unknown owner."""
    if owner is None or owner.changed is None:
        return ""
    manager = excerpt(mask(owner.manager), most=60)
    return f"{lasted(now - owner.changed)} ago ({utc(owner.changed)})" + (
        f" by {manager}" if manager else ""
    )


def differing(saved: ConfigurationObject, live: ConfigurationObject) -> list[str]:
    """Return the keys that differ, and how; never a value."""
    found = [f"{key} (only live)" for key in only_live(saved, live)]
    found += [f"{key} (only in the backup)" for key in sorted(set(saved.keys) - set(live.keys))]
    found += [
        f"{key} (changed)"
        for key in sorted(set(saved.keys) & set(live.keys))
        if saved.keys[key] != live.keys[key]
    ]
    return found + (["the Secret's type"] if saved.type != live.type else [])


def only_live(saved: ConfigurationObject, live: ConfigurationObject) -> list[str]:
    """Return the keys that a restore would leave: an apply removes no key that another manager set."""
    return sorted(set(live.keys) - set(saved.keys))


def changed_keys(saved: ConfigurationObject, live: ConfigurationObject) -> set[str]:
    """Return the keys whose values differ."""
    return {key for key in {*saved.keys, *live.keys} if saved.keys.get(key) != live.keys.get(key)}


def held(backup: BackupSet, live: ConfigurationObject) -> ConfigurationObject | None:
    """Return the backup of a live object in a set; ``None`` for none."""
    return next(
        (
            one
            for one in backup.objects
            if (one.kind, one.namespace, one.name) == (live.kind, live.namespace, live.name)
        ),
        None,
    )


def before_the_change(folder: BackupFolder, live: ConfigurationObject) -> BackupSet | None:
    """Return the newest restorable set whose object differs from the live one; ``None`` for none."""
    for backup in folder.sets:
        saved = held(backup, live)
        kept = [
            field
            for one in backup.objects
            for field in one.server_fields
            if field in REFUSED_FIELDS
        ]
        if (
            saved is not None
            and not backup.faults
            and not kept
            and (live.missing or differing(saved, live))
        ):
            return backup
    return None


def restore(
    folder: BackupFolder,
    backup: BackupSet,
    live: Sequence[ConfigurationObject],
    *,
    install: Install,
) -> Command:
    """Return one line that restores the objects and restarts the pods.

    It applies the files whose objects differ and removes the keys that an apply would leave. It is a server-side apply:
    the annotation ``last-applied-configuration`` of a client-side one would repeat the values of Secrets.
    """
    kubectl = shell("kubectl -n {}", install.namespace)
    pairs = [
        (saved, one)
        for one in live
        if (saved := held(backup, one)) is not None and (one.missing or differing(saved, one))
    ]
    steps, plain = [], sorted({saved.file for saved, _ in pairs if not saved.file.endswith(".age")})
    if plain:
        files = chain((shell("-f {}", f"{folder.folder}/{name}") for name in plain), between=" ")
        steps.append(shell("{} apply --server-side --force-conflicts {}", kubectl, files))
    for name in sorted({saved.file for saved, _ in pairs if saved.file.endswith(".age")}):
        opened = shell("age --decrypt -i {} {}", folder.identity, f"{folder.folder}/{name}")
        steps.append(shell("{} | {} apply --server-side --force-conflicts -f -", opened, kubectl))
    for saved, one in pairs:
        if not one.missing and (more := only_live(saved, one)):
            patch = json.dumps({"data": dict.fromkeys(more)}, separators=(",", ":"))
            steps.append(
                shell(
                    "{} patch {} {} --type=merge -p {}",
                    kubectl,
                    one.kind.lower(),
                    one.name,
                    patch,
                )
            )
    steps.append(shell("{} rollout restart deployment/{}", kubectl, install.deployment))
    return chain(steps)
