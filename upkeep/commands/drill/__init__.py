"""``upkeep drill restore``: restore the newest backup into a temporary namespace and compare it.

The command creates the namespace, restores, compares and removes it. It writes to no other namespace.
It prints its plan first and continues after --yes or a y on the terminal. The acting identity needs:
create and delete namespaces; get, create and patch configmaps and secrets there. With --attestations
the result is recorded as the sign-off of recovery-rehearsed, with an evidence file.
Exit codes: 0 every restored object equals the backup; 1 an object differs or an API request failed;
4 bad input, and no change.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from upkeep.commands import connection
from upkeep.commands.drill.record import record_drill
from upkeep.deadline import end_as_interrupted
from upkeep.errors import Absent, BadInput, Unmeasured
from upkeep.shell import shell

if TYPE_CHECKING:
    from upkeep.adapters.cluster.rehearsals.scratch import Scratch
    from upkeep.adapters.folders.backups import Manifest
    from upkeep.records.backups import BackupSet
from upkeep.commands.drill.record import text

SCHEMA = "cano-upkeep/drill/1"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("what", choices=["restore"], help="action to rehearse")
    connection.arguments(parser)
    parser.add_argument(
        "--acting-context",
        metavar="NAME",
        help="kubeconfig context of the acting identity, which restores",
    )
    parser.add_argument(
        "--backups", metavar="DIR", help="folder of the backups (default: backups of the settings)"
    )
    parser.add_argument(
        "--backup-identity",
        metavar="FILE",
        help="age identity file that decrypts the backups (age-keygen)",
    )
    parser.add_argument(
        "--attestations",
        metavar="FILE",
        help="attestations file for the result (default: attestations of the settings)",
    )
    parser.add_argument(
        "--by", metavar="NAME", help="person who runs the drill (default: the OS user)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Print the plan, carry it out and record the result."""
    from upkeep.adapters.cluster.rehearsals.scratch import NotDone, Scratch
    from upkeep.adapters.folders import attestations

    objects: list[dict[str, Any]] = []
    scratch: Scratch | None = None
    if options.demo is not None:
        raise BadInput(
            "The embedded cluster of --demo stores no object. Run the drill on a real API server."
        )
    try:
        with connection.connected(options) as found:
            scratch = _scratch(found)
            newest, manifests, foreign = _newest(found)
            record = found.settings.attestations
            if record is not None:
                attestations.read(record)  # one that cannot be used is told before anything is done
            _say(scratch, found, newest, manifests, record)
            if not _agreed(options):
                print("cancelled; no change")
                return 1
            end_as_interrupted()  # the namespace goes then, too
            began = found.clock.monotonic()
            with scratch.opened():
                for one in manifests:
                    objects.append(_restored(scratch, one, newest))
                    _show(objects[-1])
            seconds = found.clock.monotonic() - began
            now = found.clock.now()
    except (NotDone, Unmeasured) as error:
        print(
            f"upkeep: {error}" + (f" (next: {error.next_step})" if error.next_step else ""),
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        left = scratch is not None and scratch.may_exist
        named = f"Namespace/{scratch.namespace}" if scratch is not None else "the namespace"
        what = (
            f"{named} may remain (next: kubectl delete namespace {named.partition('/')[2]})"
            if left
            else f"{named} does not remain"
        )
        print(f"upkeep: interrupted; {what}", file=sys.stderr)
        return 1
    for one in foreign:
        objects.append(
            {
                "object": f"{one.kind}/{one.name}",
                "equal": False,
                "why": f"belongs to namespace {one.namespace or 'none'}",
            }
        )
        _show(objects[-1])
    equal = sum(one["equal"] for one in objects)
    sentence = (
        f"restored {equal} of {len(objects)} objects of backup {newest.stamp} in {seconds:.1f} s"
    )
    print(f"{sentence}; Namespace/{scratch.namespace} removed")
    if record is not None:
        evidence = {
            "schema": SCHEMA,
            "ended": text(now),
            "seconds": round(seconds, 3),
            "server": found.kube.server,
            "namespace": scratch.namespace,
            "backup": newest.stamp,
            "objects": objects,
        }
        record_drill(
            record,
            found.target.name or "default",
            options,
            now,
            sentence,
            evidence,
            satisfied=equal == len(objects),
        )
    return 0 if equal == len(objects) else 1


def _scratch(found: connection.Connection) -> "Scratch":
    import os

    from upkeep.adapters.cluster.identity.kubeconfig import load
    from upkeep.adapters.cluster.rehearsals.scratch import Scratch
    from upkeep.meter import Meter

    if found.target.acting_context is None:
        raise BadInput("No acting identity given. Add --acting-context=NAME.")
    try:
        access = load(
            replace(found.target, context=found.target.acting_context),
            environ=os.environ,
            said="",
        )
    except BadInput as error:
        raise BadInput(f"--acting-context={found.target.acting_context}: {error}") from None
    deadline = found.settings.limits["request_deadline"]
    return Scratch(
        access.configuration, clock=found.clock, meter=Meter(), deadline_seconds=deadline
    )


def _newest(found: connection.Connection) -> tuple["BackupSet", list["Manifest"], list["Manifest"]]:
    """Return the newest set, its objects of the collector's namespace, and its other objects.

    :raises BadInput: no backup folder given.
    :raises Unmeasured: no backup, or one without objects.
    """
    from upkeep.adapters.folders import backups, encryption

    folder = found.target.backups or found.settings.backups
    identity = found.settings.backup_identity
    if folder is None:
        raise BadInput("No backup folder given. Add --backups=DIR.")
    identities = encryption.identities(identity)
    sets = backups.read(folder, now=found.clock.now(), days=1, identities=identities).sets
    if not sets:
        raise Absent(
            f"--backups={folder} has no backup.",
            next_step=shell("upkeep backup --backups={}", str(folder)),
        )
    everything = backups.manifests(folder, sets[0], identities=identities)
    if not everything:
        raise Absent(f"--backups={folder}: backup {sets[0].stamp} has no restorable object.")
    usual = [
        one
        for one in everything
        if one.kind in backups.KINDS and one.namespace == found.install.namespace
    ]
    return sets[0], usual, [one for one in everything if one not in usual]


def _say(
    scratch: "Scratch",
    found: connection.Connection,
    newest: "BackupSet",
    manifests: list["Manifest"],
    record: Path | None,
) -> None:
    print(f"Plan, as context {found.target.acting_context} at {scratch.server}:")
    print(f"  create   Namespace/{scratch.namespace}")
    print(
        f"  restore  backup {newest.stamp} into it: {', '.join(f'{one.kind}/{one.name}' for one in manifests) or 'nothing'}"
    )
    print("  compare  the restored objects with the backup")
    print(f"  remove   Namespace/{scratch.namespace}")
    if record is not None:
        print(f"  record   the result in {record}")
    print("No other object of the cluster changes.")


def _agreed(options: argparse.Namespace) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise BadInput("No terminal to confirm the plan on. Add --yes.")
    return input("Continue? [y/N] ").strip().casefold() in ("y", "yes")


def _restored(scratch: "Scratch", one: "Manifest", backup: "BackupSet") -> dict[str, Any]:
    """Restore an object and return the comparison: key names only, never a value."""
    from upkeep.adapters.cluster.kube import CONFIGURATION_KINDS
    from upkeep.adapters.cluster.rehearsals.scratch import said
    from upkeep.adapters.folders import backups

    name = f"{one.kind}/{one.name}"
    body = {**one.body, "metadata": {**one.body["metadata"], "namespace": scratch.namespace}}
    answer = scratch.apply(CONFIGURATION_KINDS[one.kind], one.name, body)
    if answer.status not in (200, 201):
        return {
            "object": name,
            "equal": False,
            "why": f"the API server refused the object ({said(answer)})",
        }
    there = backups.configuration_object(
        scratch.configuration_object(one.kind, one.name, namespace=scratch.namespace)
    )
    wanted = next(
        (saved for saved in backup.objects if (saved.kind, saved.name) == (one.kind, one.name)),
        None,
    )
    if wanted is None:
        return {"object": name, "equal": False, "why": "the object in the backup is unusable"}
    differing = sorted(
        key for key in {*wanted.keys, *there.keys} if wanted.keys.get(key) != there.keys.get(key)
    )
    why = (
        f"key {', '.join(differing)} differs"
        if differing
        else ("" if wanted.type == there.type else "the type differs")
    )
    return {"object": name, "equal": not why, "why": why}


def _show(one: dict[str, Any]) -> None:
    print(
        f"  {'equal' if one['equal'] else 'NOT RESTORED'}  {one['object']}"
        + (f": {one['why']}" if one["why"] else ""),
        flush=True,
    )
