"""``upkeep backup``: the collector's configuration objects as files that can be applied: over the live objects, and where they are gone.

A set is backup-YYYYMMDD.yaml (ConfigMaps), secrets-YYYYMMDD.yaml (Secrets, their values in base64 as kubectl writes them: keep the folder
where only you can read, or name recipients) and a manifest with SHA-256 and instant. A further set of a day has the time in its names; nothing is overwritten.
Restore: kubectl apply --server-side --force-conflicts -f FILE; an encrypted one: age --decrypt -i IDENTITY FILE.age | kubectl apply … -f -.
Exit codes: 0 a set was written, or the newest of today holds all of this; 1 an object could not be read, and nothing was written; 4 bad input.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from upkeep.commands import connection
from upkeep.errors import Absent, BadInput, Unmeasured

SUMMARY = "save the collector's configuration objects as files that can be restored"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    connection.arguments(parser)
    parser.add_argument(
        "--backups",
        metavar="DIR",
        help="the folder (default: backups of the settings file); made where it is missing",
    )
    parser.add_argument(
        "--recipient",
        metavar="age1…",
        action="append",
        default=[],
        help="encrypt to this age recipient (repeatable); age-keygen makes a pair",
    )
    parser.add_argument(
        "--backup-identity",
        metavar="FILE",
        help="what opens today's encrypted set, to see whether anything changed",
    )
    parser.add_argument(
        "--keep-days",
        type=_count,
        default=30,
        metavar="N",
        help="remove own sets that are older (default: 30)",
    )
    parser.add_argument(
        "--keep-at-least",
        type=_count,
        default=7,
        metavar="N",
        help="own sets that stay in any case (default: 7)",
    )


def run(options: argparse.Namespace) -> int:
    """Reads every object, then writes them all."""
    from upkeep.adapters.folders import encryption
    from upkeep.adapters.folders.backups import writer
    from upkeep.domain import discovery

    recipients = encryption.recipients(options.recipient)
    try:
        with connection.connected(options) as found:
            folder = found.settings.backups
            if folder is None:
                raise BadInput("where the backups go was not said: --backups=DIR")
            references = discovery.references(found.collector, found.install)
            if not references:
                raise Absent(
                    f"the pod template of {found.install.deployment} names no ConfigMap or Secret: there is nothing to save"
                )
            objects, left_out = [], []
            for one in references:
                try:
                    objects.append(
                        found.kube.configuration_object(
                            one.kind, one.name, namespace=found.install.namespace
                        )
                    )
                except Absent:
                    if not one.optional:
                        raise
                    left_out.append(f"{one.kind}/{one.name} is optional and does not exist")
    except Unmeasured as error:
        print(
            f"upkeep: nothing was written: {error}"
            + (f" (next: {error.next_step})" if error.next_step else ""),
            file=sys.stderr,
        )
        return 1
    now = found.clock.now()
    for text in left_out:
        print(text)
    identities = encryption.identities(found.settings.backup_identity)
    if _saved_today(folder, objects, now=now, encrypted=bool(recipients), identities=identities):
        print(
            f"{folder}: the newest backup is of today and holds all {len(objects)} objects as they are; nothing was written"
        )
    else:
        written = writer.save(
            folder,
            objects,
            deployment=found.install.deployment,
            namespace=found.install.namespace,
            taken=now.replace(microsecond=0),
            recipients=recipients,
        )
        for path in written:
            print(path)
    for stamp in writer.prune(
        folder, now=now, days=options.keep_days, at_least=options.keep_at_least
    ):
        print(f"removed {stamp}, older than {options.keep_days} days")
    return 0


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of at least 1 was expected, not {text!r}")
    return int(text)


def _saved_today(
    folder: Path, objects: list[dict[str, Any]], *, now: Any, encrypted: bool, identities: Any
) -> bool:
    """Whether the newest set is of today, without fault, and holds exactly these objects as they are, encrypted or not as it is wanted now."""
    from upkeep.adapters.folders import backups

    if not folder.is_dir():
        return False
    newest = max(backups.stamps(folder).items(), default=("", []))[1]
    if any(
        name.endswith(".age") is not encrypted for name in newest if not name.endswith(".json")
    ) or (encrypted and not identities):
        return False
    try:
        sets = backups.read(folder, now=now, days=1, identities=identities).sets
    except Unmeasured:
        return False  # what cannot be compared is saved once more; that it cannot be read is for the checks to say
    if not sets or sets[0].faults or sets[0].day != now.date().isoformat():
        return False
    saved = {(one.kind, one.name): (one.keys, one.type, one.namespace) for one in sets[0].objects}
    live = {
        (one.kind, one.name): (one.keys, one.type, one.namespace)
        for one in map(backups.configuration_object, objects)
    }
    return saved == live and not any(one.server_fields for one in sets[0].objects)
